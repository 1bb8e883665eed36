import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readSafetensorsHeader } from '../../artifacts/verify.ts'
import type { Command } from '../../jobs/command.ts'
import { verdictFile } from '../../jobs/servers/verdict.ts'
import { honeCache } from '../../services/home.ts'
import { bringUpPython, madeEnvironment, trainerFolder } from '../../services/python.ts'
import type { Python } from '../../services/python.ts'
import { llamafactory } from '../../trainers/llamafactory/llamafactory.ts'
import { optionNames } from '../../trainers/llamafactory/option-names.ts'
import type { SftRow } from '../../trainers/rows.ts'
import type { TrainingStage } from '../../trainers/stage.ts'
import type { StageRun, TrainerVerdict } from '../../trainers/trainer.ts'
import { adapters, each, sftStage } from '../trainers/llamafactory-stage.ts'

const minutes = 60_000
// The Python of HONE_ENV_LLAMAFACTORY, else of the environment that `hone env` made. The
// environment takes 6 GB, so no test makes it.
const product = process.env['HONE_ENV_LLAMAFACTORY'] ?? madeEnvironment('llamafactory', honeCache())?.python ?? null
const why = product === null ? ' (skipped: the environment is not made; `npx hone env llamafactory` makes it)' : ''

// A Qwen2.5-VL with random weights and four pictures, made by the functions that make the demo's
// model: see trainer/tests/conftest.py.
const makeModel = `
import sys
from pathlib import Path
import torch
from PIL import Image
from hone_trainer.base.architecture import make_model, make_processor
from hone_trainer.base.tokenizer import learn
from hone_trainer.config import BaseConfig
root = Path(sys.argv[1])
folder = root / "base"
settings = BaseConfig.model_validate({"kind": "base", "output": folder, "metrics": folder, "result": folder,
    "corpus": folder, "steps": 1, "learningRate": 1e-3, "hiddenSize": 32, "layers": 2, "heads": 2,
    "visionHiddenSize": 32, "visionDepth": 1, "vocabularySize": 320})
torch.manual_seed(7)
colours = {"red": (200, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 200), "grey": (128, 128, 128)}
texts = ["user", "assistant", "system", *(f"What colour is it? <answer>{name}</answer>" for name in colours)]
processor = make_processor(learn(texts * 5, settings.vocabulary_size), settings)
make_model(processor.tokenizer, settings).to(torch.bfloat16).save_pretrained(folder)
processor.save_pretrained(folder)
for place, (name, colour) in enumerate(colours.items()):
    Image.new("RGB", (56 + 28 * (place % 2), 56), colour).save(root / f"{name}.png")
`

let root = ''
let trl: Python

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a program to its end. Kills it when the test ends first. */
function ran(argv: readonly string[], cwd: string, env: Record<string, string>, signal?: AbortSignal): Promise<Ended> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, killSignal: 'SIGKILL', signal })
    const text = { stdout: '', stderr: '' }
    child.stdout.on('data', (piece: Buffer) => (text.stdout += piece.toString()))
    child.stderr.on('data', (piece: Buffer) => (text.stderr += piece.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...text }))
  })
}

const runCommand = ({ argv, cwd, env }: Command, signal?: AbortSignal) =>
  ran(argv, cwd, { ...env, OMP_NUM_THREADS: '1' }, signal)

const runIn = (name: string, rest: Partial<StageRun> = {}): StageRun => ({
  key: `test/${name}`,
  here: join(root, name),
  there: join(root, name),
  see: (path) => path,
  environment: { name: 'llamafactory', python: product ?? '', env: {}, setup: [], prefix: [] },
  attempt: 1,
  weights: { startFrom: join(root, 'base'), base: join(root, 'base') },
  reward: null,
  resume: null,
  ...rest,
})

