import { z } from 'zod'
import { costOf } from './prices.ts'
import type { Prices } from './prices.ts'

/** What model calls of a campaign may come to. At the first limit it is paused; GPU hours of jobs are not part of it. */
export const budget = z
  .strictObject({
    /** Money, in the currency of the endpoints' prices. */
    cost: z.number().positive().optional(),
    /** Prompt and completion tokens together. */
    tokens: z.int().positive().optional(),
    /** Replies that were paid for; those that were there already are free. */
    requests: z.int().positive().optional(),
  })
  .refine((limits) => Object.values(limits).some((limit) => limit !== undefined), 'say cost, tokens or requests')
export type Budget = z.infer<typeof budget>

/** Replies of one endpoint and model that a campaign paid for. */
export interface Spent {
  endpoint: string
  model: string
  requests: number
  promptTokens: number
  completionTokens: number
}

/** A recipe as far as it says what calls cost: endpoints with a URL may state prices. */
interface Priced {
  endpoints: Readonly<
    Record<string, { concurrency: number; url?: unknown; model?: string | undefined; prices?: Prices | undefined }>
  >
}

/** What a campaign paid, in the measures of a budget. Costs by currency, of endpoints that state prices. */
export interface Spending {
  requests: number
  tokens: number
  costs: Readonly<Record<string, number>>
}

/** Adds up what was paid. A judge of a benchmark books under a name of its own: its model leads to the prices. */
export function spending(recipe: Priced, spent: readonly Spent[]): Spending {
  const costs: Record<string, number> = {}
  for (const paid of spent) {
    const prices = pricesOf(recipe, paid)
    if (prices) costs[prices.currency] = (costs[prices.currency] ?? 0) + costOf(paid, prices)
  }
  return {
    requests: spent.reduce((sum, { requests }) => sum + requests, 0),
    tokens: spent.reduce((sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens, 0),
    costs,
  }
}

function pricesOf({ endpoints }: Priced, { endpoint, model }: Pick<Spent, 'endpoint' | 'model'>): Prices | undefined {
  return (endpoints[endpoint] ?? Object.values(endpoints).find((each) => each.model === model))?.prices
}

/** A limit that is reached; `text` says it to people: `12.04 of 12 USD`. */
export interface ReachedLimit {
  limit: 'cost' | 'tokens' | 'requests'
  text: string
}

/** The first limit that is reached; null while there is room. */
export function budgetReached(limits: Budget, { requests, tokens, costs }: Spending): ReachedLimit | null {
  const { cost } = limits
  const over = cost === undefined ? undefined : Object.entries(costs).find(([, amount]) => amount >= cost)
  if (over) return { limit: 'cost', text: `${over[1].toFixed(2)} of ${cost} ${over[0]}` }
  if (limits.tokens !== undefined && tokens >= limits.tokens)
    return { limit: 'tokens', text: `${tokens} of ${limits.tokens} tokens` }
  if (limits.requests !== undefined && requests >= limits.requests)
    return { limit: 'requests', text: `${requests} of ${limits.requests} requests` }
  return null
}

/** The same budget with twice as much of one limit, as a person writes it: `--budget cost=100 --budget requests=20`. */
export const doubledBudget = (limits: Budget, doubled: ReachedLimit['limit']): string =>
  (['cost', 'tokens', 'requests'] as const)
    .flatMap((name) => {
      const limit = limits[name]
      return limit === undefined ? [] : [`--budget ${name}=${name === doubled ? Math.ceil(2 * limit) : limit}`]
    })
    .join(' ')

/** A budget of money needs the price of all that costs, in one currency: what is not priced would be spent unseen. */
export function checkBudget(
  recipe: Priced & { limits: { budget?: Budget | undefined } },
  context: z.core.$RefinementCtx,
): void {
  if (recipe.limits.budget?.cost === undefined) return
  const currencies = new Set<string>()
  for (const [name, spec] of Object.entries(recipe.endpoints)) {
    if (spec.url === undefined) continue
    if (spec.prices) currencies.add(spec.prices.currency)
    else issue(['endpoints', name, 'prices'], 'limits.budget.cost needs the prices of every endpoint with a url')
  }
  if (currencies.size > 1)
    issue(
      ['limits', 'budget', 'cost'],
      `the endpoints' prices are in ${[...currencies].join(' and ')}: use one currency`,
    )

  function issue(path: string[], message: string): void {
    context.addIssue({ code: 'custom', path, message, input: undefined })
  }
}

/** What a person writes for a budget: `cost=20`, `tokens=5000000`; null for anything else. */
export function parseBudget(words: readonly string[]): Budget | null {
  const limits = words.map((word) => /^(cost|tokens|requests)=(\d+(?:\.\d+)?)$/.exec(word))
  if (!limits.every((limit) => limit !== null)) return null
  return budget.safeParse(Object.fromEntries(limits.map(([, name, limit]) => [name, Number(limit)]))).data ?? null
}
