import { execFile } from 'node:child_process'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { baseModelName } from '../../demo/base-model.ts'
import { demoWorld, writeWorld } from '../../demo/world.ts'
import { cachePaths, honeCache } from '../../services/home.ts'
import { bringUpPython, trainerFolder } from '../../services/python.ts'

/**
 * A model of 0.3 million parameters that has learned almost nothing: 40 steps, about 6 s with
 * Python's start.
 */
const modelSettings = {
  steps: 40,
  batchSize: 16,
  learningRate: 2e-3,
  seed: 1,
  hiddenSize: 64,
  layers: 2,
  visionHiddenSize: 64,
  visionDepth: 1,
}

/**
 * Draws few pictures into `<folder>/world` and trains the base model on them, into
 * `<folder>/model`.
 */
export async function makeWorldAndModel(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const world = join(folder, 'world')
  const each = { pictures: 48, questionsEach: 1 }
  const baseCorpus = { ...demoWorld.baseCorpus, pictures: 150 }
  await writeWorld(world, undefined, { ...demoWorld, splits: { train: each, dev: each, report: each }, baseCorpus })
  const config = join(folder, 'model.json')
  const places = {
    corpus: join(world, 'base-corpus.jsonl'),
    vocabulary: join(world, 'vocabulary.txt'),
    output: join(folder, 'model'),
    metrics: join(folder, 'model-metrics.jsonl'),
    result: join(folder, 'model-result.json'),
  }
  await writeFile(config, JSON.stringify({ kind: 'base', ...places, ...modelSettings }))
  const python = await bringUpPython({ env })
  const run = promisify(execFile)
  await run(python.python, ['-m', 'hone_trainer', 'base', '--config', config], { env: { ...env, ...python.env } })
}

/** A cache with the user's own programs, and with this model as the demo's model. */
export async function demoCache(cache: string, model: string): Promise<void> {
  const [own, users] = [cachePaths(cache), cachePaths(honeCache())]
  for (const part of ['python', 'bin'] as const) {
    await mkdir(users[part], { recursive: true })
    await mkdir(own.root, { recursive: true })
    await symlink(users[part], own[part])
  }
  await cp(model, join(own.models, baseModelName(trainerFolder)), { recursive: true })
}

/**
 * A recipe with every kind of step, as small as possible, that still really trains, rewards, serves
 * and measures. The learning rates are far too high for a good model: this model only has to learn
 * to write an answer at all.
 */
export function smallCampaign(teacher: string) {
  const url = `${teacher}/v1`
  return {
    hone: 1,
    campaign: 'small',
    baseModel: { path: 'model' },
    endpoints: {
      captioner: { url, model: 'demo-captioner', concurrency: captionerConcurrency },
      reasoner: { url, model: 'demo-reasoner', concurrency: 8 },
      trained: { checkpoint: 'parent', concurrency: 64 },
    },
    sources: { seed: { path: 'world/train.jsonl' } },
    benchmarks: {
      dev: { path: 'world/dev.jsonl', role: 'dev', maxTokens: 64 },
      report: { path: 'world/report.jsonl', role: 'report', maxTokens: 64 },
    },
    rounds: {
      count: 1,
      first: [
        { step: 'describe', from: 'seed', endpoint: 'captioner' },
        { step: 'reason', endpoint: 'reasoner', samples: 2 },
        { step: 'verify' },
        { step: 'clean', reflections: 'cut' },
        { step: 'select', pick: 'shortest' },
        ...train,
      ],
      next: [
        { step: 'sample', from: 'seed', endpoint: 'trained', samples: 4, maxTokens: 64 },
        { step: 'verify' },
        { step: 'select', pick: 'shortest' },
        ...train,
      ],
    },
    limits: { shardRows: 16, lanes: 2 },
  }
}

/** Requests to the captioner in flight at once: the most that a kill may lose. */
export const captionerConcurrency = 2

const train = [
  { step: 'sft', learningRate: 2e-3, batchSize: 16, steps: 80 },
  {
    step: 'rl',
    from: 'seed',
    learningRate: 1e-4,
    promptsPerStep: 4,
    generations: 4,
    steps: 4,
    maxCompletionTokens: 64,
    // A model without any right answer gets no gradient. Its weights must still change to count as
    // trained.
    weightDecay: 0.1,
  },
  { step: 'evaluate' },
  { step: 'gate', benchmark: 'dev', onRegress: 'continue' },
]
