import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { closeRoundAs, openRoundPlan } from '../../activities/round-io.ts'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import { recordIntent } from '../../db/jobs.ts'
import { getRound } from '../../db/rounds.ts'
import { finishStep, findStep, openStep } from '../../db/steps.ts'
import { openTestDatabase } from '../db/world.ts'
import { baseId, closeBase, importDev, insertRecipe, scoreRound } from './campaign.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let deps: Deps
// FakeStore: it claims to hold the base model. Nothing reads the model.
const store = { hasCheckpoint: () => Promise.resolve(true), checkpointPath: (id: string) => `/store/${id}` }

beforeAll(async () => {
  database = await openTestDatabase()
  deps = { db: database.db, store } as unknown as Deps
})
afterAll(() => database.close())

const trained = [
  '{ step: dedupe, from: seed }',
  '{ step: sft, learningRate: 1.0e-5, steps: 1 }',
  '{ step: rl, phases: [{ name: easy }, { name: hard }] }',
  '{ step: evaluate }',
  '{ step: gate, benchmark: dev }',
]

async function opened(campaign: string, steps = trained) {
  const { db } = database
  await insertRecipe(db, campaign, { steps })
  const step = async (name: string, ordinal: number) =>
    (await openStep(db, { campaign, round: 1, name, kind: name, ordinal, spec: {}, inputs: [] })).stepId
  return {
    db,
    step,
    open: () => openRoundPlan(db, { campaign, round: 1, parent: 0 }),
    close: (status: 'closed' | 'cancelled' | 'failed' = 'closed', reason: string | null = null, round = 1) =>
      closeRoundAs(deps, { campaign, round, status, reason }),
    round: () => getRound(db, campaign, 1),
    /** Weights that a training step published. */
    async publish(name: string, ordinal: number, id: string) {
      const stepId = await step(name, ordinal)
      const jobId = `${campaign}/1/${name}`
      const job = { kind: 'sft', backend: 'trl', launcher: 'local', specHash: 's', spec: {} } as const
      await recordIntent(db, { ...job, jobId, stepId })
      await recordCheckpoint(db, {
        id,
        path: `/w/${id}`,
        bytes: 1,
        madeBy: { stepId, jobId, startCheckpointId: baseId },
      })
      await finishStep(db, stepId, 'done')
    },
  }
}

it('lists its steps in order, with the phases of a training and its time limit', async () => {
  const round = await opened('to-do')
  expect((await round.open()).steps).toEqual([
    { kind: 'data', name: 'dedupe', step: 'dedupe', isDone: false },
    { kind: 'training', name: 'sft', step: 'sft', phases: ['sft'], maxHours: expect.any(Number), isDone: false },
    { kind: 'training', name: 'rl', step: 'rl', phases: ['easy', 'hard'], maxHours: expect.any(Number), isDone: false },
    { kind: 'evaluation', name: 'evaluate', isDone: false },
    { kind: 'gate', name: 'gate', isDone: false },
  ])
  await finishStep(round.db, await round.step('dedupe', 0), 'done')
  await round.step('sft', 1)
  // The round opens again after a crash. A step that is done does not begin again.
  expect((await round.open()).steps.map(({ isDone }) => isDone)).toEqual([true, false, false, false, false])
})

it('lets a failed round go on, and leaves a closed one closed', async () => {
  const round = await opened('again', ['{ step: dedupe, from: seed }'])
  await closeBase(round.db, 'again')
  await round.open()
  await round.close('failed', 'a disk was full')
  expect(await round.round()).toMatchObject({ status: 'failed', reason: 'a disk was full' })
  await round.open()
  expect(await round.round()).toMatchObject({ status: 'running', reason: null })
  await round.close()
  await round.open()
  expect(await round.round()).toMatchObject({ status: 'closed' })
})

it('ends with the weights of its last training, and with the status of its open steps', async () => {
  const round = await opened('weights')
  await closeBase(round.db, 'weights')
  await round.open()
  await round.publish('sft', 1, '5f'.repeat(32))
  await round.publish('rl', 2, '71'.repeat(32))
  await round.step('evaluate', 3)
  expect(await round.close()).toMatchObject({ round: 1, parent: 0, status: 'closed', decision: null, scores: [] })
  expect(await round.round()).toMatchObject({ checkpointId: '71'.repeat(32), status: 'closed' })
  expect(await findStep(round.db, 'weights', 1, 'evaluate')).toMatchObject({ status: 'done' })
  // A closed round stays closed, however the workflow ends.
  expect(await round.close('failed', 'too late')).toMatchObject({ status: 'closed' })
})

it('keeps its parent’s weights when it trains nothing, and the base model’s in round 0', async () => {
  const round = await opened('untrained', ['{ step: dedupe, from: seed }', '{ step: evaluate }'])
  await round.close('closed', null, 0)
  expect(await getRound(round.db, 'untrained', 0)).toMatchObject({ checkpointId: baseId })
  await round.open()
  const items = await importDev(round.db, 'untrained', 4)
  await scoreRound(round.db, { campaign: 'untrained', round: 1, items }, (index) => index < 3)
  expect(await round.close()).toMatchObject({ scores: [{ benchmark: 'dev', n: 4, accuracy: 0.75 }] })
  expect(await round.round()).toMatchObject({ checkpointId: baseId })
})

it('has no weights and no decision when it was cancelled', async () => {
  const round = await opened('cancelled')
  await closeBase(round.db, 'cancelled')
  await round.open()
  await round.publish('sft', 1, 'ca'.repeat(32))
  await round.step('rl', 2)
  await round.close('cancelled', 'rolled back')
  expect(await round.round()).toMatchObject({ status: 'cancelled', checkpointId: null, reason: 'rolled back' })
  expect(await findStep(round.db, 'cancelled', 1, 'rl')).toMatchObject({ status: 'cancelled', reason: 'rolled back' })
})
