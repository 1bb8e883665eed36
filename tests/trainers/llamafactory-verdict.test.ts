import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobStatus } from '../../jobs/launchers/contract.ts'
import { llamafactory } from '../../trainers/llamafactory/llamafactory.ts'
import type { SavedState } from '../../trainers/trainer.ts'
import { safetensors, writeModel } from '../artifacts/weights.ts'
import { adapters, each, runIn, sftRow, sftStage } from './llamafactory-stage.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-llamafactory-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(name: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true })
  await writeFile(join(folder, name), content)
}

const loraStage = sftStage({ lora: adapters })
const resume: SavedState = { step: 20, path: '/runs/1/train/checkpoint-20', complete: true, world: null }
const line = (step: number, loss = '0.47') =>
  `{"current_steps": ${step}, "total_steps": 40, "loss": ${loss}, "lr": 0.0002, "epoch": 1.0, "percentage": 12.5}\n`

/** The text of transformers' `trainer_state.json`, with `loss` as Python writes it. */
const stateText = (step: number, loss = '0.47') =>
  `{"epoch": 8.0, "global_step": ${step}, "log_history": [{"epoch": 1.0, "loss": 3.34, "step": 5}, ` +
  `{"epoch": 8.0, "loss": ${loss}, "step": ${step}}, {"step": ${step}, "train_loss": ${loss}}], "max_steps": 40}`

/** Writes the folder of a complete training of two rows. */
async function trained(stage = sftStage(), run = runIn(folder)): Promise<void> {
  await llamafactory.materialize(stage, each([sftRow(1), sftRow(2)]), run)
  await put('train/trainer_log.jsonl', line(25) + line(40))
  await put('train/trainer_state.json', stateText(40))
  await put('train/all_results.json', '{"train_loss": 0.6, "train_runtime": 36.5}')
  await put('rows.json', '{"rows": 2}')
  if (stage.settings.lora === undefined) await writeModel(join(folder, 'output'))
  else {
    await put('train/adapter_model.safetensors', safetensors(['a.lora_A.weight']))
    await put('train/adapter_config.json', '{}')
  }
}

const ended = (status: Partial<JobStatus> = {}, stderr = '') => ({
  status: { state: 'succeeded' as const, exitCode: 0, ...status },
  logs: { stdout: '', stderr },
})
const verdict = (status: Partial<JobStatus> = {}, stderr = '', stage = sftStage()) =>
  llamafactory.verdict(stage, runIn(folder), ended(status, stderr))
const failed = (stderr: string, status: Partial<JobStatus> = {}) =>
  verdict({ state: 'failed', exitCode: 1, reason: 'exit code 1', ...status }, stderr)

describe('verdict of a job that ended well', () => {
  test('planned steps, rows and whole weights are a success', async () => {
    await trained()
    expect(await verdict()).toEqual({
      outcome: 'ok',
      output: join(folder, 'output'),
      stepsDone: 40,
      rowsRead: 2,
      seconds: 36.5,
      verified: null,
    })
  })

  test('adapters are a success before they are merged', async () => {
    await trained(loraStage)
    expect(await verdict({}, '', loraStage)).toMatchObject({ outcome: 'ok', output: join(folder, 'output') })
    await truncate(join(folder, 'train/adapter_model.safetensors'), 60)
    expect(await verdict({}, '', loraStage)).toMatchObject({
      outcome: 'fatal',
      reason: expect.stringContaining('whole'),
    })
  })

  test('exit code 0 with nothing written, or with too few steps, is tried again', async () => {
    await llamafactory.materialize(sftStage(), each([sftRow(1)]), runIn(folder))
    expect(await verdict()).toMatchObject({ outcome: 'retryable', reason: expect.stringContaining('wrote no') })
    await trained()
    await put('train/trainer_state.json', stateText(20))
    expect(await verdict()).toEqual({ outcome: 'retryable', reason: 'it made 20 of 40 steps' })
    await put('train/trainer_state.json', stateText(40).slice(0, -20))
    expect(await verdict()).toMatchObject({ outcome: 'retryable' })
  })

  test('a loss that is no number is no success', async () => {
    await trained()
    await put('train/trainer_state.json', stateText(40, 'NaN'))
    expect(await verdict()).toMatchObject({
      outcome: 'fatal',
      reason: expect.stringContaining('no number from step 40'),
      nextStep: expect.stringContaining('learningRate'),
    })
  })

  test('rows that were dropped are no success, where the trainer says how many it read', async () => {
    await trained()
    await put('rows.json', '{"rows": 1}')
    expect(await verdict()).toMatchObject({ outcome: 'fatal', reason: 'the trainer read 1 rows of 2' })
    await rm(join(folder, 'rows.json'))
    expect(await verdict({}, '[INFO|trainer.py:1470] >>   Num examples = 1,200\n')).toMatchObject({
      reason: 'the trainer read 1200 rows of 2',
    })
    expect(await verdict()).toMatchObject({ outcome: 'ok', rowsRead: null })
  })

  test('a resumed job that began again is no success; one that only had to save is', async () => {
    const run = runIn(folder, { resume })
    await trained(sftStage(), run)
    expect(await verdict()).toMatchObject({ outcome: 'ok' })
    await put('train/trainer_log.jsonl', line(1) + line(40))
    expect(await verdict()).toMatchObject({
      outcome: 'fatal',
      reason: expect.stringContaining('began again at step 1'),
    })
    await rm(join(folder, 'train/trainer_log.jsonl'))
    expect(await verdict()).toMatchObject({ outcome: 'ok' })
  })

  test('cut weights are no success', async () => {
    await trained()
    await truncate(join(folder, 'output/model-1.safetensors'), 40)
    expect(await verdict()).toMatchObject({ outcome: 'fatal', reason: expect.stringContaining('model-1.safetensors') })
  })
})

