import { afterAll, beforeAll, expect, it } from 'vitest'
import { roundLines } from '../../../cli/text/round.ts'
import { saveReplies } from '../../../db/replies.ts'
import { roundDetail } from '../../../views/round.ts'
import { importLines, openDataStep, openTestDatabase, reply, startCampaign } from '../../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
})
afterAll(() => world.close())

it('a round says that another model answered, that replies cannot be used and that tokens are estimates', async () => {
  const { db } = world
  await startCampaign(db, 'odd')
  const { datasetId } = await importLines(db, 1, 'odd', 'odd')
  const { stepId } = await openDataStep(db, 'odd', 'reason', [datasetId])
  await saveReplies(db, stepId, [
    reply('same', { servedModel: 'vendor/Teacher-7B-2026-08-06' }),
    reply('silent'),
    { ...reply('broken', { isEstimated: true }), finishReason: 'unusable' },
    reply('other 1', { servedModel: 'teacher-1b', isEstimated: true }),
    reply('other 2', { servedModel: 'teacher-1b' }),
  ])
  expect(roundLines(await roundDetail(db, 'odd', 1)).slice(-4)).toEqual([
    'reason',
    '  teacher was asked for teacher-7b, and teacher-1b answered (replies: 2)',
    '  replies that were paid for and cannot be used: 1',
    '  replies with estimated tokens, because the server counts none: 2',
  ])
})
