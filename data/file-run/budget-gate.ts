import { HoneError } from '../../domain/errors.ts'
import { costOf, type Prices } from '../../domain/prices.ts'
import type { Ask, Reply } from '../../models/ask.ts'
import type { Usage } from '../../models/engine.ts'
import type { ReplyStore } from '../../models/reply-store.ts'
import type { Paid } from './file-replies.ts'

export interface BudgetOptions {
  /** Prices by endpoint. */
  prices: ReadonlyMap<string, Prices>
  /** What all runs on this output may pay, in the currency of the prices; no limit when absent. */
  amount?: number | undefined
  /** What was paid so far, by endpoint. */
  paid: () => ReadonlyMap<string, Paid>
}

/** Keeps what is paid under a budget. */
export interface BudgetGate {
  /** What was paid so far; null without prices. */
  cost(): number | null
  /** Where the budget stands, for people. */
  message(): string
  /** The store, but that a reply which is not there is refused once there is no money left for it. */
  guard(replies: ReplyStore): ReplyStore
  /** Counts what `ask` has under way. */
  follow(ask: Ask): Ask
  note(usage: Usage): void
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

/**
 * Counts what was paid and what is under way, each of these at the mean price so far, and refuses what would go beyond.
 * What is under way is let end, because it is paid for anyway. Before the first reply nothing is known of prices a request,
 * so a first window may go beyond a very small budget.
 */
export function createBudgetGate({ prices, amount, paid }: BudgetOptions): BudgetGate {
  /** Requests that were not found and have not come back, and all that were asked and have not. */
  let underWay = 0
  const asked = new Set<Promise<Reply>>()
  const cost = (): number | null =>
    prices.size === 0
      ? null
      : [...paid()].reduce((sum, [endpoint, spent]) => {
          const price = prices.get(endpoint)
          return price ? sum + costOf(spent, price) : sum
        }, 0)
  const hasRoomFor = (requests: number): boolean => {
    if (amount === undefined) return true
    const spent = cost() ?? 0
    const answered = [...paid().values()].reduce((sum, each) => sum + each.requests, 0)
    const mean = answered === 0 ? 0 : spent / answered
    return spent < amount && spent + (underWay + requests) * mean <= amount
  }
  const message = () => `${(cost() ?? 0).toFixed(4)} of the budget of ${amount ?? 0} is spent.`
  return {
    cost,
    message,
    guard: (replies) => ({
      async find(keys) {
        const found = await replies.find(keys)
        const missing = keys.length - found.size
        if (missing > 0 && !hasRoomFor(missing)) throw reached(message())
        underWay += missing
        return found
      },
      save: (batch) => replies.save(batch),
    }),
    follow: (ask) => async (request) => {
      const reply = ask(request)
      asked.add(reply)
      try {
        return await reply
      } finally {
        asked.delete(reply)
        // Those that failed were never told of as used.
        underWay = Math.min(underWay, asked.size)
      }
    },
    note({ reused }) {
      if (!reused) underWay = Math.max(0, underWay - 1)
    },
    settled: async () => void (await Promise.allSettled(asked)),
  }
}

/** For steps the end of their row; data/file-run/run-rows.ts makes an end of the run of it. */
const reached = (message: string): HoneError =>
  new HoneError({
    type: 'BudgetReached',
    message,
    nextStep: 'The same command with a larger --budget goes on where this one ends; nothing is paid twice.',
  })
