import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inEnvironment } from '../../jobs/command.ts'
import type { JobStatus } from '../../jobs/launchers/contract.ts'
import { trainers } from '../../trainers/registry.ts'
import type { RlRow, SftRow } from '../../trainers/rows.ts'
import { stageHash } from '../../trainers/stage.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import type { StageFacts, StageRun } from '../../trainers/trainer.ts'
import { optimiser, policy } from './settings.ts'

/*
 * Tests that every trainer of the registry must pass, whatever its product is. A new trainer is
 * included by its line in the registry. Behaviour of a single product has its own tests.
 */

let folder = ''
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hone-trainer-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

/**
 * The job sees all of our paths below another folder, so one of our own paths in its files would
 * not exist for it.
 */
const there = '/node/view'
const run = (more: Partial<StageRun> = {}): StageRun => ({
  key: 'demo/1/train/attempt-1',
  here: folder,
  there: join(there, folder),
  see: (path) => join(there, path),
  environment: { name: 'env', python: '/env/python', env: { PLACE: 'yes' }, setup: ['module load x'], prefix: ['in'] },
  attempt: 1,
  weights: { startFrom: '/weights/start', base: '/weights/base' },
  reward: { url: 'http://reward:1', tokenEnv: 'REWARD_TOKEN', timeoutSeconds: 30 },
  resume: null,
  ...more,
})

const shared = { ...optimiser, scheduler: 'cosine' as const, learningRate: 1e-5, warmupRatio: 0.1, saveEverySteps: 50 }
const common = { key: 'demo/1/train', startFrom: 'start', base: 'base', rowsHash: 'rows', seed: 1, options: {} }
const sft: TrainingStage = {
  ...common,
  kind: 'sft',
  resources: {},
  settings: { ...shared, batchSize: 4, maxSteps: 10 },
}
const grpo: TrainingStage = {
  ...common,
  kind: 'rl',
  resources: {},
  reward: { name: 'accuracy', onFailure: 'abstain' },
  settings: {
    ...shared,
    steps: 10,
    promptsPerStep: 2,
    generations: 4,
    maxCompletionTokens: 64,
    ...policy,
  },
}
const facts: StageFacts = { rows: 2, model: { bytes: 4e6, parameters: 1e6 }, sequenceTokens: 100 }

const sftRows: SftRow[] = ['a', 'b'].map((id) => ({
  id,
  images: ['/pictures/one'],
  messages: [
    { role: 'user', content: '<image>How many?' },
    { role: 'assistant', content: `<think>I count.</think><answer>${id}</answer>` },
  ],
}))
const rlRows: RlRow[] = ['a', 'b'].map((id) => ({
  id,
  images: ['/pictures/one'],
  prompt: [{ role: 'user', content: '<image>How many?' }],
  answer: '3',
  kind: 'number',
  choices: null,
}))

async function* each<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows
}

/** Every text file below the job's folder, by path. */
async function texts(): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')] as const)))
}

const ended: [string, JobStatus, string][] = [
  ['a lost job', { state: 'lost' }, 'retryable'],
  ['a job that was stopped from outside', { state: 'failed', exitCode: 143, interrupted: true }, 'retryable'],
  ['a cancelled job', { state: 'cancelled', cancelCause: 'request' }, 'fatal'],
  ['a job whose place ran out of memory', { state: 'failed', exitCode: 1, outOfMemory: true }, 'fatal'],
  ['a job that failed before its first step', { state: 'failed', exitCode: 1 }, 'fatal'],
]

