import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { postgresJobs } from '../../activities/job-store.ts'
import { trainAndPublish } from '../../activities/publish.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { candidatesOf, recordCheckpoint } from '../../db/checkpoints.ts'
import { lastMetrics, listAttempts, listJobs } from '../../db/jobs.ts'
import { openStep } from '../../db/steps.ts'
import { HoneError } from '../../domain/errors.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import type { JobWorld } from '../../jobs/attempts.ts'
import type { Command } from '../../jobs/command.ts'
import { honeServer } from '../../jobs/servers/hone.ts'
import type { ModelServer } from '../../jobs/servers/model-server.ts'
import type { StageJob } from '../../trainers/run-stage.ts'
import { rlSettings } from '../../trainers/stage.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import type { Trainer } from '../../trainers/trainer.ts'
import { trl } from '../../trainers/trl/trl.ts'
import { writeModel } from '../artifacts/weights.ts'
import { openTestDatabase, startCampaign } from '../db/world.ts'
import { testPlaces } from '../jobs/places.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
let folder = ''
const start = { path: '/models/base', hash: 'ba5e'.repeat(16) }

beforeAll(async () => {
  database = await openTestDatabase()
  await recordCheckpoint(database.db, { id: start.hash, path: start.path, bytes: 9, madeBy: null })
})
afterAll(() => database.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-train-'))
})
afterEach(async () => {
  await sweepLocalJobs(join(folder, 'runs'), { graceSeconds: 0 })
  await rm(folder, { recursive: true, force: true })
})

const settings = {
  learningRate: 1e-6,
  scheduler: 'cosine' as const,
  warmupRatio: 0,
  weightDecay: 0,
  saveEverySteps: 8,
  logEverySteps: 5,
  precision: 'auto' as const,
  freezeVision: false,
  imageMinPixels: null,
  imageMaxPixels: null,
  steps: 20,
  promptsPerStep: 4,
  generations: 2,
  maxCompletionTokens: 96,
  temperature: 1,
  topP: 1,
  klBeta: 0,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  dropZeroSpread: true,
}
async function* questions() {
  const prompt = [{ role: 'user' as const, content: 'How many?' }]
  yield { id: 'q1', images: [], prompt, answer: '3', kind: 'number' as const, choices: null }
}

/** A folder of weights, which differ by their name alone and from those of other tests; `cut` ones end too early. */
async function weights(name: string, { cut = false } = {}): Promise<string> {
  const path = join(folder, 'weights', name)
  await writeModel(path)
  await writeFile(join(path, 'generation_config.json'), JSON.stringify({ name, folder }))
  if (cut) await truncate(join(path, 'model-2.safetensors'), 20)
  return path
}

/** What a trainer does in an attempt, as a script that runs in its folder. */
const log = (steps: number[], numbers: Record<string, number>) =>
  steps.map((step) => `echo '${JSON.stringify({ step, ...numbers })}' >> metrics.jsonl`).join('\n')
const keep = async (step: number, name: string, more?: { cut: boolean }) =>
  `mkdir -p snapshots; cp -r ${await weights(name, more)} snapshots/step-${step}`
const finish = async (name: string) => {
  const verified = { loads: true, sameKeys: true, weightsDiffer: true, generates: true }
  const result = { stepsPlanned: 20, stepsDone: 20, rowsRead: 1, seconds: 1, verified }
  return `cp -r ${await weights(name)} output\necho '${JSON.stringify(result)}' > result.json`
}

/** Jobs after the training, as scripts that run in their folders. `{trained}` is the training's folder. */
interface After {
  merge?: string
  look?: string
}

const scriptJob = (script: string, cwd: string): Command => ({
  kind: 'task',
  argv: ['sh', '-ec', script],
  env: {},
  secretEnv: [],
  cwd,
  gracePeriodSeconds: 1,
  resources: {},
  setup: [],
})

