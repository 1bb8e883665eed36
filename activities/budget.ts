import type { Database } from '../db/database.ts'
import { newestBudget, spentBy } from '../db/spending.ts'
import { doubledBudget } from '../domain/budget.ts'
import type { Budget, ReachedLimit, Spent } from '../domain/budget.ts'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { createBudgetMeter } from '../models/budget-meter.ts'
import type { BudgetMeter, SpendingSource } from '../models/budget-meter.ts'

/** How old the figures of other shards and workers may be. */
const refreshMs = 5_000

/** The meter of one shard of a campaign. */
export async function openMeter(db: Database, campaign: string, recipe: Recipe, now = Date.now): Promise<BudgetMeter> {
  const limits = (await newestBudget(db, campaign)) ?? recipe.limits.budget
  const nothing: SpendingSource = { paid: () => [], note: () => undefined }
  return createBudgetMeter({
    limits,
    priced: recipe,
    source: limits ? await campaignSource(db, campaign, now) : nothing,
    reached: (limit, given) => overBudget(campaign, limit, given),
  })
}

/**
 * What a campaign paid is read from Postgres every five seconds, and what this shard paid since is
 * added to it. So a limit is overrun by the requests in flight, and by five seconds of other
 * workers' requests.
 */
async function campaignSource(db: Database, campaign: string, now: () => number): Promise<SpendingSource> {
  let known = await spentBy(db, campaign)
  let readAt = now()
  let reading = false
  /** Paid by this shard before the last reading began, which saw all of it; and after. */
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
      // The shard's own statements say what is wrong with the database. Older figures are enough
      // here.
    } finally {
      reading = false
    }
  }
  return {
    paid() {
      if (!reading && now() - readAt >= refreshMs) void refresh()
      return [...known, ...before, ...since]
    },
    note({ endpoint, model, promptTokens, completionTokens }) {
      let own = since.find((each) => each.endpoint === endpoint && each.model === model)
      if (!own) since.push((own = { endpoint, model, requests: 0, promptTokens: 0, completionTokens: 0 }))
      own.requests += 1
      own.promptTokens += promptTokens
      own.completionTokens += completionTokens
    },
  }
}

const overBudget = (campaign: string, { limit, text }: ReachedLimit, limits: Budget): HoneError =>
  new HoneError({
    type: 'BudgetReached',
    message: `the budget is reached: ${text}`,
    nextStep: `all that was paid for is kept; go on with a larger one: hone resume ${campaign} ${doubledBudget(limits, limit)}`,
  })
