import type { Recipe } from '../domain/recipe/recipe.ts'
import type { EvaluateStep, SelectCheckpointStep } from '../domain/recipe/steps.ts'
import { nameOf } from '../domain/recipe/references.ts'
import { stepNamed, measuredBy, selectedFrom } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { isRl, isSelection, phasesOf } from '../domain/recipe/step-kinds.ts'
import { inPhase } from '../trainers/stage-settings.ts'
import type { CallPlan, EvaluationPlan } from './campaign-plan.ts'
import { known } from './count.ts'
import type { Count } from './count.ts'
import { callsTo, judging } from './calls.ts'
import { sourceFlow } from './flow.ts'
import type { Known } from './known.ts'
import { pictureTokens, textTokens } from './tokens.ts'

/** The plan of an evaluation, or of a selection, which measures each of its candidates. */
export function planEvaluation(
  recipe: Recipe,
  facts: Known,
  steps: readonly RecipeStep[],
  index: number,
  step: EvaluateStep | SelectCheckpointStep,
): EvaluationPlan {
  const chosen = isSelection(step) ? selectedFrom(steps, index) : null
  const checkpoints = chosen === null ? 1 : candidatesOf(steps, index)
  const names = isSelection(step) ? [step.benchmark] : (step.benchmarks ?? Object.keys(recipe.benchmarks))
  const suffix = textTokens(recipe.promptSuffix.length)
  const of = chosen ?? measuredBy(steps, index)
  const parts = names.map((name) => {
    const { questionTokens, images, rows } = sourceFlow(facts.benchmarks[name])
    const { judge, maxTokens = 0, imageMaxPixels = 0 } = recipe.benchmarks[name] ?? {}
    const prompt = questionTokens + suffix + images * pictureTokens(imageMaxPixels)
    const calls = known([rows], (items) => items * checkpoints)
    const asked = callsTo(recipe, 'measured', { calls, prompt, completion: maxTokens })
    return {
      name,
      items: rows,
      shards: known([rows], (items) => Math.ceil(items / recipe.limits.shardRows)),
      calls: [
        { ...asked, model: `checkpoint ${of ?? 'base'}` },
        ...judging(recipe, judge, { answers: calls, questionTokens }),
      ],
    }
  })
  return {
    kind: 'evaluation',
    name: nameOf(step),
    step: step.step,
    checkpoints,
    of,
    benchmarks: parts.map(({ name, items }) => ({ name, items })),
    shards: known(
      parts.map(({ shards }) => shards),
      (...shards) => checkpoints * added(shards),
    ),
    calls: byEndpoint(parts.flatMap(({ calls }) => calls)),
  }
}

/** How many weights a selection chooses among: the kept steps of RL, and its end. */
export const candidatesOf = (steps: readonly RecipeStep[], selection: number): number =>
  1 + snapshotsOf(stepNamed(steps, selectedFrom(steps, selection)).step).length

const added = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Adds up the calls to each endpoint over several benchmarks. */
function byEndpoint(calls: readonly CallPlan[]): CallPlan[] {
  return [...new Set(calls.map(({ endpoint }) => endpoint))].flatMap((endpoint) => {
    const group = calls.filter((call) => call.endpoint === endpoint)
    const [first] = group
    if (!first) return []
    const total = (pick: (call: CallPlan) => Count): Count => known(group.map(pick), (...values) => added(values))
    return {
      ...first,
      calls: total((call) => call.calls),
      promptTokens: total((call) => call.promptTokens),
      completionTokens: total((call) => call.completionTokens),
      cost: first.cost && { ...first.cost, amount: total(({ cost }) => cost?.amount ?? null) },
    }
  })
}

/**
 * Optimizer steps of an RL step's last phase whose weights are kept besides its end
 * (trainer/hone_trainer/snapshots.py).
 */
export function snapshotsOf(step: RecipeStep): number[] {
  if (!isRl(step) || !step.snapshots) return []
  const { steps } = inPhase(step, step.phases?.[phasesOf(step).length - 1])
  const { every, last } = step.snapshots
  return Array.from(
    { length: Math.floor(Math.min(last, steps - 1) / every) },
    (_, index) => steps - (index + 1) * every,
  )
}
