import { budgetReached, spending } from '../domain/budget.ts'
import type { Budget, Priced, ReachedLimit, Spending, Spent } from '../domain/budget.ts'
import type { HoneError } from '../domain/errors.ts'
import type { TokensUsed } from './usage.ts'

/**
 * Where a meter learns what was paid: the database of a campaign, or the state of a `hone step`.
 */
export interface SpendingSource {
  /**
   * All replies that count for the budget, of every run and worker. Answers at once, so the figures
   * of other processes may be out of date.
   */
  paid(): readonly Spent[]
  /** A reply was paid for. Does nothing where the store counts each reply that it keeps. */
  note(usage: TokensUsed): void
}

export interface BudgetMeterOptions {
  /** No limit where absent. */
  limits?: Budget | null | undefined
  /** What calls cost. */
  priced: Priced
  source: SpendingSource
  /** The error of a limit that is reached. */
  reached: (limit: ReachedLimit, limits: Budget) => HoneError
}

/** Holds model calls to a budget. */
export interface BudgetMeter {
  /** Asked before a row or an item is begun. False from the moment a limit is reached. */
  admits(): boolean
  /** Must be called for every reply that was paid for, a judge's replies included. */
  onUsage(usage: TokensUsed): void
  /** Throws BudgetReached when a limit is reached. */
  check(): void
  /** What was paid so far. */
  spent(): Spending
  /**
   * The limit that this many more requests would pass, each at the mean price so far. Null while
   * there is room for them.
   */
  limitFor(requests: number): ReachedLimit | null
  /** The error of a limit that is reached. */
  refusal(limit: ReachedLimit): HoneError
}

/**
 * A meter over the spending that its source reports. Requests that are under way when a limit is
 * reached overrun it.
 */
export function createBudgetMeter({ limits, priced, source, reached }: BudgetMeterOptions): BudgetMeter {
  const refusal = (limit: ReachedLimit): HoneError => reached(limit, limits ?? {})
  const spent = (): Spending => spending(priced, source.paid())
  const limitFor = (requests: number): ReachedLimit | null => (limits ? budgetReached(limits, spent(), requests) : null)
  // A reached limit stays reached, also when newer figures find room again: a row that was not
  // begun must not count as done.
  let end: ReachedLimit | null = null
  const look = (): ReachedLimit | null => (end ??= limitFor(0))
  return {
    admits: () => look() === null,
    onUsage(usage) {
      if (!usage.reused) source.note(usage)
    },
    check() {
      const limit = look()
      if (limit) throw refusal(limit)
    },
    spent,
    limitFor,
    refusal,
  }
}
