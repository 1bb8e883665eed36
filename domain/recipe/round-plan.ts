import type { Recipe } from './recipe.ts'
import { nameOf } from './references.ts'
import { hasWeights, isDataStep, isEvaluation, isGate, isRl, isSelection, isTraining, phasesOf } from './step-kinds.ts'
import type { RoundNode } from '../lineage.ts'
import { depth, nextRoundNumber } from '../lineage.ts'

/** A step of a recipe's round. */
export type RecipeStep = Recipe['rounds']['first'][number]

/**
 * The steps of a round at this depth below the base model. The base model itself is only measured.
 */
export function stepsOfRound(recipe: Recipe, atDepth: number): RecipeStep[] {
  const own = recipe.rounds.at?.[String(atDepth)]
  if (own) return own
  if (atDepth > 1) return recipe.rounds.next ?? recipe.rounds.first
  if (atDepth === 1) return recipe.rounds.first
  return Object.keys(recipe.benchmarks).length === 0 ? [] : [{ step: 'evaluate', concurrency: 128 }]
}

/**
 * Seed of a round's samples and of its order of rows. A round that is done again, for example after
 * a rollback, has a number of its own and draws other samples. Seeds of neighbouring recipes meet
 * after 1,000 rounds.
 */
export const roundSeed = ({ seed }: Pick<Recipe, 'seed'>, round: number): number => seed * 1000 + round

/**
 * The step with this name. Throws a RangeError when the round has no such step: recipe and round do
 * not belong together.
 */
export function stepNamed(steps: readonly RecipeStep[], name: string): { step: RecipeStep; index: number } {
  const index = steps.findIndex((step) => nameOf(step) === name)
  const step = steps[index]
  if (!step) throw new RangeError(`no step "${name}" in this round`)
  return { step, index }
}

/**
 * Names of the sources or steps whose rows a step takes: those in `from`, else the data step before
 * it. RL without `from` takes the questions that the round's first data step started from: it needs
 * questions, not traces.
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

/**
 * Weights that a training step starts from: `base`, `parent` or the name of an earlier step with
 * weights.
 */
export function startOf(steps: readonly RecipeStep[], index: number): string {
  const step = steps[index]
  if (step && isTraining(step) && step.startFrom !== undefined) return step.startFrom
  const before = steps.slice(0, index).filter(hasWeights).at(-1)
  return before ? nameOf(before) : 'base'
}

/**
 * The step whose weights an evaluation measures; null in round 0, which measures the base model.
 */
export function measuredBy(steps: readonly RecipeStep[], index: number): string | null {
  const step = steps[index]
  if (step && isEvaluation(step) && step.of !== undefined) return step.of
  const before = steps.slice(0, index).filter(hasWeights).at(-1)
  return before ? nameOf(before) : null
}

/**
 * The RL step whose weights a selection chooses from. Throws a RangeError when there is no such
 * step; the check of the recipe rules that out.
 */
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

/** The last evaluation of the round's model: gates and tables read it. */
export function finalEvaluation(steps: readonly RecipeStep[], benchmark: string): string | null {
  const final = finalTraining(steps)
  const found = steps.filter(
    (step, index) =>
      isEvaluation(step) && measuredBy(steps, index) === final && (step.benchmarks?.includes(benchmark) ?? true),
  )
  const last = found.at(-1)
  return last ? nameOf(last) : null
}

/**
 * Names of the sources or steps whose rows a phase of a training step takes: the phase's own
 * `from`, else the step's.
 */
export function phaseInputs(steps: readonly RecipeStep[], index: number, phase: string): string[] {
  const step = steps[index]
  const from = step && isRl(step) ? step.phases?.[phasesOf(step).indexOf(phase)]?.from : undefined
  return from === undefined ? inputsOf(steps, index) : [from].flat()
}

/** A round, with the status that decides whether it goes on. */
export interface RoundState extends RoundNode {
  status: 'running' | 'closed' | 'cancelled' | 'failed'
}

/**
 * The round to run now. A running or failed round on this head goes on. Otherwise a new round
 * starts on the head, until the recipe's number of rounds lies between the base model and the head.
 * A cancelled round never goes on.
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
