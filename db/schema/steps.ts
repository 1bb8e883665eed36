import { bigserial, foreignKey, integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { rounds } from './campaigns.ts'
import { moment, oneOf } from './columns.ts'

/**
 * Where a step stands. `failed` and `cancelled` become `running` again when the step is opened
 * again.
 */
export const stepStatuses = ['running', 'done', 'failed', 'cancelled'] as const
export type StepStatus = (typeof stepStatuses)[number]

/**
 * One unit inside a round. The dataset that names the step is its output. Its rows and seconds are
 * derived.
 */
export const steps = pgTable(
  'steps',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    campaignId: text('campaign_id').notNull(),
    roundNumber: integer('round_number').notNull(),
    name: text('name').notNull(),
    kind: text('kind').notNull(),
    ordinal: integer('ordinal').notNull(),
    spec: jsonb('spec').notNull(),
    status: text('status', { enum: stepStatuses }).notNull().default('running'),
    /** Why it ended as it did. While it runs: what it waits for. */
    reason: text('reason'),
    startedAt: moment('started_at').notNull().defaultNow(),
    finishedAt: moment('finished_at'),
  },
  (table) => [
    foreignKey({
      name: 'steps_round',
      columns: [table.campaignId, table.roundNumber],
      foreignColumns: [rounds.campaignId, rounds.number],
    }),
    unique('steps_name').on(table.campaignId, table.roundNumber, table.name),
    oneOf('steps_status', table.status, stepStatuses),
  ],
)
