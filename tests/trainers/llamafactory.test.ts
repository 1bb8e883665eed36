import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import type { ProductOptions } from '../../domain/job-resources.ts'
import { llamafactory } from '../../trainers/llamafactory/llamafactory.ts'
import type { SftRow } from '../../trainers/rows.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import { adapters, each, facts, runIn, sftRow, sftStage } from './llamafactory-stage.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hone-llamafactory-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const read = (name: string) => readFile(join(folder, name), 'utf8')
const configOf = (stage: TrainingStage, run = runIn(folder)) =>
  Object.fromEntries(
    (llamafactory.settings(stage, run)['config.yaml'] ?? '')
      .trim()
      .split('\n')
      .map((line): [string, unknown] => [
        line.slice(0, line.indexOf(':')),
        JSON.parse(line.slice(line.indexOf(':') + 1)),
      ]),
  )

const rlStage: TrainingStage = {
  ...sftStage(),
  kind: 'rl',
  settings: {
    ...sftStage().settings,
    steps: 10,
    promptsPerStep: 4,
    generations: 8,
    maxCompletionTokens: 96,
    temperature: 1,
    topP: 1,
    klBeta: 0,
    epsilonLow: 0.2,
    epsilonHigh: 0.2,
    dropZeroSpread: true,
  },
  reward: { name: 'rules', onFailure: 'abstain' },
}

describe('check', () => {
  const refusals = (options: ProductOptions) =>
    llamafactory.check(sftStage({}, { options }), facts).filter(({ level }) => level === 'refusal')

  test('a plain SFT stage and one with adapters are taken without a word', () => {
    expect(llamafactory.check(sftStage(), facts)).toEqual([])
    expect(llamafactory.check(sftStage({ lora: adapters }), facts)).toEqual([])
  })

  test('reinforcement learning is refused with the trainer that can', () => {
    expect(llamafactory.check(rlStage, facts)).toEqual([
      expect.objectContaining({ level: 'refusal', text: expect.stringContaining('no GRPO') }),
    ])
    expect(() => llamafactory.settings(rlStage, runIn(folder))).toThrow(HoneError)
  })

  test.each([
    ['learning_rate', 'set learningRate of the step'],
    ['image_max_pixels', 'set imageMaxPixels of the step'],
    ['lora_target', 'set lora.targetModules of the step'],
    ['output_dir', 'leave options.output_dir out'],
    ['bf16', 'set precision of the step'],
  ])('an option that Hone sets is refused by its name: %s', (name, fix) => {
    const [found, ...others] = refusals({ [name]: 1 })
    expect(others).toEqual([])
    expect(found?.text).toContain(`options.${name} cannot be set`)
    expect(found?.fix).toContain(fix)
  })

  test('every key of the config but the defaults is one that options may not name', () => {
    const keys = [configOf(sftStage()), configOf(sftStage({ lora: adapters, epochs: 1, maxSteps: undefined }))].flatMap(
      (config) => Object.keys(config),
    )
    const free = new Set(['cutoff_len', 'disable_tqdm', 'report_to'])
    const open = keys.filter((key) => !free.has(key) && refusals({ [key]: 1 }).length === 0)
    expect(open).toEqual([])
  })

  test('options that would lose rows, change tensors or hold secrets are refused with the reason', () => {
    expect(refusals({ packing: true })[0]?.text).toContain('rows in must be rows read')
    expect(refusals({ resize_vocab: true })[0]?.text).toContain('other tensors')
    expect(refusals({ hf_hub_token: 'x' })[0]?.text).toContain('secret')
    expect(refusals({ max_samples: 10, save_only_model: true })).toHaveLength(2)
  })

  test('an option that LLaMA-Factory does not have is refused with the one that was meant', () => {
    expect(refusals({ neftune_noise_alfa: 5 })).toEqual([
      expect.objectContaining({
        text: 'options.neftune_noise_alfa is no key of LLaMA-Factory 0.9.5',
        fix: 'did you mean neftune_noise_alpha?',
      }),
    ])
  })

  test('an option with ${…} is refused: the reader of the file would replace it', () => {
    expect(refusals({ run_name: '${oc.env:HOME}' })[0]?.text).toContain('reader replaces')
  })

  test('options of the product itself are taken', () => {
    expect(
      refusals({ template: 'qwen2_vl', use_rslora: true, deepspeed: { zero_optimization: { stage: 2 } } }),
    ).toEqual([])
  })

  test('a batch that its GPUs cannot share is refused, and picture limits are noted', () => {
    const found = llamafactory.check(sftStage({ imageMaxPixels: 262_144 }, { gpus: 3 }), facts)
    expect(found.map(({ level }) => level)).toEqual(['refusal', 'note'])
  })
})

