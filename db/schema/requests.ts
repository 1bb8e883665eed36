import { bigint, boolean, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'
import { steps } from './steps.ts'

/**
 * A finished model call under its content key. It is paid for once, and many rows and campaigns may
 * use it. A reply that was paid for and cannot be used has the finish reason `unusable`, and a key
 * that no request has.
 */
export const requests = pgTable(
  'requests',
  {
    key: text('key').primaryKey(),
    /** The step that paid. */
    stepId: bigint('step_id', { mode: 'number' }).references(() => steps.id),
    endpoint: text('endpoint').notNull(),
    model: text('model').notNull(),
    /** Messages without pixels, sampling, image hashes. */
    request: jsonb('request').notNull(),
    reply: text('reply').notNull(),
    finishReason: text('finish_reason').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    latencyMs: integer('latency_ms').notNull(),
    attempts: integer('attempts').notNull(),
    /** Model that answered, as the server said it. */
    servedModel: text('served_model'),
    /** Whether the tokens are estimates, because the server did not count. */
    isEstimated: boolean('is_estimated').notNull().default(false),
    createdAt: createdAt(),
  },
  (table) => [index('requests_step').on(table.stepId)],
)
