import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { checkpoints } from './checkpoints.ts'
import { createdAt } from './columns.ts'
import { steps } from './steps.ts'

/** The checkpoint that a `select-checkpoint` step chose from the weights that an RL step kept. */
export const selections = pgTable('selections', {
  stepId: bigint('step_id', { mode: 'number' })
    .primaryKey()
    .references(() => steps.id),
  checkpointId: text('checkpoint_id')
    .notNull()
    .references(() => checkpoints.id),
  createdAt: createdAt(),
})
