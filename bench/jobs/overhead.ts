/**
 * Cost of a training through Hone, compared with the same command by hand in the same environment:
 *
 *   npx tsx bench/jobs/overhead.ts [--steps 100] [--runs 5]
 *
 * By hand: exactly the argv that Hone plans, as a process in a folder that was prepared before.
 * Through Hone: from the planned stage to the published and recorded checkpoint, with rows, logs,
 * verdict and a real PostgreSQL. The two take turns, so that a machine that becomes slower slows
 * both.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { postgresJobs } from '../../activities/job-store.ts'
import { trainAndPublish } from '../../activities/publish.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { recordCheckpoint } from '../../db/checkpoints.ts'
import { migrate, openDatabase } from '../../db/database.ts'
import { openRound } from '../../db/rounds.ts'
import { openStep } from '../../db/steps.ts'
import { parseRecipe, recipeHash } from '../../recipes/read-recipe.ts'
import { ensureBaseModel } from '../../demo/base-model.ts'
import { demoWorld, writeWorld } from '../../demo/world.ts'
import type { JobWorld } from '../../jobs/attempts.ts'
import { honeServer } from '../../jobs/servers/hone.ts'
import { openPlaces } from '../../jobs/site/open-places.ts'
import { plainSite } from '../../jobs/site/site.ts'
import { cachePaths, honeCache } from '../../services/home.ts'
import { bringUpPostgres } from '../../services/postgres.ts'
import { quietProgress } from '../../services/progress.ts'
import { bringUpPython, trainerFolder } from '../../services/python.ts'
import type { SftRow } from '../../trainers/rows.ts'
import type { StageJob } from '../../trainers/run-stage.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import { trl } from '../../trainers/trl/trl.ts'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '100' }, runs: { type: 'string', default: '5' } },
})
const steps = Number(values.steps)
const runs = Number(values.runs)

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

const folder = await mkdtemp(join(tmpdir(), 'hone-overhead-'))
const progress = quietProgress
const python = await bringUpPython({ progress })
const world = join(folder, 'world')
const each = { pictures: 200, questionsEach: 1 }
await writeWorld(world, undefined, { ...demoWorld, splits: { train: each, dev: each, report: each } })
const { path: basePath } = await ensureBaseModel({
  models: cachePaths(honeCache()).models,
  world,
  python,
  trainer: trainerFolder,
  onProgress: (text) => console.error(text),
  signal: new AbortController().signal,
})
const postgres = await bringUpPostgres({ home: join(folder, 'home'), progress })
await migrate(postgres.url)
const { db, close } = openDatabase(postgres.url, { max: 4 })
const store = await openArtifactStore(join(folder, 'artifacts'))
const base = await store.publishCheckpoint(basePath, { copy: true })
await recordCheckpoint(db, { id: base.hash, path: base.path, bytes: base.bytes, madeBy: null })

const lines = (await readFile(join(world, 'train.jsonl'), 'utf8')).trim().split('\n')
const questions = lines.map((line): { id: string; images: string[]; question: string; answer: string } =>
  JSON.parse(line),
)
async function* rows(): AsyncGenerator<SftRow> {
  for (const { id, images, question, answer } of questions)
    yield {
      id,
      images: images.map((name) => join(world, name)),
      messages: [
        { role: 'user', content: `<image>${question}` },
        { role: 'assistant', content: `<answer>${answer}</answer>` },
      ],
    }
}

const text = `hone: 1
campaign: overhead
baseModel: { path: demo:base }
sources: { train: { path: demo:train } }
rounds: { count: 1, first: [{ step: sft, from: train, learningRate: 2.0e-4, steps: ${steps} }] }
`
const recipe = parseRecipe(text, { file: 'overhead.yaml' })
await insertCampaign(db, { id: 'overhead', recipe, recipeHash: recipeHash(recipe), recipeSource: text, folder })
await openRound(db, { campaign: 'overhead', number: 0, parent: null })
await openRound(db, { campaign: 'overhead', number: 1, parent: 0 })

const shared = python.env
const places = openPlaces({
  site: plainSite,
  runs: join(folder, 'runs'),
  python: python.python,
  slots: 1,
  made: (name) => (name === 'trl' ? { python: python.python, env: shared } : null),
  shared,
  reward: { url: 'http://127.0.0.1:9', tokenEnv: null },
})
const jobWorld: JobWorld = {
  store: postgresJobs(db),
  places,
  signal: new AbortController().signal,
  progress: () => undefined,
}

const stageOf = (key: string, seed: number): TrainingStage => ({
  kind: 'sft',
  key,
  startFrom: base.hash,
  base: base.hash,
  rowsHash: 'rows',
  seed,
  options: {},
  resources: {},
  settings: {
    learningRate: 2e-4,
    scheduler: 'cosine',
    warmupRatio: 0.1,
    weightDecay: 0,
    saveEverySteps: null,
    logEverySteps: 5,
    precision: 'auto',
    freezeVision: false,
    imageMinPixels: null,
    imageMaxPixels: null,
    batchSize: 32,
    maxSteps: steps,
  },
})

async function throughHone(run: number): Promise<number> {
  const name = `sft-${run}`
  const { stepId } = await openStep(db, {
    campaign: 'overhead',
    round: 1,
    name,
    kind: 'sft',
    ordinal: run,
    spec: {},
    inputs: [],
  })
  const jobId = `overhead/1/${name}`
  const job: StageJob = {
    jobId,
    stepId,
    stage: stageOf(jobId, run),
    trainer: trl,
    place: null,
    rows,
    weights: { startFrom: base.path, base: base.path },
    rewardTimeoutSeconds: null,
    datasets: [],
    serving: { server: honeServer, place: null, resources: {}, options: {} },
    limits: { queueSeconds: 60, runSeconds: 3600, stallSeconds: 600 },
    maxAttempts: 1,
    attemptsSoFar: 0,
  }
  return await seconds(() => trainAndPublish({ db, store }, jobWorld, { jobId, job: async () => job }))
}

async function byHand(run: number): Promise<number> {
  const here = join(folder, 'by-hand', String(run))
  const stage = stageOf(`hand/${run}`, run)
  const place = {
    key: `hand/${run}`,
    here,
    there: here,
    see: (path: string) => path,
    environment: places.get(null).environment('trl'),
    attempt: 1,
    weights: { startFrom: base.path, base: base.path },
    reward: null,
    resume: null,
  }
  await trl.materialize(stage, rows(), place)
  const { argv, env } = trl.command(stage, place)
  const [program = '', ...words] = argv
  return await seconds(
    () =>
      new Promise<void>((resolve, reject) => {
        const child = spawn(program, words, { cwd: here, env: { ...process.env, ...env }, stdio: 'ignore' })
        child.once('error', reject)
        child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ended with ${code}`))))
      }),
  )
}

const hand: number[] = []
const hone: number[] = []
try {
  for (let run = 0; run <= runs; run++) {
    const pair = [await byHand(run), await throughHone(run)] as const
    // The first pair only warms the caches of disk and files.
    if (run === 0) continue
    hand.push(pair[0])
    hone.push(pair[1])
    console.error(`run ${run}: by hand ${pair[0].toFixed(1)} s, through Hone ${pair[1].toFixed(1)} s`)
  }
} finally {
  await close()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
const [before, after] = [median(hand), median(hone)]
const more = hone.map((value, index) => value - (hand[index] ?? 0))
console.log(`${steps} steps of SFT, ${runs} pairs, medians`)
console.log(`by hand       ${before.toFixed(2)} s`)
console.log(`through Hone  ${after.toFixed(2)} s`)
console.log(`more          ${median(more).toFixed(2)} s, ${((100 * median(more)) / before).toFixed(1)} %`)
console.log(`allowed       ${(before * 0.03 + 5).toFixed(2)} s (3 % + 5 s)`)
