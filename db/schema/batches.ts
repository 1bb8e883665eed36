import { bigint, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { endStates, openStates } from '../../models/batch/batch-store.ts'
import { createdAt, moment, oneOf } from './columns.ts'
import { steps } from './steps.ts'

const states = [...openStates, ...endStates] as const

/** A batch of requests at a provider. It is written down before anything is sent. */
export const batches = pgTable(
  'batches',
  {
    /** A UUID that the provider keeps in the batch's metadata. */
    id: text('id').primaryKey(),
    /** Name of the endpoint in the recipe. */
    endpoint: text('endpoint').notNull(),
    model: text('model').notNull(),
    /** URL of the server. */
    server: text('server').notNull(),
    state: text('state', { enum: states }).notNull(),
    /** The process that works on it, and until when no other process may. */
    holder: text('holder'),
    heldUntil: moment('held_until'),
    /** The provider's names of the file and of the batch. */
    inputFileId: text('input_file_id'),
    providerId: text('provider_id'),
    total: integer('total').notNull(),
    /** Requests with a reply and without a reply, when it has ended. */
    done: integer('done'),
    failed: integer('failed'),
    /** What the provider said at the end. */
    detail: text('detail'),
    createdAt: createdAt(),
    /** When the provider was last asked to make it. */
    askedAt: moment('asked_at'),
    endedAt: moment('ended_at'),
  },
  (table) => [oneOf('batches_state', table.state, states)],
)

/**
 * Requests of open batches. The primary key holds that a request is in one open batch at most. The
 * rows of a batch are deleted when it ends.
 */
export const batchRequests = pgTable(
  'batch_requests',
  {
    /** The content key. */
    key: text('key').primaryKey(),
    batchId: text('batch_id')
      .notNull()
      .references(() => batches.id),
    /** The step that pays. */
    stepId: bigint('step_id', { mode: 'number' }).references(() => steps.id),
    endpoint: text('endpoint').notNull(),
    model: text('model').notNull(),
    /** Messages without pixels, sampling, number of the sample. */
    request: jsonb('request').notNull(),
  },
  (table) => [index('batch_requests_batch').on(table.batchId)],
)
