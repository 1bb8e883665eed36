import { afterAll, beforeAll, expect, it } from 'vitest'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import type { Database } from '../../db/database.ts'
import { linkSource } from '../../db/datasets.ts'
import { recordIntent } from '../../db/jobs.ts'
import { saveReplies } from '../../db/replies.ts'
import { saveScore } from '../../db/scores.ts'
import { runningSteps } from '../../db/step-progress.ts'
import { finishStep, openStep } from '../../db/steps.ts'
import { stepViews } from '../../db/round-views.ts'
import { jobKey } from '../../domain/ids.ts'
import { importLines, openTestDatabase, reply, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let db: Database
beforeAll(async () => {
  world = await openTestDatabase()
  db = world.db
})
afterAll(() => world.close())

/** Weights for a mark. Two campaigns that train the same thing have the same weights. */
const id = (mark: string): string => Buffer.from(mark).toString('hex').padEnd(64, '0')

/**
 * Adds an RL step that is over. `kept` are the weights of each phase by optimizer step, 0 being the
 * end.
 */
async function rl(campaign: string, name: string, ordinal: number, kept: Record<string, Record<number, string>>) {
  const { stepId } = await openStep(db, { campaign, round: 1, name, kind: 'rl', ordinal, spec: {}, inputs: [] })
  for (const [phase, weights] of Object.entries(kept)) {
    const jobId = jobKey(campaign, 1, name, phase)
    const job = { stepId, kind: 'rl', backend: 'trl', launcher: 'local', specHash: 's', spec: {} } as const
    await recordIntent(db, { ...job, jobId })
    for (const [trainStep, mark] of Object.entries(weights)) {
      const madeBy = { stepId, jobId, startCheckpointId: null, trainStep: Number(trainStep) }
      await recordCheckpoint(db, { id: id(mark), path: `/store/${mark}`, bytes: 1, madeBy })
    }
  }
  await finishStep(db, stepId, 'done')
}

const select = async (campaign: string, ordinal: number, spec: object, name = 'select-checkpoint') =>
  (await openStep(db, { campaign, round: 1, name, kind: 'select-checkpoint', ordinal, spec, inputs: [] })).stepId

const score = (campaign: string, stepId: number, mark: string) =>
  saveScore(db, {
    campaign,
    round: 1,
    stepId,
    checkpointId: id(mark),
    benchmark: 'dev',
    role: 'dev',
    identity: {},
    identityHash: 'i',
    accuracy: 0.5,
    low: 0,
    high: 1,
    items: [],
  })

it('counts the answers of a selection against the items of its benchmark for all of its candidates', async () => {
  await startCampaign(db, 'counting')
  for (const [name, items] of [
    ['dev', 3],
    ['other', 5],
  ] as const) {
    const { datasetId } = await importLines(db, items, `counting-${name}`)
    await linkSource(db, { campaign: 'counting', role: 'benchmark', name, datasetId })
  }
  await rl('counting', 'rl', 0, {
    easy: { 5: 'easy-5', 0: 'easy-end' },
    // Equal weights are one candidate.
    hard: { 10: 'ten', 15: 'fifteen', 20: 'last', 0: 'last' },
  })
  await rl('counting', 'later', 1, { later: { 5: 'later-5', 0: 'later-end' } })
  const stepId = await select('counting', 2, { step: 'select-checkpoint', benchmark: 'dev', of: 'rl' })
  await saveReplies(db, stepId, [reply('s-a'), reply('s-b'), reply('s-j', { endpoint: 'judge' })])
  expect(await runningSteps(db, 'counting')).toMatchObject([{ kind: 'select-checkpoint', done: 2, total: 9 }])
  await select('counting', 3, { step: 'select-checkpoint', benchmark: 'dev' }, 'last')
  expect(await runningSteps(db, 'counting')).toMatchObject([{}, { step: 'last', done: 0, total: 6 }])
})

it('shows the steps of weights from the training that a selection compares, also if other campaigns published the same weights', async () => {
  await startCampaign(db, 'fast')
  await rl('fast', 'rl', 0, { rl: { 40: 'same', 0: 'fast-end' } })
  await startCampaign(db, 'slow')
  await rl('slow', 'warm', 0, { warm: { 30: 'same' } })
  await rl('slow', 'rl', 1, { one: { 50: 'same' }, two: { 10: 'same', 15: 'end', 0: 'end' } })
  const stepId = await select('slow', 2, { step: 'select-checkpoint', benchmark: 'dev' })
  for (const mark of ['same', 'end']) await score('slow', stepId, mark)
  const spec = { step: 'evaluate' }
  const evaluation = { campaign: 'fast', round: 1, name: 'evaluate', kind: 'evaluate', ordinal: 1, spec, inputs: [] }
  await score('fast', (await openStep(db, evaluation)).stepId, 'same')
  const shown = async (campaign: string) =>
    (await stepViews(db, campaign)).flatMap(({ scores }) => scores.map((each) => [each.checkpoint, each.trainStep]))
  expect(await shown('slow')).toEqual([
    [id('same'), 10],
    [id('end'), null],
  ])
  expect(await shown('fast')).toEqual([[id('same'), 40]])
})
