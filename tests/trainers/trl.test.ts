import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobStatus } from '../../jobs/launchers/contract.ts'
import type { RlRow, SftRow } from '../../trainers/rows.ts'
import { stageHash } from '../../trainers/stage.ts'
import type { RlSettings, SftSettings, TrainingStage } from '../../trainers/stage.ts'
import type { StageRun } from '../../trainers/trainer.ts'
import { trl } from '../../trainers/trl/trl.ts'
import { safetensors, writeModel } from '../artifacts/weights.ts'

let folder = ''

/** An attempt in the test's folder. */
const run = (more: Partial<StageRun> = {}): StageRun => ({
  key: 'demo/round/1/sft/attempt-1',
  here: folder,
  there: folder,
  see: (path) => path,
  environment: { name: 'trl', python: 'python3', env: { PYTHONPATH: '/pkg' }, setup: [], prefix: [] },
  attempt: 1,
  weights: { startFrom: '/w/base', base: '/w/base' },
  reward: null,
  resume: null,
  ...more,
})
const rewarded = (url = 'http://127.0.0.1:1') =>
  run({ attempt: 2, reward: { url, tokenEnv: 'HONE_REWARD_TOKEN', timeoutSeconds: 30 } })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-trl-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function* each<T>(rows: T[]): AsyncGenerator<T> {
  yield* rows
}

const optimiser = {
  learningRate: 1e-4,
  scheduler: 'constant' as const,
  warmupRatio: 0.05,
  weightDecay: 0,
  saveEverySteps: 50,
  logEverySteps: 5,
  precision: 'auto' as const,
  freezeVision: false,
  imageMinPixels: null,
  imageMaxPixels: 3136,
}
const settings: SftSettings = { ...optimiser, batchSize: 32, maxSteps: 200 }
const rlSettings: RlSettings = {
  ...optimiser,
  steps: 100,
  promptsPerStep: 16,
  generations: 8,
  maxCompletionTokens: 96,
  temperature: 1,
  topP: 1,
  klBeta: 0,
  epsilonLow: 0.2,
  epsilonHigh: 0.2,
  dropZeroSpread: true,
}

const sftRows: SftRow[] = [1, 2].map((number) => ({
  id: `r${number}`,
  images: ['/images/a'],
  messages: [
    { role: 'user', content: '<image>How many?' },
    { role: 'assistant', content: `<answer>${number}</answer>` },
  ],
}))
const common = { startFrom: 'b', base: 'b', rowsHash: 'h', seed: 7, options: {}, resources: {} }

const sft = (more: Partial<Extract<TrainingStage, { kind: 'sft' }>> = {}): TrainingStage => ({
  kind: 'sft',
  key: 'demo/round/1/sft',
  ...common,
  settings,
  ...more,
})

const rlRows: RlRow[] = [
  {
    id: 'q1',
    images: ['/images/a'],
    prompt: [{ role: 'user', content: '<image>How many?' }],
    answer: '3',
    kind: 'number',
    choices: null,
  },
]

function grpo(judge?: string): TrainingStage {
  const reward = { name: 'accuracy', onFailure: 'abstain' as const, ...(judge !== undefined && { judge }) }
  return { kind: 'rl', key: 'demo/round/1/rl', ...common, settings: rlSettings, reward }
}

const write = (stage: TrainingStage, rows: (SftRow | RlRow)[] = stage.kind === 'sft' ? sftRows : rlRows) =>
  trl.materialize(stage, each(rows), stage.kind === 'sft' ? run() : rewarded())

const json = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'))

