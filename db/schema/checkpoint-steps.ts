import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core'
import { checkpoints } from './checkpoints.ts'
import { createdAt } from './columns.ts'
import { jobs } from './jobs.ts'
import { steps } from './steps.ts'

/**
 * Which step published a checkpoint, by which job, and from which weights it started. Apart from `checkpoints`, since
 * two campaigns that train the same thing publish the same weights.
 */
export const checkpointSteps = pgTable(
  'checkpoint_steps',
  {
    stepId: bigint('step_id', { mode: 'number' })
      .notNull()
      .references(() => steps.id),
    checkpointId: text('checkpoint_id')
      .notNull()
      .references(() => checkpoints.id),
    startCheckpointId: text('start_checkpoint_id').references(() => checkpoints.id),
    /** One job publishes once; a step with phases has several. */
    jobId: text('job_id')
      .primaryKey()
      .references(() => jobs.id),
    createdAt: createdAt(),
  },
  (table) => [
    index('checkpoint_steps_checkpoint').on(table.checkpointId),
    index('checkpoint_steps_step').on(table.stepId, table.createdAt),
  ],
)
