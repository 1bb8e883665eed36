import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { storageError } from '../../artifacts/storage-error.ts'
import { verifyCheckpointFiles, verifyWeightFiles } from '../../artifacts/verify.ts'
import { canonicalJson } from '../../domain/canonical.ts'
import { HoneError } from '../../domain/errors.ts'
import { readIfThere, readJsonFile } from '../job-files.ts'
import { rlRow, sftRow } from '../trainer.ts'
import type {
  PlannedFile,
  RewardPlan,
  RlRow,
  SftRow,
  TrainerBackend,
  TrainerCheckpoint,
  TrainerVerdict,
  TrainingStage,
} from '../trainer.ts'
import { judgeFailure } from './trl-failures.ts'

/** The Python that runs `hone_trainer`, and what its environment needs to find the package. */
export interface TrlOptions {
  python: string
  env: Record<string, string>
}

const paths = (directory: string) => ({
  data: join(directory, 'train.jsonl'),
  config: join(directory, 'config.json'),
  plan: join(directory, 'plan.json'),
  metrics: join(directory, 'metrics.jsonl'),
  result: join(directory, 'result.json'),
  checkpoints: join(directory, 'checkpoints'),
  snapshots: join(directory, 'snapshots'),
  output: join(directory, 'output'),
})

/** What materialize wrote, kept beside it: the trainer must read as many rows. */
const planFile = z.object({ rows: z.int(), steps: z.int().nullable() })

const resultFile = z.object({
  stepsPlanned: z.int(),
  stepsDone: z.int(),
  rowsRead: z.int(),
  seconds: z.number(),
  verified: z.object({
    loads: z.boolean(),
    sameKeys: z.boolean(),
    weightsDiffer: z.boolean(),
    generates: z.boolean(),
    problems: z.array(z.string()).default([]),
  }),
})

// Names of TRL's trainers and of the reward client's parts: trainer/hone_trainer/reward.py, TRL 1.16 `grpo_trainer.py`.
const canonicalNames: Readonly<Record<string, string>> = {
  loss: 'loss',
  reward: 'reward.mean',
  reward_std: 'reward.std',
  kl: 'kl',
  entropy: 'entropy',
  'completions/mean_length': 'completion.len.mean',
  'completions/clipped_ratio': 'completion.clipped',
  grad_norm: 'grad_norm',
  learning_rate: 'lr',
  epoch: 'epoch',
  totalSteps: 'totalSteps',
  num_tokens: 'tokens',
}

function badRow(stage: TrainingStage, line: number, why: string): HoneError {
  return new HoneError({
    type: 'InvalidInput',
    message: `Row ${line} of the dataset of ${stage.key} cannot be trained on: ${why}.`,
    nextStep: 'Look at the step that made the row; each image needs one <image> mark in the text.',
  })
}

