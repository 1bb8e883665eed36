import { z } from 'zod'
import { contentHash } from '../artifacts/hash.ts'
import { answerPolicy } from '../domain/answer-check.ts'
import { rewardKinds } from '../domain/rows.ts'
import type { CommandPlan, JobLogs, JobStatus } from './launcher.ts'
import type { MetricSource } from './metrics.ts'

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const images = z.array(z.string().startsWith('/', 'must be an absolute path'))

/** A conversation to imitate. `<image>` in a turn marks where each image belongs; images are absolute paths. */
export const sftRow = z.object({ id: z.string(), images, messages: z.array(message).min(2) })
export type SftRow = z.infer<typeof sftRow>

/** A question to practise on, with what the verifier compares answers with. */
export const rlRow = z.object({
  id: z.string(),
  images,
  prompt: z.array(message).min(1),
  answer: z.string(),
  kind: z.string(),
  choices: z.array(z.string()).nullable(),
  precision: z.int().optional(),
  policy: answerPolicy.optional(),
  reward: z.enum(rewardKinds).optional(),
})
export type RlRow = z.infer<typeof rlRow>

const optimiser = {
  learningRate: z.number().positive(),
  scheduler: z.enum(['cosine', 'linear', 'constant']),
  /** Share of the steps. A constant rate is warmed up too. */
  warmupRatio: z.number().min(0).max(1),
  weightDecay: z.number().min(0),
  /** Rows (SFT) or completions (GRPO) on a device at once. */
  microBatchSize: z.int().positive().optional(),
  saveEverySteps: z.int().positive().nullable().default(null),
  logEverySteps: z.int().positive().default(5),
  precision: z.enum(['auto', 'fp32', 'bf16']),
  freezeVision: z.boolean(),
  imageMinPixels: z.int().positive().nullable().default(null),
  imageMaxPixels: z.int().positive().nullable().default(null),
  /** CPU threads; the trainer's own choice when left out. */
  threads: z.int().positive().optional(),
}

/** Settings of supervised fine-tuning; exactly one of `maxSteps` and `epochs`. */
export const sftSettings = z
  .strictObject({
    ...optimiser,
    /** Global batch, in rows. */
    batchSize: z.int().positive(),
    maxSteps: z.int().positive().optional(),
    epochs: z.number().positive().optional(),
  })
  .refine(({ maxSteps, epochs }) => (maxSteps === undefined) !== (epochs === undefined), {
    error: 'give exactly one of maxSteps and epochs',
  })
export type SftSettings = z.infer<typeof sftSettings>

/** Settings of GRPO: one step takes `promptsPerStep` questions and `generations` completions of each. */
export const grpoSettings = z.strictObject({
  ...optimiser,
  steps: z.int().positive(),
  promptsPerStep: z.int().positive(),
  generations: z.int().min(2),
  maxCompletionTokens: z.int().positive(),
  temperature: z.number().positive(),
  topP: z.number().positive().max(1),
  klBeta: z.number().min(0),
  epsilonLow: z.number().positive(),
  epsilonHigh: z.number().positive(),
  dropZeroSpread: z.boolean(),
  /** Weights to keep besides the end's: every so many steps, over the last so many. Left out where none are wanted. */
  snapshots: z.strictObject({ every: z.int().positive(), last: z.int().positive() }).optional(),
})
export type GrpoSettings = z.infer<typeof grpoSettings>

/** Where completions are scored. `tokenEnv` names the variable that holds the token. */
export interface RewardPlan {
  url: string
  name: string
  tokenEnv: string | null
  timeoutSeconds: number
  /** Id of the judge that the reward server is to ask (verifier/judge/judge-file.ts); the server's own, if any, when left out. */
  judge?: string
  onFailure: 'abstain' | 'zero'
}

/** Weights: a folder in Hugging Face layout, and the hash of its tree. */
export interface Weights {
  path: string
  hash: string
}

