import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../db/database.ts'
import { linkSource, sealDataset } from '../../db/datasets.ts'
import { newAttempt, recordIntent, setAttempt, upsertMetrics } from '../../db/jobs.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { saveReplies } from '../../db/replies.ts'
import { sampleRows } from '../../db/rows.ts'
import { datasetOfStep, runningSteps } from '../../db/step-progress.ts'
import { stepViews } from '../../db/round-views.ts'
import { finishStep, noteStep, openStep } from '../../db/steps.ts'
import { importLines, kept, openDataStep, openTestDatabase, reply, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let db: Database
beforeAll(async () => {
  world = await openTestDatabase()
  db = world.db
})
afterAll(() => world.close())

it('counts the inputs of a data step that have any outputs', async () => {
  await startCampaign(db, 'data')
  const { datasetId: source } = await importLines(db, 4, 'data')
  const { stepId, datasetId } = await openDataStep(db, 'data', 'reason', [source])
  expect(await runningSteps(db, 'data')).toMatchObject([{ step: 'reason', done: 0, total: 4, job: null }])
  const [first, second] = await sampleRows(db, source, 2)
  const dropped = { status: 'dropped', reason: 'truncated' } as const
  await commitOutcomes(db, datasetId, [
    kept(first?.id ?? '', 0),
    kept(first?.id ?? '', 1),
    kept(second?.id ?? '', 0, dropped),
  ])
  expect(await runningSteps(db, 'data')).toMatchObject([{ step: 'reason', done: 2, total: 4 }])
  expect(await datasetOfStep(db, stepId)).toBe(datasetId)
  await sealDataset(db, datasetId)
  await finishStep(db, stepId, 'done')
  expect(await runningSteps(db, 'data')).toEqual([])
})

it('counts the answers of an evaluation against the items of its own benchmarks', async () => {
  await startCampaign(db, 'eval')
  for (const [name, items] of [
    ['dev', 3],
    ['report', 5],
  ] as const) {
    const { datasetId } = await importLines(db, items, `eval-${name}`)
    await linkSource(db, { campaign: 'eval', role: 'benchmark', name, datasetId })
  }
  const open = (name: string, spec: unknown) =>
    openStep(db, { campaign: 'eval', round: 1, name, kind: 'evaluate', ordinal: 0, spec, inputs: [] })
  const { stepId } = await open('all', { step: 'evaluate' })
  await open('one', { step: 'evaluate', benchmarks: ['dev'] })
  // A reply that cannot be used answers no item.
  await saveReplies(db, stepId, [reply('a'), reply('b'), { ...reply('broken'), finishReason: 'unusable' }])
  expect(await runningSteps(db, 'eval')).toMatchObject([
    { step: 'all', done: 2, total: 8 },
    { step: 'one', done: 0, total: 3 },
  ])
  expect(await datasetOfStep(db, stepId)).toBeNull()
})

it('shows the newest attempt of the newest job, with its own step', async () => {
  await startCampaign(db, 'train')
  const { stepId } = await openDataStep(db, 'train', 'rl', [])
  const job = { stepId, kind: 'rl', backend: 'trl', launcher: 'local', specHash: 's', spec: {} } as const
  await recordIntent(db, { ...job, jobId: 'train/1/rl/easy' })
  expect(await runningSteps(db, 'train')).toMatchObject([
    { job: { attempt: null, state: null, step: null, metrics: {} } },
  ])
  await recordIntent(db, { ...job, jobId: 'train/1/rl/hard' })
  for (const [attempt, step] of [
    [1, 90],
    [2, 30],
  ] as const) {
    expect(await newAttempt(db, 'train/1/rl/hard', '/runs')).toBe(attempt)
    await setAttempt(db, 'train/1/rl/hard', attempt, { state: attempt === 1 ? 'failed' : 'running' })
    const point = { jobId: 'train/1/rl/hard', attempt, segment: 0, step, at: new Date() }
    await upsertMetrics(db, [{ ...point, name: 'reward', canonical: 'reward.mean', value: attempt / 4 }])
  }
  expect(await runningSteps(db, 'train')).toMatchObject([
    { job: { id: 'train/1/rl/hard', state: 'running', attempt: 2, step: 30, metrics: { 'reward.mean': 0.5 } } },
  ])
})

it('shows what a running step waits for, and leaves the reason of an ended step alone', async () => {
  await startCampaign(db, 'waits')
  const { datasetId: source } = await importLines(db, 1, 'waits')
  const { stepId } = await openDataStep(db, 'waits', 'reason', [source])
  expect(await runningSteps(db, 'waits')).toMatchObject([{ notice: null }])
  await noteStep(db, stepId, 'waiting for http://x')
  expect(await runningSteps(db, 'waits')).toMatchObject([{ notice: 'waiting for http://x' }])
  await noteStep(db, stepId, null)
  expect(await runningSteps(db, 'waits')).toMatchObject([{ notice: null }])
  await finishStep(db, stepId, 'failed', 'too many rows failed')
  await noteStep(db, stepId, 'waiting for http://x')
  expect(await stepViews(db, 'waits')).toMatchObject([{ status: 'failed', reason: 'too many rows failed' }])
})
