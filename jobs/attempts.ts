import { HoneError } from '../domain/errors.ts'
import type { Command, RunFolder } from './command.ts'
import type { AttemptRecord, JobKind, JobStore } from './job-store.ts'
import type { CancelCause, JobHandle, JobLogs, JobStatus } from './launchers/contract.ts'
import type { LogSource } from './log-source.ts'
import type { MetricPoint } from './metrics.ts'
import type { Place, Places } from './site/place.ts'
import { watchJob } from './watch.ts'
import type { JobLimits, JobOutcome, JobProgress } from './watch.ts'

/** The parts that running a job needs. */
export interface JobWorld {
  store: JobStore
  places: Places
  /**
   * Abort with the reason `cancel` to end the job. Any other reason leaves the job running for the
   * next worker.
   */
  signal: AbortSignal
  /** Reports the progress of a job as small, plain JSON. */
  progress: (details: Record<string, unknown>) => void
}

/** How to run one attempt. */
export interface AttemptPlan {
  command: Command
  prepare?: () => Promise<void>
  logs?: readonly LogSource[]
  isStarved?: (points: readonly MetricPoint[]) => boolean
}

/** One attempt and the place where it runs. */
export interface Attempt {
  number: number
  place: Place
  run: RunFolder
}

/** The result of an ended attempt. */
export type AttemptVerdict<Made> =
  | ({ outcome: 'ok' } & Made)
  | { outcome: 'retryable'; reason: string }
  | { outcome: 'fatal'; reason: string; nextStep: string }

/** A job with all its attempts. */
export interface AttemptedJob<Made> {
  jobId: string
  stepId: number | null
  kind: JobKind
  backend: string
  /** Place of new attempts. Null: the site's default place. */
  place: string | null
  specHash: string
  spec: unknown
  limits: JobLimits
  /** Attempts that one run of the step may take. */
  maxAttempts: number
  /** Attempts that earlier runs of the step used up. */
  attemptsSoFar: number
  plan(attempt: Attempt): Promise<AttemptPlan>
  verdict(attempt: Attempt, ended: { status: JobStatus; logs: JobLogs }): Promise<AttemptVerdict<Made>>
  /** The error for a cancellation that nobody requested. Null: the common error. */
  explain?(cause: CancelCause): HoneError | null
}

const logTailBytes = 16_384
/** Time that a job gets to end by itself when its step is over. */
const stopGraceSeconds = 15
/** An attempt in one of these states is never watched again. */
const endedBadly = new Set(['failed', 'cancelled', 'lost'])

/** Key of an attempt at its launcher, and also the name of its folder. */
export const attemptKey = (jobId: string, attempt: number): string => `${jobId}/attempt-${attempt}`

export const jobFailed = (jobId: string, reason: string, nextStep: string): HoneError =>
  new HoneError({ type: 'TrainingFailed', message: `${jobId}: ${reason}`, nextStep })

/**
 * Records the intent, looks the job up, submits it and records the result, in this order. A job
 * that is under way is attached to. A job that ended well gets its verdict and is not run again. A
 * job that was lost or interrupted gets another attempt with a new number while the limit allows.
 */
export async function runAttempts<Made>(
  world: JobWorld,
  job: AttemptedJob<Made>,
): Promise<Attempt & { made: { outcome: 'ok' } & Made }> {
  const { jobId, stepId, kind, backend, specHash, spec } = job
  const place = world.places.get(job.place).name
  await world.store.recordIntent({ jobId, stepId, kind, backend, place, specHash, spec })
  let attempt = await attemptToWatch(world, job)
  for (;;) {
    const verdict = await watchAttempt(world, job, attempt)
    if (verdict.outcome === 'ok') return { ...attempt, made: verdict }
    if (verdict.outcome === 'fatal') throw jobFailed(jobId, verdict.reason, verdict.nextStep)
    if (attempt.number - job.attemptsSoFar >= job.maxAttempts)
      throw jobFailed(
        jobId,
        `${verdict.reason} (attempt ${attempt.number})`,
        'look at the log of its run folder, mend the cause, then `hone resume`',
      )
    attempt = await nextAttempt(world, job)
  }
}

/**
 * The run folder of an existing attempt. It lies at the place where the attempt was made, even if
 * the site file has changed since.
 */
export function attemptAt(world: Pick<JobWorld, 'places'>, jobId: string, record: AttemptRecord): Attempt {
  const place = world.places.get(record.handle?.place ?? 'local')
  return { number: record.attempt, place, run: place.launcher.run(attemptKey(jobId, record.attempt)) }
}

async function nextAttempt(world: JobWorld, { jobId, place: name }: AttemptedJob<unknown>): Promise<Attempt> {
  const place = world.places.get(name)
  const handleOf = (attempt: number): JobHandle => {
    const key = attemptKey(jobId, attempt)
    return { launcher: place.launcher.name, place: place.name, key, directory: place.launcher.run(key).here }
  }
  const number = await world.store.newAttempt(jobId, handleOf)
  return { number, place, run: place.launcher.run(attemptKey(jobId, number)) }
}