const rows = (): SftRow[] =>
  ['red', 'green', 'blue', 'grey'].map((name) => ({
    id: name,
    images: [join(root, `${name}.png`)],
    messages: [
      { role: 'user', content: '<image>What colour is it?' },
      { role: 'assistant', content: `<answer>${name}</answer>` },
    ],
  }))

const small = { learningRate: 1e-3, batchSize: 4, maxSteps: 6, saveEverySteps: 3, logEverySteps: 1 }

/** Materializes and trains a stage. The trainer then judges the result. */
async function trained(
  stage: TrainingStage,
  run: StageRun,
  signal?: AbortSignal,
): Promise<Ended & { verdict: TrainerVerdict }> {
  await llamafactory.materialize(stage, each(rows()), run)
  const ended = await runCommand(llamafactory.command(stage, run), signal)
  const status = { state: ended.code === 0 ? ('succeeded' as const) : ('failed' as const), exitCode: ended.code ?? 1 }
  return { ...ended, verdict: await llamafactory.verdict(stage, run, { status, logs: ended }) }
}

/** A verdict with the end of the log, so that a failing test shows the log. */
const told = ({ verdict, stderr }: Ended & { verdict: TrainerVerdict }) => ({ ...verdict, log: stderr.slice(-2_000) })

/**
 * The verdict on the weights of the serving environment, which has another version of transformers.
 */
async function verified(model: string) {
  const argv = [trl.python, '-m', 'hone_trainer', 'verify', '--model', model, '--base', join(root, 'base')]
  const { stdout, stderr } = await ran(argv, trainerFolder, { ...trl.env, OMP_NUM_THREADS: '1' })
  const said = stdout.trim().split('\n').at(-1) ?? ''
  if (!said.startsWith('{')) throw new Error(`hone_trainer verify said no verdict:\n${stdout}\n${stderr}`)
  return verdictFile.parse(JSON.parse(said))
}

/** Number formats of a folder's tensors. */
async function tensorFormats(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'))
  const headers = await Promise.all(names.map((name) => readSafetensorsHeader(join(folder, name))))
  return [...new Set(headers.flatMap((header) => [...header.values()].map(({ dtype }) => dtype)))]
}

const whole = { loads: true, sameKeys: true, weightsDiffer: true, generates: true, problems: [] }

const lossesOf = async (run: StageRun): Promise<[number, number][]> => {
  const [log] = llamafactory.logs(run)
  const lines = (await readFile(log?.path ?? '', 'utf8')).trim().split('\n')
  return lines.flatMap((line): [number, number][] => {
    const logged = log?.read(JSON.parse(line)) ?? null
    return logged === null || logged === 'skip' ? [] : [[logged.step, logged.values['loss'] ?? Number.NaN]]
  })
}

