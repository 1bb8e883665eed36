import { bigserial, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { campaigns } from './campaigns.ts'
import { moment } from './columns.ts'

/** Every act on a campaign: who, when, why, from where to where. Written once, never changed. */
export const events = pgTable(
  'events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    campaignId: text('campaign_id')
      .notNull()
      .references(() => campaigns.id),
    at: moment('at').notNull().defaultNow(),
    who: text('who').notNull(),
    /** created, paused, resumed, rollback, promoted, … */
    kind: text('kind').notNull(),
    why: text('why'),
    fromRound: integer('from_round'),
    toRound: integer('to_round'),
    /** The caller's id of the act: the same act sent twice is one event. */
    dedupeKey: text('dedupe_key').unique(),
    data: jsonb('data'),
  },
  (table) => [index('events_campaign').on(table.campaignId, table.id)],
)
