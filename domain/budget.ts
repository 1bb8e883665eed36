import { z } from 'zod'
import { costOf } from './prices.ts'
import type { Prices } from './prices.ts'

/** The measures of a budget, in the order in which they are looked at. */
const measures = ['cost', 'tokens', 'requests'] as const

const limits = z
  .strictObject({
    /** Money, in the currency of the endpoints' prices. */
    cost: z.number().positive().optional(),
    /** Prompt and completion tokens together. */
    tokens: z.int().positive().optional(),
    /** Replies that were paid for. A reply that is already there is free. */
    requests: z.int().positive().optional(),
  })
  .refine((given) => Object.values(given).some((limit) => limit !== undefined), 'say cost, tokens or requests')

const { $schema: _, ...limitsJson } = z.toJSONSchema(limits, { io: 'input' })

/**
 * What model calls may come to, as an object or in the words of `--budget` ({@link parseBudget}). A
 * campaign is paused at the first limit, and `hone step` ends there. GPU hours of jobs are not part
 * of it.
 */
export const budget = z
  .unknown()
  .transform((value) =>
    typeof value === 'string' || typeof value === 'number' ? (limitsOf([String(value)]) ?? value) : value,
  )
  .pipe(limits)
  // For editors: what goes in is unknown to zod.
  .meta({ anyOf: [limitsJson, { type: 'string' }, { type: 'number', exclusiveMinimum: 0 }] })
export type Budget = z.infer<typeof limits>

/** Replies of one endpoint and model that were paid for. */
export interface Spent {
  endpoint: string
  /** Empty where it is not known. */
  model: string
  requests: number
  promptTokens: number
  completionTokens: number
}

/** A recipe as far as it says what calls cost: endpoints with a URL may state prices. */
export interface Priced {
  endpoints: Readonly<
    Record<
      string,
      { concurrency: number; checkpoint?: unknown; model?: string | undefined; prices?: Prices | undefined }
    >
  >
}

/**
 * What was paid, in the measures of a budget. `costs` has a sum for each currency, of endpoints
 * that state prices.
 */
export interface Spending {
  requests: number
  tokens: number
  costs: Readonly<Record<string, number>>
}

/**
 * Adds up what was paid. A benchmark's judge books under a name of its own, so its model leads to
 * its prices.
 */
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

/** A limit that is reached. `text` says it to people: `12.04 of 12 USD`. */
export interface ReachedLimit {
  limit: 'cost' | 'tokens' | 'requests'
  text: string
}

/**
 * The first limit that is reached, or that `more` requests would pass; null while there is room. A
 * request counts at the mean of the replies so far. Before the first reply nothing is known of cost
 * and tokens, so they pass nothing.
 */
export function budgetReached(
  { cost, tokens, requests }: Budget,
  { requests: answered, tokens: used, costs }: Spending,
  more = 0,
): ReachedLimit | null {
  const mean = (spent: number): number => (answered === 0 ? 0 : spent / answered)
  const isOver = (spent: number, limit: number | undefined, each: number): boolean =>
    limit !== undefined && (spent >= limit || spent + more * each > limit)
  const paid = Object.entries(costs).find(([, amount]) => isOver(amount, cost, mean(amount)))
  if (paid) return { limit: 'cost', text: `${paid[1].toFixed(paid[1] < 1 ? 4 : 2)} of ${cost} ${paid[0]}` }
  if (isOver(used, tokens, mean(used))) return { limit: 'tokens', text: `${used} of ${tokens} tokens` }
  if (isOver(answered, requests, 1)) return { limit: 'requests', text: `${answered} of ${requests} requests` }
  return null
}

/**
 * The same budget with twice as much of one limit, as a person writes it:
 * `--budget cost=100,requests=20`.
 */
export function doubledBudget(given: Budget, doubled: ReachedLimit['limit']): string {
  const words = measures.flatMap((name) => {
    const limit = given[name]
    return limit === undefined ? [] : [`${name}=${name === doubled ? Math.ceil(2 * limit) : limit}`]
  })
  return `--budget ${words.join(',')}`
}

/**
 * A budget of money needs the price of all that costs, in one currency: calls without a price would
 * be paid unseen.
 */
export function checkBudget(
  recipe: Priced & { limits: { budget?: Budget | undefined } },
  context: z.core.$RefinementCtx,
): void {
  if (recipe.limits.budget?.cost === undefined) return
  const currencies = new Set<string>()
  for (const [name, spec] of Object.entries(recipe.endpoints)) {
    if (spec.checkpoint !== undefined) continue
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

const factors: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, b: 1e9 }

/**
 * A budget as a person writes it: `cost=20`, `cost=40,tokens=1m,requests=500`, or several such
 * words. A number alone is the cost; `k`, `m` and `b` after a number are thousands, millions and
 * billions. Null for anything else.
 */
export function parseBudget(words: readonly string[]): Budget | null {
  return limits.safeParse(limitsOf(words)).data ?? null
}

/**
 * The limits that words name, not yet looked at; null where a word is none, or names a limit a
 * second time.
 */
function limitsOf(words: readonly string[]): Record<string, number> | null {
  const found: Record<string, number> = {}
  for (const word of words.flatMap((each) => each.split(','))) {
    const [, name = 'cost', amount, factor = ''] =
      /^(?:(cost|tokens|requests)=)?(\d+(?:\.\d+)?)([kmb]?)$/i.exec(word.trim()) ?? []
    if (amount === undefined || Object.hasOwn(found, name)) return null
    // Not exact for every fraction: 1.1 × 1,000,000 is a hair above 1,100,000.
    found[name] = Number((Number(amount) * (factors[factor.toLowerCase()] ?? 1)).toPrecision(12))
  }
  return found
}