test('an estimate says steps, and of adapters nothing about the size of checkpoints', () => {
  expect(llamafactory.estimate(sftStage(), facts)).toMatchObject({
    steps: 40,
    microBatch: 32,
    checkpointBytes: 2 * 1_756_160 * 12,
  })
  expect(llamafactory.estimate(sftStage({ lora: adapters }), facts).checkpointBytes).toBeNull()
})

describe('settings', () => {
  test('all weights: the keys, with pictures and rows left whole', () => {
    expect(configOf(sftStage())).toMatchObject({
      stage: 'sft',
      finetuning_type: 'full',
      model_name_or_path: '/shared/w/start',
      freeze_vision_tower: false,
      freeze_multi_modal_projector: false,
      per_device_train_batch_size: 32,
      gradient_accumulation_steps: 1,
      lr_scheduler_type: 'constant_with_warmup',
      max_steps: 40,
      save_steps: 20,
      mask_history: true,
      logging_nan_inf_filter: false,
      cutoff_len: 1_000_000,
      image_max_pixels: 1_000_000_000,
      output_dir: 'train',
    })
  })

  test('adapters: rank, alpha and layers, none on the vision tower when that is left out', () => {
    const config = configOf(sftStage({ lora: { ...adapters, targetModules: ['q_proj', 'v_proj'] } }))
    expect(config).toMatchObject({
      finetuning_type: 'lora',
      lora_rank: 8,
      lora_alpha: 16,
      lora_target: 'q_proj,v_proj',
      freeze_vision_tower: true,
    })
    expect(configOf(sftStage({ lora: { ...adapters, excludeVision: false } }))).toMatchObject({
      lora_target: 'all',
      freeze_vision_tower: false,
    })
  })

  test('several GPUs share the batch', () => {
    expect(configOf(sftStage({ microBatchSize: 4 }, { gpus: 4 }))).toMatchObject({
      per_device_train_batch_size: 4,
      gradient_accumulation_steps: 2,
    })
  })

  test('epochs in the place of steps, no checkpoints, own limits of pictures, own options', () => {
    const config = configOf(
      sftStage(
        { epochs: 2, maxSteps: undefined, saveEverySteps: null, imageMaxPixels: 3136 },
        { options: { cutoff_len: 4096, neftune_noise_alpha: 5 } },
      ),
    )
    expect(config).toMatchObject({
      num_train_epochs: 2,
      save_strategy: 'no',
      image_max_pixels: 3136,
      cutoff_len: 4096,
      neftune_noise_alpha: 5,
    })
    expect(config).not.toHaveProperty('max_steps')
    expect(config).not.toHaveProperty('save_steps')
  })

  test('a resumed job reads its weights from the checkpoint, and a resumed job of adapters from the start', () => {
    const resume = { step: 20, path: '/runs/1/train/checkpoint-20', complete: true, world: null }
    const checkpoint = '/shared/runs/1/train/checkpoint-20'
    expect(configOf(sftStage(), runIn(folder, { resume }))).toMatchObject({
      model_name_or_path: checkpoint,
      resume_from_checkpoint: checkpoint,
    })
    expect(configOf(sftStage({ lora: adapters }), runIn(folder, { resume }))).toMatchObject({
      model_name_or_path: '/shared/w/start',
      resume_from_checkpoint: checkpoint,
    })
  })
})