/** A training of round 1 by scripts, one an attempt. */
async function training(
  campaign: string,
  scripts: string[],
  more: Partial<typeof settings> & { snapshots?: object },
  after: After = {},
) {
  const { db } = database
  await startCampaign(db, campaign)
  const { stepId } = await openStep(db, {
    campaign,
    round: 1,
    name: 'rl',
    kind: 'rl',
    ordinal: 0,
    spec: {},
    inputs: [],
  })
  const deps = { db, store: await openArtifactStore(join(folder, 'store')) }
  const places = testPlaces(join(folder, 'runs'))
  // FakeTrainer: the files of the real one, written by a shell.
  const trainer: Trainer = {
    ...trl,
    command: (stage, run) => ({
      ...trl.command(stage, run),
      argv: ['sh', '-ec', scripts[run.attempt - 1] ?? 'exit 2'],
      secretEnv: [],
      gracePeriodSeconds: 1,
    }),
    finalize: (_, run) => (after.merge === undefined ? null : scriptJob(after.merge, run.there)),
    verdict: async (stage, run, ended) => {
      const verdict = await trl.verdict(stage, run, ended)
      // A trainer that does not look at its weights itself leaves that to a job.
      return verdict.outcome === 'ok' && after.look !== undefined ? { ...verdict, verified: null } : verdict
    },
  }
  // FakeServer: its look at weights is a script.
  const server: ModelServer = {
    ...honeServer,
    verify: ({ run }) => scriptJob(after.look ?? 'exit 2', run),
  }
  const jobId = `${campaign}/1/rl`
  const stage: TrainingStage = {
    kind: 'rl',
    key: jobId,
    startFrom: start.hash,
    base: start.hash,
    rowsHash: 'h',
    seed: 1,
    options: {},
    resources: {},
    settings: rlSettings.parse({ ...settings, ...more }),
    reward: { name: 'accuracy', onFailure: 'abstain' },
  }
  const world: JobWorld = {
    store: postgresJobs(db),
    places,
    signal: new AbortController().signal,
    progress: () => undefined,
  }
  const job = (attemptsSoFar: number): StageJob => ({
    jobId,
    stepId,
    stage,
    trainer,
    place: null,
    rows: questions,
    weights: { startFrom: start.path, base: start.path },
    rewardTimeoutSeconds: 1,
    datasets: [],
    serving: { server, place: null, resources: {}, options: {} },
    limits: { queueSeconds: 3600, runSeconds: 3600, stallSeconds: 60 },
    maxAttempts: 3,
    attemptsSoFar,
  })
  const nameOf = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(path, 'generation_config.json'), 'utf8')).name
  return {
    db,
    deps,
    jobId,
    run: (attemptsSoFar = 0) => trainAndPublish(deps, world, { jobId, job: async () => job(attemptsSoFar) }),
    attempts: (after = '') => listAttempts(db, `${jobId}${after}`),
    jobs: async () => (await listJobs(db, campaign)).map(({ id, kind, state }) => [id.replace(jobId, ''), kind, state]),
    directory: (attempt: number) => places.get(null).launcher.run(`${jobId}/attempt-${attempt}`).here,
    /** What was published, by optimizer step. */
    published: async () => {
      const found = await candidatesOf(db, jobId)
      return await Promise.all(
        found.map(async ({ checkpoint, trainStep }) => [trainStep, await nameOf(checkpoint.path)]),
      )
    },
  }
}

const snapshots = { every: 5, last: 20 }
const learning = { 'completions/clipped_ratio': 0.2, reward_std: 0.4 }

/** A first attempt that keeps two steps and crashes after the checkpoint it can go on from, and one that goes on. */
const crashedAndGoneOn = async () => {
  const resumable = `mkdir -p checkpoints; cp -r ${await weights('state')} checkpoints/checkpoint-8
    echo '{}' > checkpoints/checkpoint-8/trainer_state.json`
  return [
    [log([5, 10], learning), await keep(5, 'first-5'), resumable, await keep(10, 'first-10'), 'exit 1'].join('\n'),
    [
      log([10, 15, 20], learning),
      await keep(10, 'second-10'),
      await keep(15, 'second-15'),
      await keep(18, 'second-18', { cut: true }),
      await finish('end'),
    ].join('\n'),
  ]
}
const whole = [
  [5, 'first-5'],
  [10, 'second-10'],
  [15, 'second-15'],
  [null, 'end'],
]

it('publishes each step that was kept once, of all attempts that were gone on from, the later attempt’s before the earlier’s', async () => {
  const job = await training('kept', await crashedAndGoneOn(), { snapshots })
  const result = await job.run()
  expect(await job.published()).toEqual(whole)
  expect(result).toMatchObject({ stepsDone: 20 })
  expect((await job.attempts()).map(({ state }) => state)).toEqual(['failed', 'succeeded'])
  expect(JSON.parse(await readFile(join(job.directory(2), 'config.json'), 'utf8'))).toMatchObject({
    snapshots,
    resumeFrom: join(job.directory(1), 'checkpoints/checkpoint-8'),
  })
  // What has its end is over: nothing is trained or published again.
  expect(await job.run(2)).toMatchObject({ checkpoint: result.checkpoint })
  expect(await job.attempts()).toHaveLength(2)
})

