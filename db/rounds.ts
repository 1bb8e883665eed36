import { and, asc, eq, sql } from 'drizzle-orm'
import { canonicalJson } from '../domain/canonical.ts'
import { HoneError } from '../domain/errors.ts'
import type { Decision } from '../domain/gate.ts'
import type { Database } from './database.ts'
import { rounds } from './schema/campaigns.ts'
import type { RoundStatus } from './schema/campaigns.ts'
import { only } from './sql.ts'

/** A round as it is stored. */
export type RoundRecord = typeof rounds.$inferSelect

/** Which round: its campaign and its number. */
export interface RoundKey {
  campaign: string
  number: number
}

/**
 * Opens a round, or returns it as it is: it may be closed, so look at its status. Throws
 * InvalidInput when the number belongs to a round with another parent.
 */
export async function openRound(db: Database, round: RoundKey & { parent: number | null }): Promise<RoundRecord> {
  const [opened] = await db
    .insert(rounds)
    .values({ campaignId: round.campaign, number: round.number, parentNumber: round.parent })
    .onConflictDoNothing()
    .returning()
  const found = opened ?? (await getRound(db, round.campaign, round.number))
  if (found.parentNumber === round.parent) return found
  throw new HoneError({
    type: 'InvalidInput',
    message: `round ${round.number} of ${round.campaign} has parent ${found.parentNumber}, not ${round.parent}`,
    nextStep: 'open a new round under the next free number',
  })
}

/** How a round ended. Fields that are left out are null. */
export interface RoundEnd {
  status: Exclude<RoundStatus, 'running'>
  decision?: Decision | null
  detail?: unknown
  checkpointId?: string | null
  reason?: string | null
}

/**
 * Ends a round for good. A second call with the same values changes nothing and returns the round.
 * With other values it throws InvalidInput: a closed round never changes. Throws UnknownRound.
 */
export async function closeRound(db: Database, round: RoundKey & RoundEnd): Promise<RoundRecord> {
  const end = {
    status: round.status,
    decision: round.decision ?? null,
    decisionDetail: round.detail ?? null,
    checkpointId: round.checkpointId ?? null,
    reason: round.reason ?? null,
  }
  const [closed] = await db
    .update(rounds)
    .set({ ...end, closedAt: sql`now()` })
    .where(and(eq(rounds.campaignId, round.campaign), eq(rounds.number, round.number), eq(rounds.status, 'running')))
    .returning()
  if (closed) return closed
  const found = await getRound(db, round.campaign, round.number)
  const { status, decision, decisionDetail, checkpointId, reason } = found
  if (canonicalJson({ status, decision, decisionDetail, checkpointId, reason }) === canonicalJson(end)) return found
  throw new HoneError({
    type: 'InvalidInput',
    message: `round ${round.number} of ${round.campaign} is ${found.status} and is never changed again`,
    nextStep: 'start a new round; roll back to another one if its result should not count',
  })
}

/**
 * Lets a failed round go on. A failed round has no result yet, so history does not change. A round
 * in another state stays as it is.
 */
export async function reopenRound(db: Database, campaign: string, number: number): Promise<void> {
  await db
    .update(rounds)
    .set({ status: 'running', reason: null, closedAt: null })
    .where(and(eq(rounds.campaignId, campaign), eq(rounds.number, number), eq(rounds.status, 'failed')))
}

/** The round, or null. */
export async function findRound(db: Database, campaign: string, number: number): Promise<RoundRecord | null> {
  const [round] = await db
    .select()
    .from(rounds)
    .where(and(eq(rounds.campaignId, campaign), eq(rounds.number, number)))
  return round ?? null
}

/** The round. Throws UnknownRound. */
export async function getRound(db: Database, campaign: string, number: number): Promise<RoundRecord> {
  const round = await findRound(db, campaign, number)
  if (round) return round
  throw new HoneError({
    type: 'UnknownRound',
    message: `campaign "${campaign}" has no round ${number}`,
    nextStep: `see its rounds with: hone rounds ${campaign}`,
  })
}

/** All rounds of a campaign by number, the base model's included. */
export async function listRounds(db: Database, campaign: string): Promise<RoundRecord[]> {
  return db.select().from(rounds).where(eq(rounds.campaignId, campaign)).orderBy(asc(rounds.number))
}

/** The row of the round, locked against changes until the transaction ends. Throws UnknownRound. */
export async function lockRound(db: Database, campaign: string, number: number): Promise<RoundRecord> {
  const found = await db
    .select()
    .from(rounds)
    .where(and(eq(rounds.campaignId, campaign), eq(rounds.number, number)))
    .for('share')
  if (found.length === 0) return getRound(db, campaign, number)
  return only(found)
}