/**
 * The attempt that is under way. A new attempt when there is no attempt or the last attempt ended
 * badly.
 */
async function attemptToWatch(world: JobWorld, job: AttemptedJob<unknown>): Promise<Attempt> {
  const latest = await world.store.latestAttempt(job.jobId)
  if (!latest || endedBadly.has(latest.state)) return await nextAttempt(world, job)
  return attemptAt(world, job.jobId, latest)
}

async function watchAttempt<Made>(
  world: JobWorld,
  job: AttemptedJob<Made>,
  attempt: Attempt,
): Promise<AttemptVerdict<Made>> {
  const { launcher, poll } = attempt.place
  const outcome = await watchJob({
    ...(await job.plan(attempt)),
    launcher,
    poll,
    key: attempt.run.key,
    specHash: job.specHash,
    signal: world.signal,
    pollIntervalMs: Math.max(1000, launcher.traits.pollSeconds * 1000),
    limits: job.limits,
    onProgress: (progress) => report(world, job.jobId, attempt, progress),
  })
  return await verdictOf(world, job, attempt, outcome)
}

/** Stores metrics while the job runs, and shows step and loss under the activity. */
async function report(world: JobWorld, jobId: string, { number }: Attempt, progress: JobProgress): Promise<void> {
  const { handle, status, points, step, totalSteps } = progress
  await world.store.setAttempt(jobId, number, {
    handle,
    state: status.state,
    reason: status.reason ?? null,
    startedAt: status.startedAt === undefined ? null : new Date(status.startedAt),
  })
  await world.store.upsertMetrics(jobId, number, points)
  const shown = points.findLast(({ canonical }) => canonical === 'reward.mean' || canonical === 'loss')
  world.progress({
    state: status.state,
    place: handle.place,
    ...(status.state === 'queued' && status.reason !== undefined && { waits: status.reason }),
    ...(status.node !== undefined && { node: status.node }),
    done: step,
    total: totalSteps,
    ...(shown?.canonical && { [shown.canonical]: shown.value }),
  })
}

async function verdictOf<Made>(
  world: JobWorld,
  job: AttemptedJob<Made>,
  attempt: Attempt,
  outcome: JobOutcome,
): Promise<AttemptVerdict<Made>> {
  if (outcome.outcome === 'detached')
    throw new Error('the worker is shutting down; the job goes on, and the next worker attaches to it')
  const { handle, status } = outcome
  const ended = (state: string, reason: string | null) =>
    world.store.setAttempt(job.jobId, attempt.number, {
      state,
      reason,
      exitCode: status.exitCode ?? null,
      signal: status.signal ?? null,
      finishedAt: new Date(status.finishedAt ?? Date.now()),
    })
  if (outcome.outcome === 'cancelled') {
    await ended('cancelled', outcome.cause)
    if (outcome.cause !== 'request') throw job.explain?.(outcome.cause) ?? stopped(job.jobId, outcome.cause, status)
    await world.store.withdraw(job.jobId)
    throw new Error('the job was cancelled on request')
  }
  const logs = await attempt.place.launcher.logs(handle, { maxBytes: logTailBytes })
  const verdict = await job.verdict(attempt, { status, logs })
  if (verdict.outcome === 'ok') await ended('succeeded', null)
  else await ended(status.state === 'lost' ? 'lost' : 'failed', verdict.reason)
  return verdict
}

function stopped(jobId: string, cause: CancelCause, status: JobStatus): HoneError {
  const type = cause === 'stalled' ? 'TrainingStalled' : cause === 'diverged' ? 'TrainingFailed' : 'LimitExceeded'
  const message =
    cause === 'diverged'
      ? `${jobId} was stopped: its loss became NaN or infinite`
      : `${jobId} was stopped: ${status.reason ?? cause}`
  const nextStep =
    cause === 'diverged'
      ? 'lower learningRate, or train in another precision, in the recipe of a new campaign'
      : 'look at its log and metrics; raise limits in the recipe of a new campaign, or `hone resume` to try again'
  return new HoneError({ type, message, nextStep })
}

/**
 * Ends the processes that the last attempt of a job left running. Usually the activity that watches
 * a job ends it. But when the worker of that activity died, the server cancels the activity without
 * telling anybody, and the program would go on beside the program of the next round.
 */
export async function endLastAttempt(world: Pick<JobWorld, 'store' | 'places'>, jobId: string): Promise<void> {
  const latest = await world.store.latestAttempt(jobId)
  if (!latest || latest.state === 'succeeded' || endedBadly.has(latest.state)) return
  const { place, run } = attemptAt(world, jobId, latest)
  const handle = await place.launcher.find(run.key)
  if (handle) await place.launcher.cancel(handle, stopGraceSeconds, 'request')
  await world.store.setAttempt(jobId, latest.attempt, {
    state: 'cancelled',
    reason: 'request',
    finishedAt: new Date(),
  })
}