it('publishes the rest of what was kept when it is resumed after publishing broke off', async () => {
  const job = await training('full', await crashedAndGoneOn(), { snapshots })
  const { store } = job.deps
  let left = 1
  // FakeFullDisk: room for one more.
  job.deps.store = {
    ...store,
    publishCheckpoint: (path) => {
      if (left-- > 0) return store.publishCheckpoint(path)
      throw new HoneError({ type: 'StorageFull', message: 'full', nextStep: 'free space' })
    },
  }
  await expect(job.run()).rejects.toMatchObject({ type: 'StorageFull' })
  expect(await job.published()).toEqual(whole.slice(0, 1))
  job.deps.store = store
  // A resumed step counts the attempts of its earlier runs.
  await job.run(2)
  expect(await job.published()).toEqual(whole)
  expect(await job.attempts()).toHaveLength(2)
})

it('publishes the end alone where no steps are to be kept', async () => {
  const job = await training('plain', [`${await keep(5, 'stray')}\n${await finish('end')}`], {})
  await job.run()
  expect(await job.published()).toEqual([[null, 'end']])
})

it('ends a starved training for good, and says which cap to raise', async () => {
  const starved = { 'completions/clipped_ratio': 1, reward_std: 0, reward: 0 }
  const job = await training('starved', [`${log([5, 10, 15, 20, 25, 30], starved)}\nsleep 600`], { snapshots })
  const error = await job.run().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    type: 'TrainingFailed',
    message: expect.stringMatching(/^starved\/1\/rl was stopped: .* hit the cap of 96 tokens/),
    nextStep: expect.stringContaining('maxCompletionTokens'),
  })
  expect(await job.attempts()).toMatchObject([{ state: 'cancelled', reason: 'starved' }])
  expect(await lastMetrics(job.db, job.jobId)).toMatchObject({ 'completion.clipped': 1, 'reward.std': 0 })
  expect(await sweepLocalJobs(join(folder, 'runs'))).toEqual([])
  expect(await job.published()).toEqual([])
})

const good = { loads: true, sameKeys: true, weightsDiffer: true, generates: true, finite: true }
const says = (verdict: object) => `echo '${JSON.stringify(verdict)}' > verdict.json`

it('merges weights and looks at them by jobs of their own, each with attempts, before anything is published', async () => {
  const merge = 'sleep 0.2; touch ../merged-once'
  const job = await training('merged', [await finish('end')], {}, { merge, look: `${says(good)}\nexit 0` })
  await job.run()
  expect(await job.jobs()).toEqual([
    ['', 'rl', 'succeeded'],
    ['/attempt-1/finalize', 'finalize', 'succeeded'],
    ['/attempt-1/verify', 'verify', 'succeeded'],
  ])
  expect(await job.published()).toEqual([[null, 'end']])
})

it('publishes nothing that does not load where it is served, says why, and trains anew when it is resumed', async () => {
  const broken = { ...good, loads: false, generates: false, problems: ['vLLM: KeyError visual.patch_embed'] }
  // The second training's weights are good: the look tells them by the attempt in its folder.
  const look = `case "$PWD" in *attempt-1~verify*) ${says(broken)}; exit 3;; *) ${says(good)};; esac`
  const job = await training('unloadable', [await finish('first'), await finish('second')], {}, { look })
  await expect(job.run()).rejects.toMatchObject({
    type: 'TrainingFailed',
    message: expect.stringMatching(/failed a check \(loads, generates\): vLLM: KeyError visual\.patch_embed/),
  })
  expect(await job.published()).toEqual([])
  expect(await job.attempts()).toMatchObject([{ state: 'failed', reason: expect.stringContaining('loads') }])
  await job.run(1)
  expect(await job.published()).toEqual([[null, 'second']])
})

it('goes on with the merge that was not done when the worker died between two jobs', async () => {
  const job = await training('between', [await finish('end')], {}, { merge: 'test -e ../allowed' })
  // The worker that dies is played by a merge that fails: nothing after the training is done.
  await expect(job.run()).rejects.toMatchObject({ type: 'TrainingFailed' })
  await writeFile(join(folder, 'runs', 'allowed'), '')
  await job.run()
  expect((await job.attempts()).map(({ attempt }) => attempt)).toEqual([1])
  expect((await job.attempts('/attempt-1/finalize')).map(({ state }) => state)).toEqual(['failed', 'succeeded'])
  expect(await job.published()).toEqual([[null, 'end']])
})

it('a verdict that is not there is no verdict: the weights could not be looked at', async () => {
  const job = await training('blind', [await finish('end')], {}, { look: 'echo "ImportError: vllm" >&2; exit 1' })
  await expect(job.run()).rejects.toThrow(/could not be looked at in the serving environment.*ImportError: vllm/s)
  expect(await job.published()).toEqual([])
})