describe('materialize', () => {
  const write = (rows: SftRow[], stage = sftStage()) => llamafactory.materialize(stage, each(rows), runIn(folder))

  test('writes rows, their description, config, plan and the script; the same stage gives the same bytes', async () => {
    const manifest = await write([sftRow(1), sftRow(2)])
    expect(manifest.rows).toBe(2)
    expect(manifest.files.map(({ path }) => path)).toEqual([
      'train.jsonl',
      'config.yaml',
      'dataset_info.json',
      'plan.json',
      'scripts/run.py',
      'scripts/hone_files.py',
      'scripts/hone_prompts.py',
      'scripts/hone_weights.py',
    ])
    expect(await write([sftRow(1), sftRow(2)])).toEqual(manifest)
    expect(await read('train.jsonl')).toBe(
      '{"id":"r1","images":["/shared/pictures/a"],"messages":[{"content":"<image>How many?","role":"user"},' +
        '{"content":"<answer>1</answer>","role":"assistant"}]}\n' +
        '{"id":"r2","images":["/shared/pictures/a"],"messages":[{"content":"<image>How many?","role":"user"},' +
        '{"content":"<answer>2</answer>","role":"assistant"}]}\n',
    )
    expect(JSON.parse(await read('dataset_info.json'))).toMatchObject({
      train: { file_name: 'train.jsonl', formatting: 'sharegpt' },
    })
    expect(JSON.parse(await read('plan.json'))).toEqual({
      rows: 2,
      steps: 40,
      resumedFrom: null,
      model: '/shared/w/start',
      lora: false,
      gpus: 1,
      precision: 'auto',
      ownImageLimits: false,
    })
    expect(manifest).not.toEqual(await write([sftRow(1), sftRow(2)], sftStage({ learningRate: 1e-4 })))
  })

  test('a first turn of system is taken', async () => {
    const { messages, ...row } = sftRow(1)
    await expect(
      write([{ ...row, messages: [{ role: 'system', content: 'Be brief.' }, ...messages] }]),
    ).resolves.toMatchObject({ rows: 1 })
  })

  test.each<[string, SftRow, RegExp]>([
    [
      'two user turns',
      { ...sftRow(2), messages: [...sftRow(2).messages.slice(0, 1), { role: 'user', content: 'x' }] },
      /by turns/,
    ],
    [
      'no last answer',
      { ...sftRow(2), messages: [...sftRow(2).messages, { role: 'user', content: 'x' }] },
      /not the assistant/,
    ],
    ['a mark of a video', sftRow(2, 'a <video> it is'), /takes <video>/],
    ['a mark too many', sftRow(2, '<image>'), /2 <image> marks and 1 images/],
  ])('a row that LLaMA-Factory would drop or fail on is an error with its number: %s', async (_, row, why) => {
    await expect(write([sftRow(1), row])).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/^Row 2/),
    })
    await expect(write([sftRow(1), row])).rejects.toThrow(why)
  })

  test('no rows are an error', async () => {
    await expect(write([])).rejects.toMatchObject({ type: 'EmptyDataset' })
  })
})

describe('commands', () => {
  test('training runs the script in its folder, as the place’s environment says', () => {
    const command = llamafactory.command(sftStage({ threads: 2 }), runIn(folder))
    expect(command).toMatchObject({
      kind: 'train',
      argv: ['run-in', '/env/bin/python', '/shared/run/scripts/run.py', 'train'],
      cwd: '/shared/run',
      secretEnv: [],
    })
    expect(command.env).toMatchObject({ SITE: '1', OMP_NUM_THREADS: '2', HF_HUB_OFFLINE: '1', HONE_ATTEMPT: '1' })
    expect(command.env).not.toHaveProperty('CUDA_VISIBLE_DEVICES')
  })

  test('a stage that wants no GPU sees none', () => {
    expect(llamafactory.command(sftStage({}, { gpus: 0 }), runIn(folder)).env['CUDA_VISIBLE_DEVICES']).toBe('')
  })

  test('adapters are merged by a task of its own without a GPU; whole weights need none', () => {
    expect(llamafactory.finalize(sftStage(), runIn(folder))).toBeNull()
    expect(llamafactory.finalize(sftStage({ lora: adapters }, { gpus: 4 }), runIn(folder))).toMatchObject({
      kind: 'task',
      argv: ['run-in', '/env/bin/python', '/shared/run/scripts/run.py', 'export'],
      env: { CUDA_VISIBLE_DEVICES: '' },
      resources: {},
    })
  })
})

describe('logs', () => {
  const source = () => llamafactory.logs(runIn(folder))[0]

  test('a line gives step, values and our names', () => {
    expect(source()?.path).toBe(join(folder, 'train', 'trainer_log.jsonl'))
    const line = {
      current_steps: 5,
      total_steps: 40,
      loss: 3.344728469848633,
      lr: 0.0002,
      epoch: 1,
      percentage: 12.5,
      elapsed_time: '0:00:09',
      remaining_time: '0:01:05',
    }
    expect(source()?.read(line)).toEqual({
      step: 5,
      time: null,
      values: { total_steps: 40, loss: 3.344728469848633, lr: 0.0002, epoch: 1, percentage: 12.5 },
      canonical: { total_steps: 'totalSteps', loss: 'loss', lr: 'lr', epoch: 'epoch' },
      notFinite: [],
    })
  })

  test('a loss that is no number is told, the last line is skipped, and another line is none', () => {
    expect(source()?.read({ current_steps: 5, total_steps: 40, loss: null, epoch: 1 })).toMatchObject({
      notFinite: ['loss'],
    })
    expect(source()?.read({ current_steps: 40, total_steps: 40, epoch: 8, percentage: 100 })).toBe('skip')
    expect(source()?.read({ step: 1, loss: 2 })).toBeNull()
  })
})
