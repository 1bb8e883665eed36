import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import type { Deps } from '../../activities/deps.ts'
import { finishTraining, openTraining, stopTraining, train } from '../../activities/training.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { checkpointOfStep } from '../../db/checkpoints.ts'
import { listAttempts } from '../../db/jobs.ts'
import { openRound } from '../../db/rounds.ts'
import { findStep, stepInputIds } from '../../db/steps.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { honeServer } from '../../jobs/servers/hone.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import type { Trainer } from '../../trainers/trainer.ts'
import { trl } from '../../trainers/trl/trl.ts'
import { writeModel } from '../artifacts/weights.ts'
import { openTestDatabase } from '../db/world.ts'
import { testPlaces } from '../jobs/places.ts'
import { png } from '../data/pictures.ts'
import { importSeed, inActivity, insertRecipe, seedImage } from './campaign.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let folder = ''
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-training-'))
})
afterEach(async () => {
  await sweepLocalJobs(join(folder, 'runs'), { graceSeconds: 0 })
  await rm(folder, { recursive: true, force: true })
})

/** A folder of weights. Only the name makes them different from others. */
async function weights(name: string): Promise<string> {
  const path = join(folder, 'weights', name)
  await writeModel(path)
  await writeFile(join(path, 'generation_config.json'), JSON.stringify({ name, folder }))
  return path
}

/** A script that does in its folder what a trainer does in two steps that go well. */
const well = async (name: string) => {
  const verified = { loads: true, sameKeys: true, weightsDiffer: true, generates: true }
  const result = { stepsPlanned: 2, stepsDone: 2, rowsRead: 3, seconds: 1, verified }
  const logged = { step: 2, reward_std: 0.4, 'completions/clipped_ratio': 0.2 }
  return [
    `echo '${JSON.stringify(logged)}' >> metrics.jsonl`,
    `mkdir -p checkpoints; echo state > checkpoints/state`,
    `cp -r ${await weights(name)} output`,
    `echo '${JSON.stringify(result)}' > result.json`,
  ].join('\n')
}

/** Round 1 of a campaign with this training. Scripts do its phases. */
async function training(campaign: string, step: string, scripts: Record<string, string>, more: readonly string[] = []) {
  const { db } = database
  const store = await openArtifactStore(join(folder, 'store'))
  const picture = store.imagePath(seedImage.hash)
  await mkdir(dirname(picture), { recursive: true })
  await writeFile(picture, await png(seedImage.width, seedImage.height))
  const base = await store.publishCheckpoint(await weights('base'), { copy: true })
  await insertRecipe(db, campaign, { steps: [step], more, base: { id: base.hash, path: base.path, bytes: base.bytes } })
  await openRound(db, { campaign, number: 1, parent: 0 })
  const datasetId = await importSeed(db, campaign, 3)
  const stages: TrainingStage[] = []
  // FakeTrainer: a shell writes the files of the real trainer.
  const trainer: Trainer = {
    ...trl,
    command(stage, run) {
      stages.push(stage)
      const script = scripts[stage.key.split('/').at(-1) ?? ''] ?? 'exit 2'
      return {
        ...trl.command(stage, run),
        argv: ['sh', '-ec', script],
        secretEnv: [],
        gracePeriodSeconds: 1,
      }
    },
  }
  const places = testPlaces(join(folder, 'runs'))
  const deps: Pick<Deps, 'db' | 'store' | 'places' | 'trainers' | 'servers' | 'shutdown' | 'judges'> = {
    db,
    store,
    places,
    trainers: { trl: trainer },
    servers: { hone: honeServer },
    judges: join(folder, 'judges'),
    shutdown: new AbortController().signal,
  }
  const ref = { campaign, round: 1, step: 'rl' }
  return {
    db,
    base,
    datasetId,
    stages,
    open: () => openTraining(deps as Deps, ref),
    train: (phase = 'rl', attemptsSoFar = 0) => inActivity(() => train(deps as Deps, { ...ref, phase, attemptsSoFar })),
    finish: () => finishTraining(deps as Deps, ref),
    stop: (status: 'cancelled' | 'failed', reason: string) => stopTraining(deps as Deps, { ...ref, status, reason }),
    found: async () => (await findStep(db, campaign, 1, 'rl'))!,
    attempts: async (phase = '') => (await listAttempts(db, `${campaign}/1/rl${phase}`)).map(({ state }) => state),
    folder: (phase = '') => places.get(null).launcher.run(`${campaign}/1/rl${phase}/attempt-1`).here,
  }
}

const rl = '{ step: rl, from: seed, steps: 2, promptsPerStep: 2, generations: 2, maxCompletionTokens: 8'

