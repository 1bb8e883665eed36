import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Database } from './database.ts'
import { attempts, jobIntents, jobKinds, jobs, metrics } from './schema/jobs.ts'
import type { JobIntent, JobKind } from './schema/jobs.ts'
import { batchesOf, moment, rowsOf } from './sql.ts'
import { storableOrNull } from './storable.ts'

/** A job as it is stored: what we want of it and its specification. */
export type JobRecord = typeof jobs.$inferSelect
/** One submission of a job. */
export type AttemptRecord = typeof attempts.$inferSelect

/** A job that is written down before it is submitted. */
export interface JobInput {
  jobId: string
  stepId: number | null
  kind: JobKind
  backend: string
  launcher: string
  specHash: string
  spec: unknown
}

/**
 * Records that we want a job to run, or returns the job as it is: its intent may have become
 * `cancel`. Throws JobConflict when the id belongs to another specification.
 */
export async function recordIntent(db: Database, input: JobInput): Promise<JobRecord> {
  const { jobId, ...columns } = input
  const [created] = await db
    .insert(jobs)
    .values({ id: jobId, ...columns })
    .onConflictDoNothing()
    .returning()
  const job = created ?? (await getJob(db, jobId))
  if (job.specHash === input.specHash) return job
  throw new HoneError({
    type: 'JobConflict',
    message: `job ${jobId} was recorded with another specification (${job.specHash}, now ${input.specHash})`,
    nextStep: 'the settings changed while the job was under way: roll back to the parent round and run it anew',
  })
}

/** The job, or null. */
export async function findJob(db: Database, jobId: string): Promise<JobRecord | null> {
  const [job] = await db.select().from(jobs).where(eq(jobs.id, jobId))
  return job ?? null
}

/** The job. Throws InvalidInput when there is no job with this id. */
export async function getJob(db: Database, jobId: string): Promise<JobRecord> {
  const job = await findJob(db, jobId)
  if (job) return job
  throw new HoneError({
    type: 'InvalidInput',
    message: `there is no job "${jobId}"`,
    nextStep: 'see the jobs of a round with: hone show CAMPAIGN ROUND',
  })
}

/** Records what we want of a job. Throws InvalidInput when there is no job with this id. */
export async function setIntent(db: Database, jobId: string, intent: JobIntent): Promise<void> {
  const changed = await db.update(jobs).set({ intent }).where(eq(jobs.id, jobId)).returning({ id: jobs.id })
  if (changed.length === 0) await getJob(db, jobId)
}

/**
 * Opens the next attempt of a job, numbered 1, 2, …, and returns its number. Two callers at once
 * get two numbers. The attempt runs in `directory`, and its launcher finds it by `handle`; both may
 * be functions of the number.
 */
export async function newAttempt(
  db: Database,
  jobId: string,
  directory: string | ((attempt: number) => string),
  handle?: (attempt: number) => unknown,
): Promise<number> {
  return db.transaction(async (tx) => {
    const held = await tx.select({ id: jobs.id }).from(jobs).where(eq(jobs.id, jobId)).for('no key update')
    if (held.length === 0) await getJob(tx, jobId)
    const attempt = ((await latestAttempt(tx, jobId))?.attempt ?? 0) + 1
    const place = typeof directory === 'string' ? directory : directory(attempt)
    await tx.insert(attempts).values({ jobId, attempt, state: 'new', directory: place, handle: handle?.(attempt) })
    return attempt
  })
}

/** News of an attempt. Fields that are left out stay as they are. */
export interface AttemptChange {
  handle?: unknown
  state?: string
  exitCode?: number | null
  signal?: string | null
  reason?: string | null
  startedAt?: Date | null
  finishedAt?: Date | null
}

/** Records news of an attempt. Throws InvalidInput when there is no such attempt. */
export async function setAttempt(db: Database, jobId: string, attempt: number, change: AttemptChange): Promise<void> {
  const { reason, ...others } = change
  const set = { ...others, ...(reason === undefined ? {} : { reason: storableOrNull(reason) }) }
  if (Object.keys(set).length === 0) return
  const changed = await db
    .update(attempts)
    .set(set)
    .where(and(eq(attempts.jobId, jobId), eq(attempts.attempt, attempt)))
    .returning({ attempt: attempts.attempt })
  if (changed.length > 0) return
  throw new HoneError({
    type: 'InvalidInput',
    message: `job ${jobId} has no attempt ${attempt}`,
    nextStep: 'open the attempt before reporting on it',
  })
}

