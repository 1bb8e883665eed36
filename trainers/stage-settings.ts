import type { RlPhase, RlStep, SftStep } from '../domain/recipe/steps.ts'

/**
 * A phase of RL as a step of its own: it overrides what it names. The step itself when it has no
 * phases.
 */
export function inPhase(step: RlStep, phase: RlPhase | undefined): RlStep {
  if (!phase) return step
  return {
    ...step,
    steps: phase.steps ?? step.steps,
    maxCompletionTokens: phase.maxCompletionTokens ?? step.maxCompletionTokens,
    generations: phase.generations ?? step.generations,
    learningRate: phase.learningRate ?? step.learningRate,
    freezeVision: phase.freezeVision ?? step.freezeVision,
    // What a later phase starts from is the end of the one before, so only the last one has steps
    // to choose among.
    snapshots: phase === step.phases?.at(-1) ? step.snapshots : undefined,
  }
}

/** Without the keys that are not given. */
const definedOf = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  JSON.parse(JSON.stringify(value))

const loraOf = ({ targetModules, ...lora }: NonNullable<SftStep['lora']>) => ({
  ...lora,
  ...(targetModules !== undefined && { targetModules }),
})

const optimiserOf = (step: SftStep | RlStep) => ({
  learningRate: step.learningRate,
  scheduler: step.scheduler,
  warmupRatio: step.warmupRatio,
  weightDecay: step.weightDecay,
  precision: step.precision,
  freezeVision: step.freezeVision,
  saveEverySteps: step.saveEverySteps,
  logEverySteps: 5,
  imageMinPixels: null,
  imageMaxPixels: step.imageMaxPixels ?? null,
  ...(step.microBatchSize !== undefined && { microBatchSize: step.microBatchSize }),
  ...(step.lora !== undefined && { lora: loraOf(step.lora) }),
})

/** Settings of a recipe's SFT step as trainers take them. */
export const sftSettingsOf = (step: SftStep) => ({
  ...optimiserOf(step),
  batchSize: step.batchSize,
  ...(step.steps !== undefined && { maxSteps: step.steps }),
  ...(step.epochs !== undefined && { epochs: step.epochs }),
})

/**
 * Settings of a recipe's RL step, or of one of its phases by {@link inPhase}, as trainers take
 * them.
 */
export const rlSettingsOf = (step: RlStep) => ({
  ...optimiserOf(step),
  steps: step.steps,
  promptsPerStep: step.promptsPerStep,
  generations: step.generations,
  maxCompletionTokens: step.maxCompletionTokens,
  temperature: step.temperature,
  topP: step.topP,
  klBeta: step.klBeta,
  epsilonLow: step.epsilonLow,
  epsilonHigh: step.epsilonHigh,
  dropZeroSpread: step.dropZeroSpread,
  ...(step.loss !== undefined && { loss: step.loss }),
  ...(step.importanceSampling !== undefined && { importanceSampling: step.importanceSampling }),
  ...(step.scaleRewards !== undefined && { scaleRewards: step.scaleRewards }),
  ...(step.generation !== undefined && { generation: definedOf(step.generation) }),
  ...(step.snapshots !== undefined && { snapshots: step.snapshots }),
})
