import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { recordEvent } from './events.ts'
import type { EventInput } from './events.ts'
import { campaigns, campaignStatuses } from './schema/campaigns.ts'
import type { CampaignStatus } from './schema/campaigns.ts'
import { splitRoles } from './schema/scores.ts'
import { moment, rowsOf } from './sql.ts'

/** A campaign as it is stored. `recipe` is JSON: parse it with the recipe's schema. */
export type CampaignRecord = typeof campaigns.$inferSelect

/**
 * A new campaign. `recipeHash` decides whether a second start under this id is the same campaign.
 */
export interface CampaignInput {
  id: string
  recipe: unknown
  recipeHash: string
  recipeSource: string
  folder: string
}

/** `conflict`: the id is taken by a campaign with another recipe, which is returned unchanged. */
export type InsertCampaignResult =
  | { outcome: 'created'; campaign: CampaignRecord }
  | { outcome: 'exists'; campaign: CampaignRecord }
  | { outcome: 'conflict'; campaign: CampaignRecord }

/** Creates a campaign, or finds the campaign of this id. */
export async function insertCampaign(db: Database, input: CampaignInput): Promise<InsertCampaignResult> {
  const [created] = await db.insert(campaigns).values(input).onConflictDoNothing().returning()
  if (created) return { outcome: 'created', campaign: created }
  const campaign = await getCampaign(db, input.id)
  return { outcome: campaign.recipeHash === input.recipeHash ? 'exists' : 'conflict', campaign }
}

/** The campaign, or null. */
export async function findCampaign(db: Database, id: string): Promise<CampaignRecord | null> {
  const [campaign] = await db.select().from(campaigns).where(eq(campaigns.id, id))
  return campaign ?? null
}

/** The campaign. Throws UnknownCampaign. */
export async function getCampaign(db: Database, id: string): Promise<CampaignRecord> {
  const campaign = await findCampaign(db, id)
  if (campaign) return campaign
  throw new HoneError({
    type: 'UnknownCampaign',
    message: `there is no campaign "${id}"`,
    nextStep: 'see the campaigns there are with: hone list',
  })
}

/**
 * Says where a campaign stands. `reason` replaces the reason before, also with null. Throws
 * UnknownCampaign.
 */
export async function setCampaignStatus(
  db: Database,
  id: string,
  status: CampaignStatus,
  reason: string | null = null,
): Promise<void> {
  const changed = await db
    .update(campaigns)
    .set({ status, statusReason: reason, updatedAt: sql`now()` })
    .where(eq(campaigns.id, id))
    .returning({ id: campaigns.id })
  if (changed.length === 0) await getCampaign(db, id)
}

/**
 * Moves the head and records why, in one transaction. The event's `dedupeKey` makes it idempotent:
 * the same act sent again changes nothing and returns false, even when the head has moved on since.
 * `fromRound` becomes the head before the move, `toRound` becomes `round`. Throws UnknownCampaign;
 * the database refuses a round that does not exist.
 */
export async function setHead(
  db: Database,
  campaign: string,
  round: number,
  event: Omit<EventInput, 'campaign' | 'fromRound' | 'toRound'> & { dedupeKey: string },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [current] = await tx
      .select({ head: campaigns.headRound })
      .from(campaigns)
      .where(eq(campaigns.id, campaign))
      .for('update')
    if (!current) await getCampaign(tx, campaign)
    const isNew = await recordEvent(tx, { ...event, campaign, fromRound: current?.head ?? null, toRound: round })
    if (!isNew) return false
    await tx
      .update(campaigns)
      .set({ headRound: round, updatedAt: sql`now()` })
      .where(eq(campaigns.id, campaign))
    return true
  })
}

const campaignSummary = z.object({
  id: z.string(),
  status: z.enum(campaignStatuses),
  statusReason: z.string().nullable(),
  head: z.number().nullable(),
  /** Number of rounds, without the base model's. */
  rounds: z.number(),
  createdAt: moment,
  updatedAt: moment,
  /** The newest score of each benchmark; `verifier` is the version that graded it. */
  lastScores: z.array(
    z.object({
      benchmark: z.string(),
      role: z.enum(splitRoles),
      round: z.number(),
      accuracy: z.number(),
      low: z.number(),
      high: z.number(),
      verifier: z.string().nullable(),
    }),
  ),
})
export type CampaignSummary = z.infer<typeof campaignSummary>

/** Every campaign, newest first, as `hone list` shows it. */
export async function listCampaigns(db: Database): Promise<CampaignSummary[]> {
  return rowsOf(
    db,
    campaignSummary,
    sql`
      select c.id, c.status, c.status_reason as "statusReason", c.head_round as head, c.created_at as "createdAt",
        c.updated_at as "updatedAt",
        (select count(*)::int from rounds r where r.campaign_id = c.id and r.number > 0) as rounds,
        coalesce((
          select jsonb_agg(to_jsonb(last) order by last.benchmark) from (
            select distinct on (s.benchmark) s.benchmark, s.split_role as role, s.round_number as round,
              s.accuracy, s.low, s.high, s.identity ->> 'graderVersion' as verifier
            from scores s where s.campaign_id = c.id
            -- Not by id alone: an old round may be graded again after a newer round.
            order by s.benchmark, s.round_number desc, s.step_id desc, s.id desc
          ) last
        ), '[]') as "lastScores"
      from campaigns c order by c.created_at desc, c.id`,
  )
}