/** The attempt with the highest number; null when there is no attempt. */
export async function latestAttempt(db: Database, jobId: string): Promise<AttemptRecord | null> {
  const [latest] = await db
    .select()
    .from(attempts)
    .where(eq(attempts.jobId, jobId))
    .orderBy(desc(attempts.attempt))
    .limit(1)
  return latest ?? null
}

/** One number that a trainer logged, as it is stored. */
type MetricRecord = typeof metrics.$inferInsert

/**
 * Writes metrics. A point that exists is overwritten, so a file may be read again from its start.
 */
export async function upsertMetrics(db: Database, points: readonly MetricRecord[]): Promise<void> {
  const byKey = new Map(
    points.map((point) => [[point.jobId, point.attempt, point.segment, point.step, point.name].join('\n'), point]),
  )
  for (const batch of batchesOf([...byKey.values()], 1000)) {
    await db
      .insert(metrics)
      .values(batch)
      .onConflictDoUpdate({
        target: [metrics.jobId, metrics.attempt, metrics.segment, metrics.step, metrics.name],
        set: { value: sql`excluded.value`, canonical: sql`excluded.canonical`, at: sql`excluded.at` },
      })
  }
}

const metricSeriesPoint = z.object({
  attempt: z.number(),
  segment: z.number(),
  step: z.number(),
  name: z.string(),
  canonical: z.string().nullable(),
  value: z.number(),
  at: moment,
})
export type MetricSeriesPoint = z.infer<typeof metricSeriesPoint>

/**
 * What a job logged, in order of steps. `name` is a canonical or a raw name. Where attempts or
 * segments overlap (a resume from an older state repeats steps), the latest value counts.
 */
export async function metricSeries(db: Database, jobId: string, name?: string): Promise<MetricSeriesPoint[]> {
  const named = name === undefined ? sql`` : sql`and (m.name = ${name} or m.canonical = ${name})`
  return rowsOf(
    db,
    metricSeriesPoint,
    sql`
      select distinct on (m.step, m.name) m.attempt, m.segment, m.step, m.name, m.canonical, m.value, m.at
      from metrics m where m.job_id = ${jobId} ${named}
      order by m.step, m.name, m.attempt desc, m.segment desc`,
  )
}

/** The newest value of each metric of a job, by canonical name where there is one. */
export async function lastMetrics(db: Database, jobId: string): Promise<Record<string, number>> {
  const last = await rowsOf(
    db,
    z.object({ name: z.string(), value: z.number() }),
    sql`
      select distinct on (1) coalesce(m.canonical, m.name) as name, m.value
      from metrics m where m.job_id = ${jobId}
      order by 1, m.attempt desc, m.segment desc, m.step desc`,
  )
  return Object.fromEntries(last.map(({ name, value }) => [name, value]))
}

const jobSummary = z.object({
  id: z.string(),
  campaign: z.string(),
  round: z.number(),
  step: z.string(),
  kind: z.enum(jobKinds),
  backend: z.string(),
  launcher: z.string(),
  intent: z.enum(jobIntents),
  /** How many attempts there were. The fields below describe the last attempt. */
  attempts: z.number(),
  state: z.string().nullable(),
  exitCode: z.number().nullable(),
  reason: z.string().nullable(),
  directory: z.string().nullable(),
  /** Seconds since the attempt started, up to now while it runs; null before it started. */
  seconds: z.number().nullable(),
})
export type JobSummary = z.infer<typeof jobSummary>

/** Jobs of a campaign, or of one of its rounds, oldest first, each with its last attempt. */
export async function listJobs(db: Database, campaign: string, round?: number): Promise<JobSummary[]> {
  const ofRound = round === undefined ? sql`` : sql`and s.round_number = ${round}`
  return rowsOf(
    db,
    jobSummary,
    sql`
      select j.id, s.campaign_id as campaign, s.round_number as round, s.name as step, j.kind, j.backend, j.launcher,
        j.intent, coalesce(last.attempt, 0) as attempts, last.state, last.exit_code as "exitCode", last.reason,
        last.directory,
        extract(epoch from coalesce(last.finished_at, now()) - last.started_at)::float8 as seconds
      from jobs j
      join steps s on s.id = j.step_id
      left join lateral (
        select a.* from attempts a where a.job_id = j.id order by a.attempt desc limit 1
      ) last on true
      where s.campaign_id = ${campaign} ${ofRound}
      order by j.created_at, j.id`,
  )
}

/** Attempts of a job, oldest first. */
export async function listAttempts(db: Database, jobId: string): Promise<AttemptRecord[]> {
  return db.select().from(attempts).where(eq(attempts.jobId, jobId)).orderBy(asc(attempts.attempt))
}
