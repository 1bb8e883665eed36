import type { Database } from '../db/database.ts'
import { newestBudget, spentBy } from '../db/spending.ts'
import { budgetReached, doubledBudget, spending } from '../domain/budget.ts'
import type { Budget, ReachedLimit, Spent } from '../domain/budget.ts'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import type { Usage } from '../models/engine.ts'

/** Watches what a campaign's calls come to while a shard runs. */
export interface Meter {
  /** False from the moment that a limit is reached: nothing more is begun. */
  admits(): boolean
  /** A reply came back. */
  note(usage: Usage): void
  /** Throws {@link HoneError} BudgetReached once a limit is reached. */
  check(): void
}

/** How old the figures of other shards and workers may be. */
const refreshMs = 5_000

const freeMeter: Meter = { admits: () => true, note: () => undefined, check: () => undefined }

/**
 * The meter of one shard. What the campaign paid is read from Postgres every five seconds, what this shard paid since is
 * added to it: limits are overrun by the requests in flight, and by five seconds of other workers'.
 */
export async function openMeter(db: Database, campaign: string, recipe: Recipe, now = Date.now): Promise<Meter> {
  const limits = (await newestBudget(db, campaign)) ?? recipe.limits.budget
  if (!limits) return freeMeter
  let known = await spentBy(db, campaign)
  let readAt = now()
  let reading = false
  /** Paid by this shard before and after the last reading began: that one saw all of the former. */
  let before: Spent[] = []
  let since: Spent[] = []

  const refresh = async (): Promise<void> => {
    reading = true
    before = [...before, ...since]
    since = []
    try {
      known = await spentBy(db, campaign)
      before = []
      readAt = now()
    } catch {
      // The shard's own statements say what is wrong with the database; here older figures do.
    } finally {
      reading = false
    }
  }
  // Once reached it stays so: rows that were not begun must not count as done when newer figures find room again.
  let reached: ReachedLimit | null = null
  const look = (): ReachedLimit | null =>
    (reached ??= budgetReached(limits, spending(recipe, [...known, ...before, ...since])))
  return {
    admits() {
      if (!reading && now() - readAt >= refreshMs) void refresh()
      return look() === null
    },
    note({ endpoint, promptTokens, completionTokens, reused }) {
      if (reused) return
      let own = since.find((each) => each.endpoint === endpoint)
      if (!own) since.push((own = { endpoint, model: '', requests: 0, promptTokens: 0, completionTokens: 0 }))
      own.requests += 1
      own.promptTokens += promptTokens
      own.completionTokens += completionTokens
    },
    check() {
      const limit = look()
      if (limit) throw overBudget(campaign, limit, limits)
    },
  }
}

const overBudget = (campaign: string, { limit, text }: ReachedLimit, limits: Budget): HoneError =>
  new HoneError({
    type: 'BudgetReached',
    message: `the budget is reached: ${text}`,
    nextStep: `all that was paid for is kept; go on with a larger one: hone resume ${campaign} ${doubledBudget(limits, limit)}`,
  })