interface StageBase {
  /** Names the stage in files and logs, e.g. `demo/round/1/sft`. */
  key: string
  startFrom: Weights
  /** Round 0's weights: what the trained ones must look like. */
  base: Weights
  /** Hash of the dataset that `rows` yields. */
  rowsHash: string
  seed: number
  /** A complete trainer checkpoint of an earlier attempt at the same stage. */
  resumeFrom?: string | null
}

/** One training job as the domain sees it. Rows are streamed: a dataset need not fit in memory. */
export type TrainingStage =
  | (StageBase & { kind: 'sft'; rows: AsyncIterable<SftRow>; settings: SftSettings })
  | (StageBase & { kind: 'grpo'; rows: AsyncIterable<RlRow>; settings: GrpoSettings; reward: RewardPlan })

export interface TrainerCapabilities {
  kinds: readonly ('sft' | 'grpo')[]
  tuning: readonly ('full' | 'lora')[]
  multiImage: boolean
  /** How a job goes on from a checkpoint: `path` when it is told which one. */
  resume: 'none' | 'auto' | 'path'
  rewardModes: readonly ('http' | 'file')[]
  needsRay: boolean
  minGpus: number
}

/** A file that a job reads: path relative to its folder. */
export interface PlannedFile {
  path: string
  hash: string
  bytes: number
}

export interface TrainerCheckpoint {
  step: number
  path: string
  /** Whole, so that a job may go on from it. */
  complete: boolean
}

/** What a trainer's files say about an ended job. Exit code 0 alone is no success. */
export type TrainerVerdict =
  | { outcome: 'ok'; output: string; stepsDone: number; rowsRead: number; seconds: number }
  | { outcome: 'retryable'; reason: string }
  | { outcome: 'fatal'; reason: string; nextStep: string }

/**
 * Plans jobs for one training product and reads what they leave. Starts no process; a launcher does. The same stage
 * gives the same bytes, so a second call over the same folder changes nothing.
 */
export interface TrainerBackend {
  readonly name: string
  capabilities(): TrainerCapabilities
  /** Writes dataset and settings into `directory`. Throws EmptyDataset without rows and InvalidInput for a bad row. */
  materialize(stage: TrainingStage, directory: string): Promise<{ files: PlannedFile[]; rows: number }>
  /** `attempt` counts from 1. */
  command(stage: TrainingStage, directory: string, attempt: number): CommandPlan
  metrics(directory: string): MetricSource[]
  /** Our name of a metric (loss, reward.mean, reward.std, reward.<part>, kl, entropy, …); null when it has none. */
  canonical: (name: string) => string | null
  /** Newest complete one first. */
  checkpoints(directory: string): Promise<TrainerCheckpoint[]>
  /** Weights that the job kept of single steps, whole ones only, in the order of their steps. */
  snapshots(directory: string): Promise<{ step: number; path: string }[]>
  /** A job that turns the last checkpoint into Hugging Face weights; null when the trainer does so itself. */
  finalize(directory: string): CommandPlan | null
  success(directory: string, exit: { status: JobStatus; logs: JobLogs }): Promise<TrainerVerdict>
}

/**
 * Hash of all that decides what a stage computes. Places do not count (folders, the reward server's address), because
 * a worker that comes back may have other ones and must still find its job.
 */
export function stageHash(trainer: string, stage: TrainingStage): string {
  const reward = stage.kind === 'grpo' ? identityOf(stage.reward) : null
  return contentHash({
    trainer,
    kind: stage.kind,
    startFrom: stage.startFrom.hash,
    base: stage.base.hash,
    rows: stage.rowsHash,
    settings: stage.settings,
    seed: stage.seed,
    reward,
  })
}

/** Without a judge the fields of before there were any: stages keep their hashes. */
function identityOf({ name, onFailure, judge }: RewardPlan): Pick<RewardPlan, 'name' | 'onFailure' | 'judge'> {
  return { name, onFailure, ...(judge !== undefined && { judge }) }
}
