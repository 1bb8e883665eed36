import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { budget as budgetSchema, spending } from '../domain/budget.ts'
import type { Budget, Spending, Spent } from '../domain/budget.ts'
import { prices } from '../domain/prices.ts'
import { getCampaign } from './campaigns.ts'
import type { Database } from './database.ts'
import { rowsOf } from './sql.ts'

const spent = z.object({
  endpoint: z.string(),
  model: z.string(),
  requests: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
})

/** The replies that a campaign's steps, or one step `stepId`, paid for, by endpoint and model. */
export async function spentBy(db: Database, campaign: string, stepId?: number): Promise<Spent[]> {
  const ofStep = stepId === undefined ? sql`` : sql`and s.id = ${stepId}`
  return await rowsOf(
    db,
    spent,
    sql`
      select q.endpoint, q.model, count(*)::int as requests,
        sum(q.prompt_tokens)::float8 as "promptTokens", sum(q.completion_tokens)::float8 as "completionTokens"
      from steps s join requests q on q.step_id = s.id
      where s.campaign_id = ${campaign} ${ofStep}
      group by q.endpoint, q.model order by q.endpoint, q.model`,
  )
}

/**
 * What a campaign paid for its calls, and its budget: the newest that a person gave, else the
 * recipe's.
 */
export interface CampaignSpending extends Spending {
  budget: Budget | null
}

/**
 * The part of a stored recipe that says what calls cost. Only these fields are parsed, because
 * recipes of other versions have other fields.
 */
const stored = z.object({
  endpoints: z.record(
    z.string(),
    z.object({ concurrency: z.number(), model: z.string().optional(), prices: prices.optional() }),
  ),
  limits: z.object({ budget: budgetSchema.optional() }).optional(),
})

/** Adds up what a campaign paid. Throws UnknownCampaign. */
export async function campaignSpending(db: Database, campaign: string): Promise<CampaignSpending> {
  const [{ recipe }, spent, newest] = await Promise.all([
    getCampaign(db, campaign),
    spentBy(db, campaign),
    newestBudget(db, campaign),
  ])
  const known = stored.safeParse(recipe).data ?? { endpoints: {} }
  return { ...spending(known, spent), budget: newest ?? known.limits?.budget ?? null }
}

/**
 * The newest budget that a person gave a campaign instead of its recipe's; null when nobody gave
 * one.
 */
export async function newestBudget(db: Database, campaign: string): Promise<Budget | null> {
  const [found] = await rowsOf(
    db,
    z.object({ budget: budgetSchema }),
    sql`
      select data->'budget' as budget from events
      where campaign_id = ${campaign} and kind = 'resumed' and data->'budget' is not null
      order by id desc limit 1`,
  )
  return found?.budget ?? null
}