function rowText(stage: TrainingStage, row: SftRow | RlRow, line: number): string {
  const parsed = stage.kind === 'sft' ? sftRow.safeParse(row) : rlRow.safeParse(row)
  if (!parsed.success) throw badRow(stage, line, z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const turns = 'messages' in parsed.data ? parsed.data.messages : parsed.data.prompt
  const marks = turns.reduce((count, { content }) => count + content.split('<image>').length - 1, 0)
  if (marks !== parsed.data.images.length) {
    throw badRow(stage, line, `it has ${marks} <image> marks and ${parsed.data.images.length} images`)
  }
  return `${canonicalJson(parsed.data)}\n`
}

/** Writes pieces under a temporary name, then renames: a job that starts finds a whole file or none. */
async function writeWhole(path: string, pieces: AsyncIterable<string>): Promise<PlannedFile & { pieces: number }> {
  const draft = `${path}.draft`
  const hash = createHash('sha256')
  let bytes = 0
  let count = 0
  try {
    const file = await open(draft, 'w')
    try {
      for await (const piece of pieces) {
        const content = Buffer.from(piece)
        hash.update(content)
        bytes += content.length
        count += 1
        await file.writeFile(content)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    throw storageError(error, path)
  }
  return { path: path.slice(path.lastIndexOf('/') + 1), hash: hash.digest('hex'), bytes, pieces: count }
}

async function* rowTexts(stage: TrainingStage): AsyncGenerator<string> {
  let line = 0
  for await (const row of stage.rows) {
    line += 1
    yield rowText(stage, row, line)
  }
}

async function* one(text: string): AsyncGenerator<string> {
  yield text
}

function rewardOf({ url, name, tokenEnv, timeoutSeconds, judge, onFailure }: RewardPlan): RewardPlan {
  return { url, name, tokenEnv, timeoutSeconds, onFailure, ...(judge !== undefined && { judge }) }
}

/** The settings file of trainer/hone_trainer/config.py. It refuses keys it does not know, so every key here is meant. */
function configOf(stage: TrainingStage, directory: string): Record<string, unknown> {
  const { data, metrics, result, checkpoints, output } = paths(directory)
  const { scheduler, ...settings } = stage.settings
  return {
    ...settings,
    kind: stage.kind,
    scheduler: scheduler === 'constant' ? 'constant_with_warmup' : scheduler,
    model: stage.startFrom.path,
    base: stage.base.path,
    seed: stage.seed,
    resumeFrom: stage.resumeFrom ?? null,
    data,
    metrics,
    result,
    checkpoints,
    output,
    ...(stage.kind === 'grpo' ? { reward: rewardOf(stage.reward) } : {}),
  }
}

/** The text of `config.json`: the same stage in the same folder gives the same bytes. */
export const configText = (stage: TrainingStage, directory: string): string =>
  `${canonicalJson(configOf(stage, directory))}\n`

function plannedSteps(stage: TrainingStage): number | null {
  return stage.kind === 'grpo' ? stage.settings.steps : (stage.settings.maxSteps ?? null)
}

async function materialize(stage: TrainingStage, directory: string): Promise<{ files: PlannedFile[]; rows: number }> {
  const { data, config, plan } = paths(directory)
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw storageError(error, directory)
  })
  const { pieces: rows, ...dataFile } = await writeWhole(data, rowTexts(stage))
  if (rows === 0) {
    throw new HoneError({
      type: 'EmptyDataset',
      message: `No row was left to train ${stage.key} on.`,
      nextStep: 'Look with `hone show` at why the steps before it dropped their rows.',
    })
  }
  const { pieces: _, ...configFile } = await writeWhole(config, one(configText(stage, directory)))
  await writeWhole(plan, one(`${canonicalJson({ rows, steps: plannedSteps(stage) })}\n`))
  return { files: [dataFile, configFile], rows }
}

/** Folders in `folder` that are named `<prefix>-<step>`. */
async function stepFolders(folder: string, prefix: string): Promise<{ step: number; path: string }[]> {
  const names = await readdir(folder).catch((): string[] => [])
  return names.flatMap((name) => {
    const step = name.startsWith(`${prefix}-`) ? Number(name.slice(prefix.length + 1)) : Number.NaN
    return Number.isInteger(step) ? [{ step, path: join(folder, name) }] : []
  })
}

/** `step-<n>` folders appear by rename when they are whole; a full disk may still have cut their weights. */
async function listSnapshots(directory: string): Promise<{ step: number; path: string }[]> {
  const folders = await stepFolders(paths(directory).snapshots, 'step')
  const reports = await Promise.all(folders.map(({ path }) => verifyCheckpointFiles(path)))
  return folders.filter((_, index) => reports[index]?.problems.length === 0).sort((a, b) => a.step - b.step)
}

/** `checkpoint-<step>` folders. `trainer_state.json` is written last; weights may still be cut by a full disk. */
async function listCheckpoints(directory: string): Promise<TrainerCheckpoint[]> {
  const folders = await stepFolders(paths(directory).checkpoints, 'checkpoint')
  const found = await Promise.all(folders.map(({ path, step }) => describeCheckpoint(path, step)))
  return found.sort((a, b) => Number(b.complete) - Number(a.complete) || b.step - a.step)
}

async function describeCheckpoint(path: string, step: number): Promise<TrainerCheckpoint> {
  const state = await readIfThere(join(path, 'trainer_state.json'))
  const complete =
    state !== null && state.trimEnd().endsWith('}') && (await verifyWeightFiles(path)).problems.length === 0
  return { step, path, complete }
}

async function judgeSuccess(directory: string): Promise<TrainerVerdict> {
  const { plan, result, output } = paths(directory)
  const fatal = (reason: string, nextStep: string): TrainerVerdict => ({ outcome: 'fatal', reason, nextStep })
  const planned = await readJsonFile(plan, planFile)
  const done = await readJsonFile(result, resultFile)
  if (done === null || planned === null) {
    return { outcome: 'retryable', reason: 'it ended with exit code 0 and wrote no result' }
  }
  const wanted = Math.max(done.stepsPlanned, planned.steps ?? 0)
  if (done.stepsDone < wanted) {
    return { outcome: 'retryable', reason: `it made ${done.stepsDone} of ${wanted} steps` }
  }
  if (done.rowsRead !== planned.rows) {
    const reason = `the trainer read ${done.rowsRead} rows of ${planned.rows}`
    return fatal(reason, 'Rows were dropped silently: look at the start of its log for why.')
  }
  const { problems, ...checks } = done.verified
  const unmet = Object.entries(checks).flatMap(([name, met]) => (met ? [] : [name]))
  if (unmet.length > 0) {
    const reason = `the trained weights failed a check (${unmet.join(', ')}): ${problems.join('; ')}`
    return fatal(reason, 'If weights do not differ, look at learning rate and rewards; else at the trainer’s log.')
  }
  const { problems: broken } = await verifyCheckpointFiles(output)
  if (broken.length > 0) {
    return fatal(
      `the trained weights are not whole: ${broken.join('; ')}`,
      'Look for a full disk, then retry the step.',
    )
  }
  return { outcome: 'ok', output, stepsDone: done.stepsDone, rowsRead: done.rowsRead, seconds: done.seconds }
}

/**
 * Trains with TRL's SFTTrainer and GRPOTrainer through the project's Python package `hone_trainer`. One folder an
 * attempt: settings and rows go in, metrics, checkpoints, weights (`output/`) and result come out.
 */
export function createTrlBackend({ python, env }: TrlOptions): TrainerBackend {
  return {
    name: 'trl',
    capabilities: () => ({
      kinds: ['sft', 'grpo'],
      tuning: ['full'],
      multiImage: true,
      resume: 'path',
      rewardModes: ['http'],
      needsRay: false,
      minGpus: 0,
    }),
    materialize,
    command: (stage, directory, attempt) => ({
      argv: [python, '-m', 'hone_trainer', stage.kind, '--config', paths(directory).config],
      env: { PYTHONUNBUFFERED: '1', ...env, HONE_STAGE: stage.key, HONE_ATTEMPT: String(attempt) },
      secretEnv: stage.kind === 'grpo' && stage.reward.tokenEnv !== null ? [stage.reward.tokenEnv] : [],
      cwd: directory,
      gracePeriodSeconds: 15,
      resources: {},
    }),
    metrics: (directory) => [{ path: paths(directory).metrics, format: 'jsonl-flat' }],
    canonical: (name) => canonicalNames[name] ?? (name.startsWith('reward/') ? `reward.${name.slice(7)}` : null),
    checkpoints: listCheckpoints,
    snapshots: listSnapshots,
    finalize: () => null,
    success: async (directory, { status, logs }) => {
      if (status.state === 'succeeded') return judgeSuccess(directory)
      return judgeFailure(status, logs, (await readIfThere(paths(directory).metrics)) !== null)
    },
  }
}
