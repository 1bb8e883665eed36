import { nameOf } from './references.ts'
import type { EvaluateStep, GateStep, RlStep, SelectCheckpointStep, SftStep } from './steps.ts'

export const isSft = (step: { step: string }): step is SftStep => step.step === 'sft'
export const isRl = (step: { step: string }): step is RlStep => step.step === 'rl'
export const isTraining = (step: { step: string }): step is SftStep | RlStep => isSft(step) || isRl(step)
export const isSelection = (step: { step: string }): step is SelectCheckpointStep => step.step === 'select-checkpoint'
/** Whether a step ends with weights: a training made them, or a selection chose them. */
export const hasWeights = (step: { step: string }): step is SftStep | RlStep | SelectCheckpointStep =>
  isTraining(step) || isSelection(step)
export const isEvaluation = (step: { step: string }): step is EvaluateStep => step.step === 'evaluate'
export const isGate = (step: { step: string }): step is GateStep => step.step === 'gate'
export const isDataStep = (step: { step: string }): boolean => !hasWeights(step) && !isEvaluation(step) && !isGate(step)

interface WithPhases {
  step: string
  name?: string | undefined
  phases?: readonly { name?: string | undefined }[] | undefined
}

/** Phases of a training step by name: SFT has one, RL one or more. */
export const phasesOf = (step: WithPhases): string[] =>
  step.phases?.map(({ name }, index) => name ?? `${nameOf(step)}-${index + 1}`) ?? [nameOf(step)]
