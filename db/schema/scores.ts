import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core'
import { verdicts as verdictWords } from '../../domain/rows.ts'
import { rounds } from './campaigns.ts'
import { checkpoints } from './checkpoints.ts'
import { createdAt, oneOf } from './columns.ts'
import { requests } from './requests.ts'
import { rows } from './rows.ts'
import { steps } from './steps.ts'

/** `dev` steers gates; `report` is only ever read. */
export const splitRoles = ['dev', 'report'] as const
export type SplitRole = (typeof splitRoles)[number]

/** A benchmark result. Only scores with the same identity are compared. */
export const scores = pgTable(
  'scores',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    campaignId: text('campaign_id').notNull(),
    roundNumber: integer('round_number').notNull(),
    stepId: bigint('step_id', { mode: 'number' })
      .notNull()
      .references(() => steps.id),
    checkpointId: text('checkpoint_id')
      .notNull()
      .references(() => checkpoints.id),
    benchmark: text('benchmark').notNull(),
    splitRole: text('split_role', { enum: splitRoles }).notNull(),
    /**
     * Benchmark revision, prompt, decoding, image limits, grader: scores are compared only when all
     * of this is equal.
     */
    identity: jsonb('identity').notNull(),
    identityHash: text('identity_hash').notNull(),
    n: integer('n').notNull(),
    correct: integer('correct').notNull(),
    unverifiable: integer('unverifiable').notNull(),
    truncated: integer('truncated').notNull(),
    /** Fractions: accuracy and its 95 % interval. */
    accuracy: doublePrecision('accuracy').notNull(),
    low: doublePrecision('low').notNull(),
    high: doublePrecision('high').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    // A step that chooses among checkpoints has one score for each.
    unique('scores_measured').on(table.stepId, table.benchmark, table.identityHash, table.checkpointId),
    foreignKey({
      name: 'scores_round',
      columns: [table.campaignId, table.roundNumber],
      foreignColumns: [rounds.campaignId, rounds.number],
    }),
    oneOf('scores_split_role', table.splitRole, splitRoles),
    index('scores_by_round').on(table.campaignId, table.roundNumber),
    index('scores_checkpoint').on(table.checkpointId),
  ],
)

/** One item of a score. Paired comparisons are made of items. */
export const scoreItems = pgTable(
  'score_items',
  {
    scoreId: bigint('score_id', { mode: 'number' })
      .notNull()
      .references(() => scores.id),
    /** Row of the benchmark's source dataset. */
    itemId: text('item_id')
      .notNull()
      .references(() => rows.id),
    correct: boolean('correct').notNull(),
    verdict: text('verdict', { enum: verdictWords }).notNull(),
    reason: text('reason').notNull(),
    extracted: text('extracted'),
    requestKey: text('request_key').references(() => requests.key),
    truncated: boolean('truncated').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.scoreId, table.itemId] }),
    oneOf('score_items_verdict', table.verdict, verdictWords),
  ],
)