describe('planning', () => {
  test('the same stage gives the same bytes', async () => {
    const first = await write(sft())
    expect(await write(sft())).toEqual(first)
    expect(first.rows).toBe(2)
    expect(first.files.map(({ path }) => path)).toEqual(['train.jsonl', 'config.json'])
    const lines = (await readFile(join(folder, 'train.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(sftRows)
  })

  test('SFT settings are those that the trainer reads', async () => {
    await write(sft())
    expect(await json('config.json')).toEqual({
      ...settings,
      scheduler: 'constant_with_warmup',
      kind: 'sft',
      model: '/w/base',
      base: '/w/base',
      seed: 7,
      resumeFrom: null,
      data: join(folder, 'train.jsonl'),
      metrics: join(folder, 'metrics.jsonl'),
      result: join(folder, 'result.json'),
      checkpoints: join(folder, 'checkpoints'),
      output: join(folder, 'output'),
    })
  })

  test('GRPO takes its token by the name of a variable', async () => {
    await write(grpo())
    expect((await json('config.json')).reward).toMatchObject({ name: 'accuracy', tokenEnv: 'HONE_REWARD_TOKEN' })
    const plan = trl.command(grpo(), rewarded())
    expect(plan.argv).toEqual(['python3', '-m', 'hone_trainer', 'grpo', '--config', join(folder, 'config.json')])
    expect(plan.secretEnv).toEqual(['HONE_REWARD_TOKEN'])
    expect(plan.env).toMatchObject({ PYTHONPATH: '/pkg', HONE_ATTEMPT: '2' })
  })

  test('no row, a row without its mark and a relative path are refused by name', async () => {
    await expect(write(sft(), [])).rejects.toMatchObject({ type: 'EmptyDataset' })
    const [good] = sftRows
    if (good === undefined) throw new Error('no row')
    const noMark = { ...good, messages: [{ role: 'user' as const, content: 'How many?' }, ...good.messages.slice(1)] }
    await expect(write(sft(), [good, noMark])).rejects.toThrow(/Row 2 .* 0 <image> marks and 1 images/)
    await expect(write(sft(), [{ ...good, images: ['a.png'] }])).rejects.toThrow(/absolute path/)
  })

  test('the hash of a stage follows what it computes and not where things are', () => {
    expect(stageHash('trl', sft({ resources: { gpus: 4 } }))).toBe(stageHash('trl', sft()))
    expect(stageHash('trl', sft({ options: { max_grad_norm: 0.5 } }))).not.toBe(stageHash('trl', sft()))
    expect(stageHash('trl', sft({ seed: 8 }))).not.toBe(stageHash('trl', sft()))
    expect(stageHash('trl', sft({ rowsHash: 'i' }))).not.toBe(stageHash('trl', sft()))
  })

  test('a judge is part of a stage, of its settings and of its hash, where there is one', async () => {
    // As it was before stages could have judges: jobs of then are found again.
    expect(stageHash('trl', grpo())).toBe('ba496993f5df62c1d646301ea12a3ce3e22d7d67d7855ec53d6ce2002788c28a')
    const judged = stageHash('trl', grpo('judge-0123'))
    expect(judged).not.toBe(stageHash('trl', grpo()))
    expect(judged).not.toBe(stageHash('trl', grpo('judge-4567')))
    await write(grpo())
    expect(Object.keys((await json('config.json')).reward)).not.toContain('judge')
    await write(grpo('judge-0123'))
    expect((await json('config.json')).reward).toMatchObject({ judge: 'judge-0123' })
  })

  test('metrics have our names', () => {
    const names = [
      'loss',
      'reward',
      'reward_std',
      'reward/format',
      'completions/clipped_ratio',
      'learning_rate',
      'rows_with_spread',
    ]
    const [source] = trl.logs(run())
    const read = source?.read({ step: 1, ...Object.fromEntries(names.map((name) => [name, 0.5])) })
    const canonical = read && read !== 'skip' ? read.canonical : {}
    expect(names.map((name) => canonical[name] ?? null)).toEqual([
      'loss',
      'reward.mean',
      'reward.std',
      'reward.format',
      'completion.clipped',
      'lr',
      null,
    ])
  })
})

describe('checkpoints', () => {
  test('are listed newest complete one first', async () => {
    const write = async (step: number, { state = true, bytes = 0 } = {}) => {
      const path = join(folder, 'checkpoints', `checkpoint-${step}`)
      await mkdir(path, { recursive: true })
      const whole = safetensors(['a'])
      await writeFile(join(path, 'model.safetensors'), whole.subarray(0, whole.length - bytes))
      if (state) await writeFile(join(path, 'trainer_state.json'), '{}')
    }
    await write(50)
    await write(100)
    await write(150, { bytes: 3 })
    await write(200, { state: false })
    const found = await trl.checkpoints(run())
    expect(found.map(({ step, complete }) => [step, complete])).toEqual([
      [100, true],
      [50, true],
      [200, false],
      [150, false],
    ])
    expect(await trl.checkpoints(run({ here: join(folder, 'nothing') }))).toEqual([])
  })
})

describe('kept steps', () => {
  test('are listed in the order of their steps, whole ones only', async () => {
    const snapshot = (step: number | string) => join(folder, 'snapshots', `step-${step}`)
    for (const step of [100, 95, 5, 50, 'draft', '5.tmp']) await writeModel(snapshot(step))
    await truncate(join(snapshot(50), 'model-2.safetensors'), 40)
    await writeModel(snapshot(60))
    await rm(join(snapshot(60), 'model-1.safetensors'))
    expect(await trl.snapshots(run())).toEqual([5, 95, 100].map((step) => ({ step, path: snapshot(step) })))
    expect(await trl.snapshots(run({ here: join(folder, 'nothing') }))).toEqual([])
  })
})

describe('what an ended job means', () => {
  const verified = { loads: true, sameKeys: true, weightsDiffer: true, generates: true }
  const good = { stepsPlanned: 200, stepsDone: 200, rowsRead: 2, seconds: 3.5, verified }
  const judge = (status: JobStatus, stderr = '') => trl.verdict(sft(), run(), { status, logs: { stdout: '', stderr } })
  const exitZero: JobStatus = { state: 'succeeded', exitCode: 0 }
  const result = (value: unknown) => writeFile(join(folder, 'result.json'), JSON.stringify(value))

  beforeEach(async () => {
    await write(sft())
    await writeModel(join(folder, 'output'))
  })

  test('all steps, all rows, verified and whole weights are a success', async () => {
    await result(good)
    expect(await judge(exitZero)).toEqual({
      outcome: 'ok',
      output: join(folder, 'output'),
      stepsDone: 200,
      rowsRead: 2,
      seconds: 3.5,
      verified: { ...verified, finite: true, problems: [] },
    })
  })

  test('exit code 0 alone is none', async () => {
    expect(await judge(exitZero)).toMatchObject({ outcome: 'retryable' })
    await result({ ...good, stepsDone: 150 })
    expect(await judge(exitZero)).toEqual({ outcome: 'retryable', reason: 'it made 150 of 200 steps' })
    // An epoch boundary on resume: the trainer planned nothing more and is content.
    await result({ ...good, stepsPlanned: 0, stepsDone: 0 })
    expect(await judge(exitZero)).toMatchObject({ outcome: 'retryable' })
    await result({ ...good, rowsRead: 1 })
    expect(await judge(exitZero)).toMatchObject({ outcome: 'fatal', reason: 'the trainer read 1 rows of 2' })
    await result({ ...good, verified: { ...verified, weightsDiffer: false, problems: ['all weights equal'] } })
    expect(await judge(exitZero)).toMatchObject({ outcome: 'fatal', reason: expect.stringContaining('weightsDiffer') })
    await result(good)
    await rm(join(folder, 'output', 'tokenizer.json'))
    expect(await judge(exitZero)).toMatchObject({ outcome: 'fatal', reason: expect.stringContaining('tokenizer') })
  })

  test.each<[string, JobStatus, string, string]>([
    ['a lost job', { state: 'lost' }, '', 'retryable'],
    ['a stop of Hone', { state: 'failed', exitCode: 143, interrupted: true }, '', 'retryable'],
    ['a kill for memory', { state: 'failed', signal: 'SIGKILL' }, '', 'retryable'],
    ['a GPU without memory', { state: 'failed', exitCode: 1 }, 'torch.OutOfMemoryError: CUDA out of memory.', 'fatal'],
    [
      'a failed network of devices',
      { state: 'failed', exitCode: 1 },
      'NCCL error: unhandled system error',
      'retryable',
    ],
    ['a full disk', { state: 'failed', exitCode: 1 }, 'OSError: [Errno 28] No space left on device', 'fatal'],
    ['unusable input', { state: 'failed', exitCode: 2 }, 'hone_trainer sft: the settings are not usable', 'fatal'],
    ['a cancellation', { state: 'cancelled', cancelCause: 'request' }, '', 'fatal'],
    ['a crash before the first step', { state: 'failed', exitCode: 1 }, 'ValueError: shapes', 'fatal'],
  ])('%s is judged', async (_, status, stderr, outcome) => {
    expect(await judge(status, stderr)).toMatchObject({ outcome })
  })

  test('a crash after steps is tried again', async () => {
    await appendFile(join(folder, 'metrics.jsonl'), '{"step":1}\n')
    expect(await judge({ state: 'failed', exitCode: 1 }, 'ValueError: x')).toMatchObject({ outcome: 'retryable' })
  })
})
