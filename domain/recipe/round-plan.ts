import type { Recipe } from './recipe.ts'
import { nameOf } from './references.ts'
import type { EvaluateStep, GateStep, RlStep, SelectCheckpointStep, SftStep } from './steps.ts'
import type { RoundNode } from '../lineage.ts'
import { depth, nextRoundNumber } from '../lineage.ts'

/** A step of a recipe's round. */
export type RecipeStep = Recipe['rounds']['first'][number]

/** The steps of a round at this depth under the base model. The base model itself is only measured. */
export function stepsOfRound(recipe: Recipe, atDepth: number): RecipeStep[] {
  const own = recipe.rounds.at?.[String(atDepth)]
  if (own) return own
  if (atDepth > 1) return recipe.rounds.next ?? recipe.rounds.first
  if (atDepth === 1) return recipe.rounds.first
  return Object.keys(recipe.benchmarks).length === 0 ? [] : [{ step: 'evaluate', concurrency: 128 }]
}

/**
 * Seed of a round's samples and order of rows: a round done again, after a rollback say, has a number of its own and draws
 * others. Seeds of neighbouring recipes meet after 1,000 rounds.
 */
export const roundSeed = ({ seed }: Pick<Recipe, 'seed'>, round: number): number => seed * 1000 + round

export const isSft = (step: { step: string }): step is SftStep => step.step === 'sft'
export const isRl = (step: { step: string }): step is RlStep => step.step === 'rl'
export const isTraining = (step: { step: string }): step is SftStep | RlStep => isSft(step) || isRl(step)
export const isSelection = (step: { step: string }): step is SelectCheckpointStep => step.step === 'select-checkpoint'
/** Whether a step ends with weights: a training has made them, a selection has chosen among them. */
export const hasWeights = (step: { step: string }): step is SftStep | RlStep | SelectCheckpointStep =>
  isTraining(step) || isSelection(step)
export const isEvaluation = (step: { step: string }): step is EvaluateStep => step.step === 'evaluate'
export const isGate = (step: { step: string }): step is GateStep => step.step === 'gate'
export const isDataStep = (step: { step: string }): boolean => !hasWeights(step) && !isEvaluation(step) && !isGate(step)

/** The step with this name; a RangeError when the round has none, which means that recipe and round do not belong together. */
export function stepNamed(steps: readonly RecipeStep[], name: string): { step: RecipeStep; index: number } {
  const index = steps.findIndex((step) => nameOf(step) === name)
  const step = steps[index]
  if (!step) throw new RangeError(`no step "${name}" in this round`)
  return { step, index }
}

/**
 * Names of the sources or steps whose rows a step takes: what `from` says; else the data step before it. RL without `from` takes
 * the questions that the round's first data step started from: it needs questions, not traces.
 */
export function inputsOf(steps: readonly RecipeStep[], index: number): string[] {
  const step = steps[index]
  if (!step || isSelection(step) || isEvaluation(step) || isGate(step)) return []
  if (step.from !== undefined) return [step.from].flat()
  const before = steps.slice(0, index).filter(isDataStep)
  if (isRl(step)) return before[0] ? inputsOf(steps, steps.indexOf(before[0])) : []
  const last = before.at(-1)
  return last ? [nameOf(last)] : []
}

/** Weights a training step starts from: `base`, `parent` or the name of an earlier step that ended with weights. */
export function startOf(steps: readonly RecipeStep[], index: number): string {
  const step = steps[index]
  if (step && isTraining(step) && step.startFrom !== undefined) return step.startFrom
  const before = steps.slice(0, index).filter(hasWeights).at(-1)
  return before ? nameOf(before) : 'base'
}

/** The step whose weights an evaluation measures; null in round 0, where it is the base model. */
export function measuredBy(steps: readonly RecipeStep[], index: number): string | null {
  const step = steps[index]
  if (step && isEvaluation(step) && step.of !== undefined) return step.of
  const before = steps.slice(0, index).filter(hasWeights).at(-1)
  return before ? nameOf(before) : null
}

/** The RL step among whose weights a selection chooses. A RangeError without one: the recipe was checked. */
export function selectedFrom(steps: readonly RecipeStep[], index: number): string {
  const step = steps[index]
  const before = steps.slice(0, index).filter(isRl).at(-1)
  const name = (step && isSelection(step) && step.of) || (before && nameOf(before))
  if (name === undefined) throw new RangeError('a selection without an RL step before it')
  return name
}

/** The step whose weights are the round's model. */
export function finalTraining(steps: readonly RecipeStep[]): string | null {
  const last = steps.filter(hasWeights).at(-1)
  return last ? nameOf(last) : null
}

/** The last evaluation that measures the round's model: what gates and tables read. */
export function finalEvaluation(steps: readonly RecipeStep[], benchmark: string): string | null {
  const final = finalTraining(steps)
  const found = steps.filter(
    (step, index) =>
      isEvaluation(step) && measuredBy(steps, index) === final && (step.benchmarks?.includes(benchmark) ?? true),
  )
  const last = found.at(-1)
  return last ? nameOf(last) : null
}

/** Phases of a training step by name: SFT has one, RL one or more. */
export function phasesOf(step: SftStep | RlStep): string[] {
  if (isRl(step) && step.phases) return step.phases.map((phase, index) => phase.name ?? `${nameOf(step)}-${index + 1}`)
  return [nameOf(step)]
}

/** Names of the sources or steps whose rows a phase of a training step takes: its own `from`, else those of the step. */
export function phaseInputs(steps: readonly RecipeStep[], index: number, phase: string): string[] {
  const step = steps[index]
  const from = step && isRl(step) ? step.phases?.[phasesOf(step).indexOf(phase)]?.from : undefined
  return from === undefined ? inputsOf(steps, index) : [from].flat()
}

/** A round with what decides whether it goes on. */
export interface RoundState extends RoundNode {
  status: 'running' | 'closed' | 'cancelled' | 'failed'
}

/**
 * The round to run now. A round that was left running or failed on this head goes on; otherwise a new one starts on the head until as
 * many lie between the base model and the head as the recipe wants. Cancelled rounds never go on.
 */
export function nextRound(
  rounds: readonly RoundState[],
  head: number,
  wanted: number,
): { round: number; parent: number | null } | null {
  const base = rounds.find((round) => round.number === 0)
  if (!base || base.status === 'running' || base.status === 'failed') return { round: 0, parent: null }
  const open = rounds.find(
    (round) => round.parent === head && (round.status === 'running' || round.status === 'failed'),
  )
  if (open) return { round: open.number, parent: open.parent }
  if (depth(rounds, head) >= wanted) return null
  return { round: nextRoundNumber(rounds), parent: head }
}
