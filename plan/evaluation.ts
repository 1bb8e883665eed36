import type { Recipe } from '../domain/recipe.ts'
import type { EvaluateStep, SelectCheckpointStep } from '../domain/recipe-steps.ts'
import { nameOf } from '../domain/recipe-references.ts'
import {
  findStep,
  isRl,
  isSelection,
  measuredBy,
  phasesOf,
  selectedFrom,
  type RecipeStep,
} from '../domain/round-plan.ts'
import { inPhase } from '../jobs/stage-settings.ts'
import type { EvaluationPlan } from './campaign-plan.ts'
import { known, sum } from './count.ts'
import { priced } from './data-step.ts'
import { sourceFlow } from './flow.ts'
import type { Known } from './known.ts'
import { pictureTokens, textTokens, usualMaxPixels } from './tokens.ts'

/** An evaluation of one checkpoint, or a selection, which measures each checkpoint that it chooses among. */
export function planEvaluation(
  recipe: Recipe,
  facts: Known,
  steps: readonly RecipeStep[],
  index: number,
  step: EvaluateStep | SelectCheckpointStep,
): EvaluationPlan {
  const chosen = isSelection(step) ? selectedFrom(steps, index) : null
  const checkpoints = chosen === null ? 1 : 1 + snapshotsOf(findStep(steps, chosen).step).length
  const names = isSelection(step) ? [step.benchmark] : (step.benchmarks ?? Object.keys(recipe.benchmarks))
  const suffix = textTokens(recipe.promptSuffix.length)
  const parts = names.map((name) => {
    const items = facts.benchmarks[name]
    const flow = sourceFlow(items)
    const prompt = flow.questionTokens + suffix + flow.images * pictureTokens(usualMaxPixels)
    const calls = known([flow.rows], (rows) => rows * checkpoints)
    return {
      name,
      items: flow.rows,
      shards: known([flow.rows], (rows) => Math.ceil(rows / recipe.limits.shardRows) * checkpoints),
      asked: priced(undefined, { calls, prompt, completion: recipe.benchmarks[name]?.maxTokens ?? 0 }),
    }
  })
  const of = chosen ?? measuredBy(steps, index)
  const total = (pick: (part: (typeof parts)[number]) => number | null) => {
    const { known, complete } = sum(parts.map(pick))
    return complete ? known : null
  }
  return {
    kind: 'evaluation',
    name: nameOf(step),
    step: step.step,
    checkpoints,
    of,
    benchmarks: parts.map(({ name, items }) => ({ name, items })),
    shards: total(({ shards }) => shards),
    calls: [
      {
        endpoint: 'measured',
        model: `checkpoint ${of ?? 'base'}`,
        calls: total(({ asked }) => asked.calls),
        promptTokens: total(({ asked }) => asked.promptTokens),
        completionTokens: total(({ asked }) => asked.completionTokens),
        cost: null,
      },
    ],
  }
}

/** Steps of an RL step's last phase whose weights are kept besides its end (trainer/hone_trainer/snapshots.py). */
export function snapshotsOf(step: RecipeStep): number[] {
  if (!isRl(step) || !step.snapshots) return []
  const { steps } = inPhase(step, step.phases?.[phasesOf(step).length - 1])
  const { every, last } = step.snapshots
  return Array.from(
    { length: Math.floor(Math.min(last, steps - 1) / every) },
    (_, index) => steps - (index + 1) * every,
  )
}
