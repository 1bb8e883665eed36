import { z } from 'zod'
import { contentHash } from '../artifacts/hash.ts'
import type { JobResources } from '../jobs/command.ts'

/** A JSON value: what a product's own options hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A product's own keys by name, passed through to the product as they are, and hashed. */
export type TrainerOptions = { readonly [key: string]: Json }

/** Low-rank adapters in place of all weights. They are merged at the end: a checkpoint is always whole weights. */
export const loraSettings = z.strictObject({
  rank: z.int().positive(),
  /** Scale of the update is alpha / rank (Hu et al. 2021, arXiv 2106.09685, section 4.1). */
  alpha: z.number().positive(),
  dropout: z.number().min(0).max(1),
  /** Names of the layers that get adapters; all linear layers when left out. */
  targetModules: z.array(z.string().min(1)).min(1).optional(),
  /** Leaves the vision tower without adapters: not every server takes them there. */
  excludeVision: z.boolean(),
})
export type LoraSettings = z.infer<typeof loraSettings>

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
  /** All weights are trained where this is left out. */
  lora: loraSettings.optional(),
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

/** How a step's loss is averaged; see docs/rewards.md for the paper of each. */
export const lossNames = ['grpo', 'dr_grpo', 'dapo', 'bnpo', 'cispo'] as const

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
  /** The loss; `grpo` when left out. */
  loss: z.enum(lossNames).optional(),
  /** `sequence` is GSPO (arXiv 2507.18071); `token` when left out. */
  importanceSampling: z.enum(['token', 'sequence']).optional(),
  /** Weights to keep besides the end's: every so many steps, over the last so many. Left out where none are wanted. */
  snapshots: z.strictObject({ every: z.int().positive(), last: z.int().positive() }).optional(),
})
export type GrpoSettings = z.infer<typeof grpoSettings>

/** How completions are scored. Where, is the run's business. */
export interface RewardSpec {
  name: string
  /** Id of the judge that the reward server is to ask (verifier/judge/judge-file.ts); the server's own when left out. */
  judge?: string
  onFailure: 'abstain' | 'zero'
}

interface StageBase {
  /** Names the stage in files and logs, e.g. `demo/round/1/sft`. */
  key: string
  /** Hash of the weights that the training starts from. */
  startFrom: string
  /** Hash of round 0's weights: what the trained ones must look like. */
  base: string
  /** Hash of the dataset. */
  rowsHash: string
  seed: number
  options: TrainerOptions
  resources: JobResources
}

/** One training job as the domain sees it: no rows, no path of a machine. */
export type TrainingStage =
  | (StageBase & { kind: 'sft'; settings: SftSettings })
  | (StageBase & { kind: 'grpo'; settings: GrpoSettings; reward: RewardSpec })

/**
 * Hash of all that decides what a stage computes. Places do not count (folders, the reward server's address, the
 * number of devices), because a worker that comes back may have other ones and must still find its job.
 */
export function stageHash(trainer: string, stage: TrainingStage): string {
  return contentHash({
    trainer,
    kind: stage.kind,
    startFrom: stage.startFrom,
    base: stage.base,
    rows: stage.rowsHash,
    settings: stage.settings,
    seed: stage.seed,
    reward: stage.kind === 'grpo' ? rewardIdentity(stage.reward) : null,
    // Stages of before there were options keep their hashes.
    ...(Object.keys(stage.options).length > 0 && { options: stage.options }),
  })
}

/** Without a judge the fields of before there were any: stages keep their hashes. */
const rewardIdentity = ({ name, onFailure, judge }: RewardSpec): RewardSpec => ({
  name,
  onFailure,
  ...(judge !== undefined && { judge }),
})