describe.each(Object.entries(trainers))('the trainer %s', (name, trainer) => {
  const isRefused = (stage: TrainingStage) => trainer.check(stage, facts).some(({ level }) => level === 'refusal')
  const stages = [sft, grpo].filter((stage) => !isRefused(stage))
  const rowsOf = (stage: TrainingStage): readonly (SftRow | RlRow)[] => (stage.kind === 'sft' ? sftRows : rlRows)
  const write = (stage: TrainingStage, rows = rowsOf(stage)) => trainer.materialize(stage, each(rows), run())

  test('has the name that it is registered under, and does something', () => {
    expect(trainer.name).toBe(name)
    expect(trainer.environment).not.toBe('')
    expect(stages.length).toBeGreaterThan(0)
  })

  test('refuses with a reason and a fix, and only what it does not do', () => {
    for (const stage of [sft, grpo])
      for (const finding of trainer.check(stage, facts).filter(({ level }) => level === 'refusal')) {
        expect(finding.text.length).toBeGreaterThan(10)
        expect(finding.fix).toBeDefined()
      }
  })

  test('refuses a batch that devices cannot share in equal parts', () => {
    for (const stage of stages) {
      const shared = { ...stage, resources: { gpus: 3 } }
      expect(trainer.check(shared, facts)).toContainEqual(
        expect.objectContaining({ level: 'refusal', text: expect.stringContaining('3 GPUs') }),
      )
    }
  })

  test('the same stage gives the same bytes, and a second call changes nothing', async () => {
    for (const stage of stages) {
      const first = await write(stage)
      const before = await texts()
      expect(await write(stage)).toEqual(first)
      expect(await texts()).toEqual(before)
      expect(first.rows).toBe(2)
      expect(first.files.length).toBeGreaterThan(1)
      for (const { path } of first.files) expect(path.startsWith('/')).toBe(false)
      await rm(folder, { recursive: true })
    }
  })

  test('writes its settings as it shows them to a plan', async () => {
    for (const stage of stages) {
      await write(stage)
      for (const [path, text] of Object.entries(trainer.settings(stage, run())))
        expect(await readFile(join(folder, path), 'utf8')).toBe(text)
      await rm(folder, { recursive: true })
    }
  })

  test('names paths as the job sees them, in its files and in its command', async () => {
    for (const stage of stages) {
      await write(stage)
      const seen = [...(await texts()).values(), JSON.stringify(trainer.command(stage, run()))].join('\n')
      expect(seen).toContain(join(there, '/pictures/one'))
      expect(seen).toContain(join(there, '/weights/start'))
      // Outside of the job's view, no text may name one of our folders.
      const rest = seen.replaceAll(there, '')
      expect(seen.replaceAll(`${there}${folder}`, '').includes(folder)).toBe(false)
      expect(rest.split('/weights/start').length).toBe(seen.split(`${there}/weights/start`).length)
      expect(rest.split('/pictures/one').length).toBe(seen.split(`${there}/pictures/one`).length)
      await rm(folder, { recursive: true })
    }
  })

  test('its command runs in its environment, with resources, and names secrets instead of holding them', () => {
    for (const stage of stages) {
      const resources = { gpus: 2, hours: 3 }
      const command = trainer.command({ ...stage, resources }, run())
      expect(command.kind).toBe('train')
      expect(command.argv.slice(0, 2)).toEqual(['in', '/env/python'])
      expect(command.setup).toContain('module load x')
      expect(command.env).toMatchObject({ PLACE: 'yes' })
      expect(command.resources).toEqual(resources)
      expect(command.gracePeriodSeconds).toBeGreaterThan(0)
      expect(command.secretEnv).toEqual(stage.kind === 'sft' ? [] : ['REWARD_TOKEN'])
      expect(inEnvironment({ ...command, argv: [] }, run().environment).argv).toEqual(['in'])
    }
  })

  test('no row, and a row whose marks and pictures do not match, are refused by name', async () => {
    for (const stage of stages) {
      await expect(write(stage, [])).rejects.toMatchObject({ type: 'EmptyDataset' })
      const [good] = rowsOf(stage)
      const bad = { ...good, images: [] } as SftRow | RlRow
      await expect(trainer.materialize(stage, each([...rowsOf(stage), bad]), run())).rejects.toThrow(
        /Row 3 .*1 <image> marks? and 0 images/,
      )
    }
  })

  test.each(ended)('%s is judged', async (_, status, outcome) => {
    for (const stage of stages) {
      await write(stage)
      const logs = { stdout: '', stderr: 'ValueError: shapes' }
      expect(await trainer.verdict(stage, run(), { status, logs })).toMatchObject({ outcome })
      await rm(folder, { recursive: true })
    }
  })

  test('exit code 0 with nothing made is no success', async () => {
    for (const stage of stages) {
      await write(stage)
      const done = { status: { state: 'succeeded', exitCode: 0 } as JobStatus, logs: { stdout: '', stderr: '' } }
      expect((await trainer.verdict(stage, run(), done)).outcome).not.toBe('ok')
      await rm(folder, { recursive: true })
    }
  })

  test('a folder without states or kept weights has neither', async () => {
    const empty = run({ here: join(folder, 'nothing') })
    expect(await trainer.checkpoints(empty)).toEqual([])
    expect(await trainer.snapshots(empty)).toEqual([])
  })

  test('what is spent after publishing lies in the job’s folder, and no log is among it', () => {
    const spent = trainer.spent(run())
    for (const path of spent) expect(path.startsWith(`${folder}/`)).toBe(true)
    for (const { path } of trainer.logs(run())) expect(spent.some((each) => path.startsWith(`${each}/`))).toBe(false)
  })

  test('reads its logs without falling over any line', () => {
    const sources = trainer.logs(run())
    expect(sources.length).toBeGreaterThan(0)
    fc.assert(
      fc.property(fc.jsonValue(), (line) => {
        for (const { read } of sources) {
          const logged = read(line)
          if (logged === null || logged === 'skip') continue
          expect(Object.values(logged.values).every((value) => Number.isFinite(value))).toBe(true)
          expect(Number.isFinite(logged.step)).toBe(true)
        }
      }),
    )
  })

  test('the hash of a stage follows its options and settings, not its resources', () => {
    for (const stage of stages) {
      const hash = stageHash(name, stage)
      expect(stageHash(name, { ...stage, resources: { gpus: 8 } })).toBe(hash)
      expect(stageHash(name, { ...stage, options: { a: 1 } })).not.toBe(hash)
      expect(stageHash(name, { ...stage, seed: 2 })).not.toBe(hash)
      expect(stageHash('another', stage)).not.toBe(hash)
    }
  })

  test('an estimate counts steps, and says what it does not know', () => {
    for (const stage of stages) {
      expect(trainer.estimate(stage, facts).steps).toBe(10)
      const unknown = { ...facts, rows: null, model: null }
      expect(trainer.estimate(stage, unknown)).toMatchObject({ steps: 10, checkpointBytes: null })
    }
  })
})