describe.skipIf(product === null)(`LLaMA-Factory itself${why}`, () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'hone llamafactory '))
    trl = await bringUpPython()
    const { code, stderr } = await ran([trl.python, '-c', makeModel, root], trainerFolder, trl.env)
    if (code !== 0) throw new Error(`the model was not made:\n${stderr}`)
  }, 15 * minutes)

  afterAll(() => rm(root, { recursive: true, force: true }))

  test(
    'trains all weights, in the number format of the start, which load where models are served',
    async ({ signal }) => {
      const done = await trained(sftStage(small), runIn('full'), signal)
      const output = join(root, 'full', 'output')
      expect(told(done)).toMatchObject({ outcome: 'ok', output, stepsDone: 6, rowsRead: 4 })
      expect(done.stdout).toContain("template qwen2_vl, default system ''")
      expect(await verified(output)).toMatchObject(whole)
      expect(await tensorFormats(output)).toEqual(['BF16'])
      // All files except the weights are those of the starting model: the product's own files would
      // change how the model is served.
      for (const name of ['config.json', 'tokenizer_config.json', 'processor_config.json', 'generation_config.json'])
        expect(await readFile(join(output, name))).toEqual(await readFile(join(root, 'base', name)))
    },
    20 * minutes,
  )

  test(
    'goes on from a checkpoint of an earlier attempt as if it had never stopped',
    async ({ signal }) => {
      const saved = await llamafactory.checkpoints(runIn('full'))
      expect(saved.map(({ step, complete }) => [step, complete])).toEqual([
        [6, true],
        [3, true],
      ])
      const resumed = runIn('resumed', { attempt: 2, resume: saved[1] ?? null })
      const done = await trained(sftStage(small), resumed, signal)
      expect(told(done)).toMatchObject({ outcome: 'ok', stepsDone: 6 })
      expect(await lossesOf(resumed)).toEqual((await lossesOf(runIn('full'))).filter(([step]) => step > 3))
    },
    20 * minutes,
  )

  test(
    'goes on in its own folder when its scheduler starts it again, and only puts the weights out when it was done',
    async ({ signal }) => {
      const run = runIn('full')
      const losses = await lossesOf(run)
      for (const name of ['trainer_state.json', 'checkpoint-6', 'trainer_log.jsonl'])
        await rm(join(root, 'full', 'train', name), { recursive: true })
      const again = await runCommand(llamafactory.command(sftStage(small), run), signal)
      expect(again.stdout).toContain('goes on from train/checkpoint-3')
      expect(await lossesOf(run)).toEqual(losses.filter(([step]) => step > 3))

      await rm(join(root, 'full', 'output'), { recursive: true })
      const third = await runCommand(llamafactory.command(sftStage(small), run), signal)
      expect(third).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Running training') })
      expect(await tensorFormats(join(root, 'full', 'output'))).toEqual(['BF16'])
    },
    20 * minutes,
  )

  test(
    'trains adapters and merges them by a job of its own',
    async ({ signal }) => {
      const run = runIn('adapters')
      const stage = sftStage({ ...small, learningRate: 1e-2, lora: adapters })
      const done = await trained(stage, run, signal)
      expect(told(done)).toMatchObject({ outcome: 'ok', stepsDone: 6, rowsRead: 4 })
      const merge = llamafactory.finalize(stage, run)
      if (merge === null) throw new Error('adapters want a job that merges them')
      const merged = await runCommand(merge, signal)
      expect({ code: merged.code, log: merged.stderr.slice(-2_000) }).toMatchObject({ code: 0 })
      const output = join(root, 'adapters', 'output')
      expect(await verified(output)).toMatchObject(whole)
      expect(await tensorFormats(output)).toEqual(['BF16'])
    },
    20 * minutes,
  )

  test(
    'a template that renders other prompts than the checkpoint’s own is refused, with the difference',
    async ({ signal }) => {
      const { verdict } = await trained(
        sftStage(small, { options: { template: 'qwen2_vl', default_system: 'You are a helpful assistant.' } }),
        runIn('other'),
        signal,
      )
      expect(verdict).toMatchObject({
        outcome: 'fatal',
        reason: expect.stringMatching(
          /the template qwen2_vl: it renders row red from token 1 on as .*You are.* where the checkpoint/,
        ),
      })
    },
    20 * minutes,
  )

  test(
    'a loss that is no number is no success',
    async ({ signal }) => {
      const done = await trained(sftStage({ ...small, learningRate: 1e30 }), runIn('diverged'), signal)
      expect(told(done)).toMatchObject({
        outcome: 'fatal',
        reason: expect.stringContaining('no number'),
      })
    },
    20 * minutes,
  )

  test(
    'its keys are those that options are compared with',
    async ({ signal }) => {
      const script =
        'import dataclasses, json\nfrom llamafactory.hparams.parser import _TRAIN_ARGS\n' +
        'print(json.dumps(sorted({f.name for c in _TRAIN_ARGS for f in dataclasses.fields(c) if f.init})))'
      const { stdout } = await ran([product ?? '', '-c', script], root, {}, signal)
      expect(z.array(z.string()).parse(JSON.parse(stdout))).toEqual([...optionNames].sort())
    },
    5 * minutes,
  )
})
