import { bigint, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { checkpoints } from './checkpoints.ts'
import { createdAt } from './columns.ts'
import { jobs } from './jobs.ts'
import { steps } from './steps.ts'

/** `train_step` of the weights that a job ended with. */
export const endOfJob = 0

/**
 * Which step published a checkpoint, by which job, and from which weights the job started. A table
 * of its own, because two campaigns with the same training publish the same weights.
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
    /** One job publishes its end once; a step with phases has several jobs. */
    jobId: text('job_id')
      .notNull()
      .references(() => jobs.id),
    /** Optimizer step after which the weights were kept; 0 means the end of the job. */
    trainStep: integer('train_step').notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.trainStep] }),
    index('checkpoint_steps_checkpoint').on(table.checkpointId),
    index('checkpoint_steps_step').on(table.stepId, table.createdAt),
  ],
)