it('rewards completions as the recipe wants answers checked', async () => {
  const run = await training('ruled', `${rl} }`, { rl: await well('end') }, [
    'policy: { form: any, answerTags: ["[A]", "[/A]"] }',
  ])
  await run.open()
  await run.train()
  const lines = (await readFile(join(run.folder(), 'train.jsonl'), 'utf8')).trim().split('\n')
  const policies = lines.map((line) => z.object({ policy: z.unknown() }).parse(JSON.parse(line)).policy)
  expect(policies).toEqual(lines.map(() => ({ form: 'any', answerTags: ['[A]', '[/A]'] })))
})

it('trains on the step’s rows from the base, publishes the weights once, and ends with them', async () => {
  const run = await training('plain', `${rl} }`, { rl: await well('end') })
  expect(await run.open()).toEqual({ attemptsSoFar: { rl: 0 } })
  expect(await stepInputIds(run.db, (await run.found()).id)).toEqual([run.datasetId])
  const result = await run.train()
  expect(result).toMatchObject({ stepsDone: 2 })
  expect(run.stages[0]).toMatchObject({
    kind: 'rl',
    key: 'plain/1/rl',
    startFrom: run.base.hash,
    base: run.base.hash,
    seed: 1001,
    settings: { steps: 2, generations: 2 },
    reward: { onFailure: 'abstain' },
  })
  const lines = (await readFile(join(run.folder(), 'train.jsonl'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).answer)).toEqual(['0', '1', '2'])

  // A retry of the activity finds the published weights and trains nothing.
  expect(await run.train()).toMatchObject({ checkpoint: result.checkpoint })
  expect(await run.attempts()).toEqual(['succeeded'])

  expect(existsSync(join(run.folder(), 'checkpoints'))).toBe(true)
  await run.finish()
  expect(existsSync(join(run.folder(), 'checkpoints'))).toBe(false)
  const step = await run.found()
  expect(step.status).toBe('done')
  expect((await checkpointOfStep(run.db, step.id))?.id).toBe(result.checkpoint)
})

it('starts each phase from the one before it, with that phase’s own settings', async () => {
  const phases = 'phases: [{ name: easy }, { name: hard, generations: 4 }]'
  const run = await training('phased', `${rl}, ${phases} }`, { easy: await well('easy'), hard: await well('hard') })
  expect(await run.open()).toEqual({ attemptsSoFar: { easy: 0, hard: 0 } })
  await expect(run.train('hard')).rejects.toThrow('phase easy of rl published no checkpoint')
  const easy = await run.train('easy')
  const hard = await run.train('hard')
  expect(run.stages.map(({ startFrom }) => startFrom)).toEqual([run.base.hash, easy.checkpoint])
  expect(run.stages.map(({ settings }) => 'generations' in settings && settings.generations)).toEqual([2, 4])
  await run.finish()
  expect((await checkpointOfStep(run.db, (await run.found()).id))?.id).toBe(hard.checkpoint)
})

it('counts the attempts of earlier runs and gives a resumed step new attempts', async () => {
  const run = await training('crashing', `${rl} }`, { rl: 'exit 1' })
  await run.open()
  await expect(run.train()).rejects.toMatchObject({ type: 'TrainingFailed', nonRetryable: true })
  expect(await run.attempts()).toEqual(['failed'])
  await run.stop('failed', 'it crashed')
  expect(await run.found()).toMatchObject({ status: 'failed', reason: 'it crashed' })
  expect(await run.open()).toEqual({ attemptsSoFar: { rl: 1 } })
  expect((await run.found()).status).toBe('running')
})

it('ends the jobs that still run before it ends a cancelled step', async () => {
  const run = await training('cancelled', `${rl} }`, { rl: 'touch started; exec sleep 60' })
  await run.open()
  const ended = run.train().catch((error: unknown) => error)
  while (!existsSync(join(run.folder(), 'started'))) await new Promise((resolve) => setTimeout(resolve, 20))
  await run.stop('cancelled', 'rolled back')
  expect(await run.found()).toMatchObject({ status: 'cancelled', reason: 'rolled back' })
  expect(await ended).toBeInstanceOf(Error)
  expect(await run.attempts()).toEqual(['cancelled'])
})

it('refuses a trainer that this worker does not have, with the names of its trainers', async () => {
  const run = await training('unknown', `${rl}, trainer: easyr1 }`, {})
  await run.open()
  await expect(run.train()).rejects.toMatchObject({ type: 'InvalidRecipe', message: expect.stringContaining('easyr1') })
})