describe('verdict of a job that failed', () => {
  // Ends of real logs of LLaMA-Factory 0.9.5.
  const badKey =
    '    raise ValueError(f"Some keys are not used by the HfArgumentParser: {sorted(unused_keys)}")\nValueError: Some keys are not used by the HfArgumentParser: [\'learnin_rate\']'

  test.each([
    ['a key that is none', badKey, 'does not know a key'],
    ['no product', "ModuleNotFoundError: No module named 'llamafactory'", 'has no LLaMA-Factory'],
    [
      'a package',
      'ImportError: deepspeed>=0.10.0 is required for a normal functioning of this module',
      'lacks a package',
    ],
    ['memory', 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB', 'ran out of memory'],
    ['the disk', 'OSError: [Errno 28] No space left on device', 'the disk is full'],
    ['rows', 'RuntimeError: Cannot find valid samples, check `data/README.md` for the data format.', 'found no row'],
  ])('%s is told from the log, and nothing tries it again', async (_, stderr, reason) => {
    expect(await failed(stderr)).toMatchObject({ outcome: 'fatal', reason: expect.stringContaining(reason) })
  })

  test('what the script cannot use is told in its own words', async () => {
    const said = 'hone: the template qwen2_vl: it renders row r1 otherwise'
    expect(await failed(`Loading\n${said}\n`, { exitCode: 2 })).toMatchObject({ outcome: 'fatal', reason: said })
  })

  test('a kill, a lost job and weights without a checkpoint are tried again', async () => {
    expect(await failed('', { signal: 'SIGKILL' })).toMatchObject({ outcome: 'retryable' })
    expect(await verdict({ state: 'lost' })).toMatchObject({ outcome: 'retryable' })
    const left = 'ValueError: Output directory already exists and is not empty. Please set `overwrite_output_dir`.'
    expect(await failed(left)).toMatchObject({ outcome: 'retryable' })
  })

  test('an unknown failure is tried again once steps were made, not before', async () => {
    expect(await failed('RuntimeError: odd')).toMatchObject({ outcome: 'fatal' })
    await put('train/trainer_log.jsonl', line(5))
    expect(await failed('RuntimeError: odd')).toMatchObject({
      outcome: 'retryable',
      reason: expect.stringContaining('odd'),
    })
  })
})

describe('checkpoints', () => {
  const list = () => llamafactory.checkpoints(runIn(folder))
  const checkpoint = async (step: number, state = stateText(step)) => {
    await put(`train/checkpoint-${step}/model.safetensors`, safetensors(['a']))
    await put(`train/checkpoint-${step}/trainer_state.json`, state)
  }

  test('whole ones first, the newest before; cut weights or a cut state make none', async () => {
    await checkpoint(20)
    await checkpoint(30)
    await checkpoint(40, stateText(40).slice(0, -10))
    await checkpoint(60)
    await truncate(join(folder, 'train/checkpoint-60/model.safetensors'), 50)
    expect((await list()).map(({ step, complete, world }) => [step, complete, world])).toEqual([
      [30, true, null],
      [20, true, null],
      [60, false, null],
      [40, false, null],
    ])
    expect(await llamafactory.snapshots(runIn(folder))).toEqual([])
  })

  test('adapters are whole with their own files', async () => {
    await put('train/checkpoint-20/trainer_state.json', stateText(20))
    await put('train/checkpoint-20/adapter_config.json', '{}')
    await put('train/checkpoint-20/adapter_model.safetensors', safetensors(['a.lora_A.weight']))
    expect(await list()).toMatchObject([{ step: 20, complete: true }])
    await truncate(join(folder, 'train/checkpoint-20/adapter_model.safetensors'), 60)
    expect(await list()).toMatchObject([{ step: 20, complete: false }])
  })

  test('the pieces of DeepSpeed belong to as many processes as wrote them', async () => {
    await checkpoint(20)
    await put('train/checkpoint-20/latest', 'global_step20')
    for (const rank of [0, 1]) await put(`train/checkpoint-20/rng_state_${rank}.pth`, '')
    expect(await list()).toMatchObject([{ step: 20, complete: true, world: 2 }])
  })

  test('a folder without any has none', async () => {
    expect(await list()).toEqual([])
  })
})

test('weights and states are spent once weights are published; the log and the results stay', async () => {
  await trained(loraStage)
  await put('train/checkpoint-20/trainer_state.json', stateText(20))
  const spent = llamafactory.spent(runIn(folder)).map((path) => path.slice(folder.length + 1))
  expect(spent).toEqual(['train/adapter_model.safetensors', 'train/checkpoint-20', 'output', 'merged', 'cache'])
})
