import { z } from 'zod'
import { stepName } from '../ids.ts'
import { servingWish, trainingWish } from './jobs.ts'

/**
 * Weights a training starts from: the base model, the parent round's checkpoint or an earlier
 * training step of this round.
 */
const startWeights = z.union([z.literal('base'), z.literal('parent'), stepName])

/** Low-rank adapters (arXiv 2106.09685). */
const lora = z.strictObject({
  rank: z.int().positive().default(16),
  /** Scale of the update is alpha / rank. */
  alpha: z.number().positive().default(32),
  dropout: z.number().min(0).max(1).default(0),
  /** Names of the layers that get adapters; all linear layers when absent. */
  targetModules: z.array(z.string().min(1)).min(1).optional(),
  /** Leaves the vision tower without adapters: not every trainer and server supports them there. */
  excludeVision: z.boolean().default(true),
})

/** Who writes the completions of RL when the trainer's own model does not. */
const generation = z.strictObject({
  engine: z.literal('vllm'),
  /** `colocate`: on the training's own devices. `server`: on a server that already runs. */
  mode: z.enum(['colocate', 'server']).default('colocate'),
  serverUrl: z.url().optional(),
  gpuMemoryShare: z.number().positive().max(1).optional(),
  tensorParallel: z.int().positive().optional(),
  maxModelTokens: z.int().positive().optional(),
})

const optimiser = {
  learningRate: z.number().positive().max(1),
  scheduler: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  warmupRatio: z.number().min(0).max(1).default(0.1),
  weightDecay: z.number().min(0).default(0),
  precision: z.enum(['auto', 'fp32', 'bf16']).default('auto'),
  freezeVision: z.boolean().default(false),
  imageMaxPixels: z.int().positive().optional(),
  saveEverySteps: z.int().positive().default(100),
  /** Rows (SFT) or completions (RL) on a device at once; the trainer's choice when absent. */
  microBatchSize: z.int().positive().optional(),
  /** Trains low-rank adapters and merges them at the end; all weights are trained when absent. */
  lora: lora.optional(),
  ...trainingWish,
}

/** Supervised fine-tuning. Starts from the base model by default: only data crosses rounds. */
export const sftStep = z.strictObject({
  step: z.literal('sft'),
  name: stepName.optional(),
  from: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  startFrom: startWeights.default('base'),
  ...optimiser,
  /** Global batch, in rows. */
  batchSize: z.int().positive().default(32),
  epochs: z.number().positive().optional(),
  steps: z.int().positive().optional(),
})
export type SftStep = z.infer<typeof sftStep>

/** Rewards by name (verifier/reward.ts). */
export const rewardNames = ['accuracy', 'format-and-accuracy', 'accuracy-with-explanation', 'weighted'] as const

const phase = z.strictObject({
  name: stepName.optional(),
  from: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  steps: z.int().positive().optional(),
  /** Completion length cap, in tokens. */
  maxCompletionTokens: z.int().positive().optional(),
  /** Group size: completions for each prompt. */
  generations: z.int().min(2).optional(),
  learningRate: z.number().positive().max(1).optional(),
  freezeVision: z.boolean().optional(),
})
export type RlPhase = z.infer<typeof phase>

/**
 * GRPO against the verifier. Phases run one after the other; each phase starts from the weights of
 * the phase before.
 */
export const rlStep = z.strictObject({
  step: z.literal('rl'),
  name: stepName.optional(),
  from: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** The last training step of this round when absent, else the base model. */
  startFrom: startWeights.optional(),
  ...optimiser,
  learningRate: optimiser.learningRate.default(1e-6),
  reward: z.enum(rewardNames).default('accuracy'),
  /**
   * Endpoint (with a URL) of a judge for the answers that rules leave open; the reward server's own
   * judge, if it has one, when absent.
   */
  judge: z.string().min(1).optional(),
  onRewardFailure: z.enum(['abstain', 'zero']).default('abstain'),
  promptsPerStep: z.int().positive().default(16),
  generations: z.int().min(2).default(8),
  steps: z.int().positive().default(100),
  maxCompletionTokens: z.int().positive().default(2048),
  temperature: z.number().positive().max(2).default(1),
  topP: z.number().positive().max(1).default(1),
  /** Weight of the KL term in the loss. */
  klBeta: z.number().min(0).default(0),
  epsilonLow: z.number().positive().default(0.2),
  epsilonHigh: z.number().positive().default(0.2),
  /** Groups whose completions all score the same carry no signal: leave them out of the step. */
  dropZeroSpread: z.boolean().default(true),
  /**
   * How a step's loss is averaged; `grpo` when absent. `cispo` wants an epsilonHigh of 1 or more.
   */
  loss: z.enum(['grpo', 'dr_grpo', 'dapo', 'bnpo', 'cispo']).optional(),
  /** `sequence` is GSPO (arXiv 2507.18071); `token` when absent. */
  importanceSampling: z.enum(['token', 'sequence']).optional(),
  /** Group over which the spread is taken that advantages are divided by; `group` when absent. */
  scaleRewards: z.enum(['group', 'batch', 'none']).optional(),
  generation: generation.optional(),
  phases: z.array(phase).min(1).optional(),
  /**
   * Weights of the last phase to keep besides its end: every `every` steps, over the last `last`
   * steps.
   */
  snapshots: z.strictObject({ every: z.int().positive(), last: z.int().positive() }).optional(),
})
export type RlStep = z.infer<typeof rlStep>

/** Measures a checkpoint of this round on benchmarks. */
export const evaluateStep = z.strictObject({
  step: z.literal('evaluate'),
  name: stepName.optional(),
  /**
   * The training step, or a phase of one, whose checkpoint is measured; the last step with weights
   * before this one when absent.
   */
  of: stepName.optional(),
  /** All of the recipe's benchmarks when absent. */
  benchmarks: z.array(stepName).min(1).optional(),
  concurrency: z.int().min(1).max(4096).default(128),
  serve: servingWish.optional(),
})
export type EvaluateStep = z.infer<typeof evaluateStep>

/**
 * Evaluates the weights that an RL step kept (its `snapshots`) and its end, and goes on with the
 * best. Vision-R1's ablations take the best of evaluations every 5 steps over the last 50 (arXiv
 * 2503.06749). The score that chose a checkpoint is too high by chance: evaluate again afterwards.
 */
export const selectCheckpointStep = z.strictObject({
  step: z.literal('select-checkpoint'),
  name: stepName.optional(),
  /** The RL step whose weights are compared; the last one before this step when absent. */
  of: stepName.optional(),
  /** A benchmark with role `dev`: the report split never chooses. */
  benchmark: stepName,
  concurrency: z.int().min(1).max(4096).default(128),
  serve: servingWish.optional(),
})
export type SelectCheckpointStep = z.infer<typeof selectCheckpointStep>

/**
 * Compares the round with another round and decides. Looks at the end of a round, never after SFT.
 */
export const gateStep = z.strictObject({
  step: z.literal('gate'),
  name: stepName.optional(),
  /** A benchmark with role `dev`: gates never read the report split. */
  benchmark: stepName,
  against: z.enum(['parent', 'base']).default('parent'),
  marginPercent: z.number().min(0).max(100).default(2),
  /**
   * rollback: the head stays at the parent, the next round starts there. pause: wait for a person.
   */
  onRegress: z.enum(['rollback', 'pause', 'continue']).default('pause'),
  onInconclusive: z.enum(['rollback', 'pause', 'continue']).default('continue'),
})
export type GateStep = z.infer<typeof gateStep>
