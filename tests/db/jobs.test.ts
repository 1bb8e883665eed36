import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  getJob,
  lastMetrics,
  latestAttempt,
  listAttempts,
  listJobs,
  metricSeries,
  newAttempt,
  recordIntent,
  setAttempt,
  setIntent,
  upsertMetrics,
} from '../../db/jobs.ts'
import { openStep } from '../../db/steps.ts'
import { openTestDatabase, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let stepId: number
beforeAll(async () => {
  world = await openTestDatabase()
  await startCampaign(world.db, 'c')
  const step = { campaign: 'c', round: 1, name: 'sft', kind: 'sft', ordinal: 0, spec: {}, inputs: [] }
  stepId = (await openStep(world.db, step)).stepId
})
afterAll(() => world.close())

const job = (jobId: string, specHash = 's1') =>
  ({ jobId, stepId, kind: 'sft', backend: 'trl', launcher: 'local', specHash, spec: { lr: 1 } }) as const

it('records an intent once and refuses another specification', async () => {
  const { db } = world
  const recorded = await recordIntent(db, job('c/1/sft'))
  expect(recorded).toMatchObject({ id: 'c/1/sft', intent: 'run' })
  await setIntent(db, 'c/1/sft', 'cancel')
  expect((await recordIntent(db, job('c/1/sft'))).intent).toBe('cancel')
  await expect(recordIntent(db, job('c/1/sft', 's2'))).rejects.toMatchObject({ type: 'JobConflict' })
  await expect(getJob(db, 'none')).rejects.toThrow(/no job/)
  await expect(setIntent(db, 'none', 'run')).rejects.toThrow(/no job/)
})

it('numbers attempts, also when two are opened at once, and keeps the facts about each', async () => {
  const { db } = world
  await recordIntent(db, job('attempts'))
  expect(await latestAttempt(db, 'attempts')).toBeNull()
  const open = () => newAttempt(db, 'attempts', (attempt) => `/runs/attempts/${attempt}`)
  expect(new Set(await Promise.all([open(), open(), open()]))).toEqual(new Set([1, 2, 3]))
  await setAttempt(db, 'attempts', 3, { handle: { pgid: 7 }, state: 'running', startedAt: new Date() })
  await setAttempt(db, 'attempts', 3, { state: 'failed', exitCode: 1, reason: 'boom' })
  await setAttempt(db, 'attempts', 3, {})
  expect(await latestAttempt(db, 'attempts')).toMatchObject({
    attempt: 3,
    handle: { pgid: 7 },
    state: 'failed',
    exitCode: 1,
    directory: '/runs/attempts/3',
  })
  expect((await listAttempts(db, 'attempts')).map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  await expect(setAttempt(db, 'attempts', 9, { state: 'lost' })).rejects.toThrow(/no attempt 9/)
  expect(await listJobs(db, 'c', 1)).toContainEqual(
    expect.objectContaining({ id: 'attempts', step: 'sft', attempts: 3, state: 'failed', reason: 'boom' }),
  )
  expect(await listJobs(db, 'c', 0)).toEqual([])
})

it('keeps metrics once, and prefers a later segment to an earlier one', async () => {
  const { db } = world
  await recordIntent(db, job('metrics'))
  const attempt = await newAttempt(db, 'metrics', '/m')
  const point = (step: number, value: number, segment = 0, name = 'train/loss', canonical: string | null = 'loss') => ({
    jobId: 'metrics',
    attempt,
    segment,
    step,
    name,
    canonical,
    value,
    at: new Date(0),
  })
  await upsertMetrics(db, [point(1, 3), point(2, 2), point(2, 2.5), point(2, 0.1, 0, 'lr', null)])
  await upsertMetrics(db, [point(1, 3), point(2, 2.25)])
  await upsertMetrics(db, [point(2, 2.125, 1), point(3, 1, 1)])
  await upsertMetrics(db, [])
  expect((await metricSeries(db, 'metrics', 'loss')).map(({ step, value }) => [step, value])).toEqual([
    [1, 3],
    [2, 2.125],
    [3, 1],
  ])
  expect(await metricSeries(db, 'metrics')).toHaveLength(4)
  expect(await lastMetrics(db, 'metrics')).toEqual({ loss: 1, lr: 0.1 })
})
