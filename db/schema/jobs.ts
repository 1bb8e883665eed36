import {
  bigint,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { createdAt, moment, oneOf } from './columns.ts'
import { steps } from './steps.ts'

/** What a job does. */
export const jobKinds = ['sft', 'rl', 'finalize', 'verify', 'serve'] as const
export type JobKind = (typeof jobKinds)[number]

/** What we want of a job: `cancelled` is our own word, never guessed from an exit code. */
export const jobIntents = ['run', 'cancel'] as const
export type JobIntent = (typeof jobIntents)[number]

/** Something that runs somewhere. It is written down before it is submitted. */
export const jobs = pgTable(
  'jobs',
  {
    /** `<campaign>/<round>/<step>` and, for phases and servers, one more part. */
    id: text('id').primaryKey(),
    stepId: bigint('step_id', { mode: 'number' }).references(() => steps.id),
    kind: text('kind', { enum: jobKinds }).notNull(),
    /** The product that does the work: a trainer, or a model server. */
    backend: text('backend').notNull(),
    /** The place of the site file where the job was first submitted. */
    launcher: text('launcher').notNull(),
    specHash: text('spec_hash').notNull(),
    spec: jsonb('spec').notNull(),
    intent: text('intent', { enum: jobIntents }).notNull().default('run'),
    createdAt: createdAt(),
  },
  (table) => [
    oneOf('jobs_kind', table.kind, jobKinds),
    oneOf('jobs_intent', table.intent, jobIntents),
    index('jobs_step').on(table.stepId),
  ],
)

/** One submission of a job. */
export const attempts = pgTable(
  'attempts',
  {
    jobId: text('job_id')
      .notNull()
      .references(() => jobs.id),
    attempt: integer('attempt').notNull(),
    /** What the launcher needs to find the attempt again: place, key, Slurm id, … */
    handle: jsonb('handle'),
    state: text('state').notNull(),
    exitCode: integer('exit_code'),
    signal: text('signal'),
    reason: text('reason'),
    directory: text('directory').notNull(),
    startedAt: moment('started_at'),
    finishedAt: moment('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.attempt] })],
)

/** One number of one logged step. A truncated metrics file starts a new segment. */
export const metrics = pgTable(
  'metrics',
  {
    jobId: text('job_id').notNull(),
    attempt: integer('attempt').notNull(),
    segment: integer('segment').notNull(),
    step: integer('step').notNull(),
    /** The trainer's own name. */
    name: text('name').notNull(),
    /** Our name for it, where there is one. */
    canonical: text('canonical'),
    value: doublePrecision('value').notNull(),
    at: moment('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.attempt, table.segment, table.step, table.name] }),
    foreignKey({
      name: 'metrics_attempt',
      columns: [table.jobId, table.attempt],
      foreignColumns: [attempts.jobId, attempts.attempt],
    }),
  ],
)
