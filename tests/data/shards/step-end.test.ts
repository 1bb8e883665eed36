import { expect, it } from 'vitest'
import { stepEndRefusal } from '../../../data/shards/step-end.ts'
import type { StepEnd } from '../../../data/shards/step-end.ts'

const end: StepEnd = {
  campaign: 'c',
  step: 'reason',
  rowsIn: 100,
  kept: 90,
  failed: 5,
  droppedByReason: { truncated: 5 },
  failedByReason: { timeout: 4, 'http-400': 1 },
  missing: 0,
}
const refused = (change: Partial<StepEnd>) => stepEndRefusal({ ...end, ...change }, { failedRowsPercent: 5 })

it('ends well at the limit of failed rows', () => {
  expect(refused({})).toBeNull()
})

it('says how many rows failed, and why', () => {
  expect(refused({ failed: 6 })).toMatchObject({
    type: 'TooManyFailedRows',
    message: '6 of 100 rows of reason failed (timeout 4, http-400 1); the limit is 5 %',
  })
})

it('says which rows are missing, and that finished rows stay finished', () => {
  expect(refused({ missing: 3 })).toMatchObject({
    type: 'StepIncomplete',
    message: '3 of 100 rows of reason have no outcome',
    nextStep: expect.stringContaining('hone resume c'),
  })
})

it('refuses an empty dataset with the reasons, also when there was no input row', () => {
  expect(refused({ kept: 0 })).toMatchObject({
    type: 'EmptyDataset',
    message: 'reason kept none of 100 rows (truncated 5, timeout 4, http-400 1)',
  })
  expect(refused({ kept: 0, rowsIn: 0, failed: 0, droppedByReason: {}, failedByReason: {} })).toMatchObject({
    message: 'reason kept none of 0 rows (no rows came in)',
  })
})
