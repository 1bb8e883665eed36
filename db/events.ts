import { asc, eq } from 'drizzle-orm'
import type { Database } from './database.ts'
import { events } from './schema/events.ts'

/**
 * An act on a campaign. `dedupeKey` is the caller's id of the act: the same act sent twice is
 * recorded once.
 */
export interface EventInput {
  campaign: string
  who: string
  /** created, paused, resumed, rollback, promoted, … */
  kind: string
  why?: string | null
  fromRound?: number | null
  toRound?: number | null
  dedupeKey?: string | null
  data?: unknown
}

/** An act as it was recorded. */
export type EventRecord = typeof events.$inferSelect

/** Records an act. Returns false when an act with the same `dedupeKey` was already recorded. */
export async function recordEvent(db: Database, event: EventInput): Promise<boolean> {
  const written = await db
    .insert(events)
    .values({
      campaignId: event.campaign,
      who: event.who,
      kind: event.kind,
      why: event.why ?? null,
      fromRound: event.fromRound ?? null,
      toRound: event.toRound ?? null,
      dedupeKey: event.dedupeKey ?? null,
      data: event.data ?? null,
    })
    .onConflictDoNothing({ target: events.dedupeKey })
    .returning({ id: events.id })
  return written.length > 0
}

/** Every act on a campaign, oldest first. */
export async function listEvents(db: Database, campaign: string): Promise<EventRecord[]> {
  return db.select().from(events).where(eq(events.campaignId, campaign)).orderBy(asc(events.id))
}

/** The act with this `dedupeKey`, or null. */
export async function findEvent(db: Database, dedupeKey: string): Promise<EventRecord | null> {
  const [found] = await db.select().from(events).where(eq(events.dedupeKey, dedupeKey))
  return found ?? null
}
