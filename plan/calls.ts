import { judgeCalls } from '../data/steps/step-judge.ts'
import { costOf } from '../domain/prices.ts'
import { isUrlEndpoint } from '../domain/recipe/endpoints.ts'
import type { EndpointSpec, Recipe } from '../domain/recipe/recipe.ts'
import type { CallPlan, Cost } from './campaign-plan.ts'
import { known } from './count.ts'
import type { Count } from './count.ts'
import { judgeCharacters, textTokens } from './tokens.ts'
import { own } from '../domain/own.ts'

/** A number of calls of one size. */
interface Calls {
  calls: Count
  /** Prompt tokens of one call. */
  prompt: number
  /** The most tokens that a reply may have. */
  completion: number
}

/** Calls to an endpoint of the recipe, with their tokens and what they cost. */
export function callsTo(recipe: Recipe, endpoint: string, { calls, prompt, completion }: Calls): CallPlan {
  const spec = own(recipe.endpoints, endpoint)
  const promptTokens = known([calls], (value) => Math.ceil(value * prompt))
  const completionTokens = known([calls], (value) => value * completion)
  const model = spec === undefined ? '?' : isUrlEndpoint(spec) ? spec.model : `checkpoint ${spec.checkpoint}`
  return { endpoint, model, calls, promptTokens, completionTokens, cost: costAt(spec, promptTokens, completionTokens) }
}

/**
 * Calls of a judge over a number of answers, if the rules leave all of them open. Empty without a
 * judge.
 */
export function judging(
  recipe: Recipe,
  judge: string | undefined,
  { answers, questionTokens }: { answers: Count; questionTokens: number },
): CallPlan[] {
  if (judge === undefined) return []
  return judgeCalls(judge, 1).map(({ perRow, maxTokens }) =>
    callsTo(recipe, judge, {
      calls: known([answers], (value) => value * perRow),
      prompt: textTokens(judgeCharacters) + questionTokens,
      completion: maxTokens,
    }),
  )
}

function costAt(spec: EndpointSpec | undefined, promptTokens: Count, completionTokens: Count): Cost | null {
  if (!spec || !isUrlEndpoint(spec) || !spec.prices) return null
  const { prices } = spec
  const amount = known([promptTokens, completionTokens], (prompt, completion) =>
    costOf({ promptTokens: prompt, completionTokens: completion }, prices),
  )
  return { amount, currency: prices.currency }
}
