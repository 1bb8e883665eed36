import { sql } from 'drizzle-orm'
import { check, foreignKey, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { decisions } from '../../domain/gate.ts'
import { checkpoints } from './checkpoints.ts'
import { createdAt, moment, oneOf } from './columns.ts'

/** Where a campaign stands. */
export const campaignStatuses = ['running', 'paused', 'finished', 'failed', 'cancelled'] as const
export type CampaignStatus = (typeof campaignStatuses)[number]

/** Where a round stands. All but `running` are final. */
export const roundStatuses = ['running', 'closed', 'cancelled', 'failed'] as const
export type RoundStatus = (typeof roundStatuses)[number]

/** One effort from one base model under one recipe. The next round starts from the head. */
export const campaigns = pgTable(
  'campaigns',
  {
    id: text('id').primaryKey(),
    recipe: jsonb('recipe').notNull(),
    recipeHash: text('recipe_hash').notNull(),
    /** The YAML as it was given, comments included. */
    recipeSource: text('recipe_source').notNull(),
    /** Folder of the recipe: relative paths in the recipe start there. */
    folder: text('folder').notNull(),
    status: text('status', { enum: campaignStatuses }).notNull().default('running'),
    statusReason: text('status_reason'),
    headRound: integer('head_round'),
    createdAt: createdAt(),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  },
  (table) => [
    oneOf('campaigns_status', table.status, campaignStatuses),
    foreignKey({
      name: 'campaigns_head_round',
      columns: [table.id, table.headRound],
      foreignColumns: [rounds.campaignId, rounds.number] as [AnyPgColumn, AnyPgColumn],
    }),
  ],
)

/**
 * Rounds form a tree: each round has one parent, but round 0 (the base model) has no parent. A
 * closed round never changes.
 */
export const rounds = pgTable(
  'rounds',
  {
    campaignId: text('campaign_id')
      .notNull()
      .references((): AnyPgColumn => campaigns.id),
    number: integer('number').notNull(),
    parentNumber: integer('parent_number'),
    status: text('status', { enum: roundStatuses }).notNull().default('running'),
    decision: text('decision', { enum: decisions }),
    decisionDetail: jsonb('decision_detail'),
    checkpointId: text('checkpoint_id').references(() => checkpoints.id),
    reason: text('reason'),
    startedAt: moment('started_at').notNull().defaultNow(),
    closedAt: moment('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.campaignId, table.number] }),
    foreignKey({
      name: 'rounds_parent',
      columns: [table.campaignId, table.parentNumber],
      foreignColumns: [table.campaignId, table.number],
    }),
    oneOf('rounds_status', table.status, roundStatuses),
    oneOf('rounds_decision', table.decision, decisions),
    check('rounds_base_has_no_parent', sql`(${table.number} = 0) = (${table.parentNumber} is null)`),
    check('rounds_parent_is_older', sql`${table.parentNumber} < ${table.number}`),
    check('rounds_closed_at', sql`(${table.status} = 'running') = (${table.closedAt} is null)`),
  ],
)
