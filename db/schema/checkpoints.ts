import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'

/**
 * Model weights in the store, named by their content. Who made them and from what is in
 * `checkpoint_steps`.
 */
export const checkpoints = pgTable('checkpoints', {
  id: text('id').primaryKey(),
  path: text('path').notNull(),
  bytes: bigint('bytes', { mode: 'number' }).notNull(),
  createdAt: createdAt(),
})
