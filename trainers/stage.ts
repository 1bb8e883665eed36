import { z } from 'zod'
import { contentHash } from '../artifacts/hash.ts'
import type { JobResources, ProductOptions } from '../domain/job-resources.ts'

/**
 * Low-rank adapters, trained instead of all weights. They are merged at the end, so a checkpoint is
 * always complete weights.
 */
const loraSettings = z.strictObject({
  rank: z.int().positive(),
  /** The scale of the update is alpha / rank (Hu et al. 2021, arXiv 2106.09685, section 4.1). */
  alpha: z.number().positive(),
  dropout: z.number().min(0).max(1),
  /** Names of the layers that get adapters. Default: all linear layers. */
  targetModules: z.array(z.string().min(1)).min(1).optional(),
  /** Leaves the vision tower without adapters, because some servers do not support them there. */
  excludeVision: z.boolean(),
})

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
  /** CPU threads. Default: the trainer's own choice. */
  threads: z.int().positive().optional(),
  /** Default: all weights are trained. */
  lora: loraSettings.optional(),
}

/** Settings of supervised fine-tuning, with exactly one of `maxSteps` and `epochs`. */
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

/** How a step's loss is averaged. docs/rewards.md names the paper of each. */
export const lossNames = ['grpo', 'dr_grpo', 'dapo', 'bnpo', 'cispo'] as const

/**
 * How vLLM generates the completions of GRPO. `colocate`: on the training's own devices. `server`:
 * by a running server at `serverUrl`.
 */
export const generationSettings = z.strictObject({
  engine: z.literal('vllm'),
  mode: z.enum(['colocate', 'server']),
  serverUrl: z.string().optional(),
  gpuMemoryShare: z.number().positive().max(1).optional(),
  tensorParallel: z.int().positive().optional(),
  maxModelTokens: z.int().positive().optional(),
})

/**
 * Settings of GRPO. One step takes `promptsPerStep` questions and `generations` completions of each
 * question.
 */
export const rlSettings = z.strictObject({
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
  /** The loss. Default: `grpo`. */
  loss: z.enum(lossNames).optional(),
  /** `sequence` is GSPO (arXiv 2507.18071). Default: `token`. */
  importanceSampling: z.enum(['token', 'sequence']).optional(),
  /** Advantages are divided by a spread over the group or the batch. Default: `group`. */
  scaleRewards: z.enum(['group', 'batch', 'none']).optional(),
  /** vLLM instead of the trainer's own model generates completions. Default: off. */
  generation: generationSettings.optional(),
  /**
   * Keeps the weights of every `every` steps over the last `last` steps, besides the final weights.
   * Default: none.
   */
  snapshots: z.strictObject({ every: z.int().positive(), last: z.int().positive() }).optional(),
})
export type RlSettings = z.infer<typeof rlSettings>

/** How completions are scored. The run says where they are scored. */
export interface RewardSpec {
  name: string
  /**
   * Id of the judge that the reward server asks (verifier/judge/judge-file.ts). Default: the
   * server's own judge.
   */
  judge?: string
  onFailure: 'abstain' | 'zero'
}

interface StageBase {
  /** The stage's name in files and logs, e.g. `demo/round/1/sft`. */
  key: string
  /** Hash of the start weights of the training. */
  startFrom: string
  /** Hash of the weights of round 0, whose tensor names the trained weights must have. */
  base: string
  /** Hash of the dataset. */
  rowsHash: string
  seed: number
  options: ProductOptions
  resources: JobResources
}

/** One training job in the domain's terms: without rows and without paths of a machine. */
export type TrainingStage =
  | (StageBase & { kind: 'sft'; settings: SftSettings })
  | (StageBase & { kind: 'rl'; settings: RlSettings; reward: RewardSpec })

/**
 * Hash of everything that decides the result of a stage. Places do not count (folders, the reward
 * server's address, the number of devices): a worker that comes back may have other places and must
 * still find its job.
 */
export function stageHash(trainer: string, stage: TrainingStage): string {
  return contentHash({
    trainer,
    // The hash uses the older word for RL, so that stages keep their hashes.
    kind: stage.kind === 'rl' ? 'grpo' : stage.kind,
    startFrom: stage.startFrom,
    base: stage.base,
    rows: stage.rowsHash,
    settings: stage.settings,
    seed: stage.seed,
    reward: stage.kind === 'rl' ? rewardIdentity(stage.reward) : null,
    // Stages from before options existed keep their hashes.
    ...(Object.keys(stage.options).length > 0 && { options: stage.options }),
  })
}

/**
 * The reward's part of the hash. Without a judge it has the fields from before judges existed, so
 * that stages keep their hashes.
 */
const rewardIdentity = ({ name, onFailure, judge }: RewardSpec): RewardSpec => ({
  name,
  onFailure,
  ...(judge !== undefined && { judge }),
})
