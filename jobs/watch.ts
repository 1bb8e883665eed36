import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from './command.ts'
import { isTerminal } from './launchers/contract.ts'
import { latestChange } from './launchers/files.ts'
import type { CancelCause, JobHandle, JobStatus, Launcher } from './launchers/contract.ts'
import type { LogSource } from './log-source.ts'
import { createMetricTailer } from './metrics.ts'
import type { MetricPoint } from './metrics.ts'
import type { PollJob } from './poller.ts'

/**
 * How long a job may wait in a queue, run, and run without a sign of life. The three limits are
 * independent.
 */
export interface JobLimits {
  queueSeconds: number
  runSeconds: number
  stallSeconds: number
}

export interface JobProgress {
  handle: JobHandle
  status: JobStatus
  /** Points that are new since the last call. */
  points: MetricPoint[]
  step: number | null
  totalSteps: number | null
  badLines: number
}

/**
 * How watching a job ended. `finished`: the job ended by itself, and `status` says how.
 * `cancelled`: no process is left, and `cause` says why. `detached`: the job goes on, and a later
 * call with the same key attaches to it again.
 */
export type JobOutcome =
  | { outcome: 'finished'; handle: JobHandle; status: JobStatus }
  | { outcome: 'cancelled'; handle: JobHandle; status: JobStatus; cause: CancelCause }
  | { outcome: 'detached'; handle: JobHandle }

export interface WatchOptions {
  launcher: Launcher
  poll: PollJob
  key: string
  /** Hash of the inputs. A job with the same key and another hash is a conflict. */
  specHash: string
  command: Command
  /**
   * Called before the first submission of the job. Not called for a submitted job, which already
   * reads its files.
   */
  prepare?: () => Promise<void>
  logs?: readonly LogSource[]
  /**
   * Looks at new metrics. True when the job cannot learn any more: the job is then ended as
   * `starved`.
   */
  isStarved?: (points: readonly MetricPoint[]) => boolean
  /** Called after each look. An error in it ends the watching, never the job. */
  onProgress?: (progress: JobProgress) => void | Promise<void>
  /**
   * Abort with the reason `cancel` to end the job. Any other reason detaches from the job, which
   * loses nothing.
   */
  signal?: AbortSignal
  /** Milliseconds between two looks. */
  pollIntervalMs?: number
  limits: JobLimits
}

const firstPauseMs = 50

/**
 * The limit that a job exceeds at `now`, or null. All times come from the job's files, so a new
 * worker does not start the clock again.
 */
function brokenLimit(status: JobStatus, lastSignMs: number, limits: JobLimits, now: number): CancelCause | null {
  const over = (since: number | undefined, seconds: number) => since !== undefined && now - since > seconds * 1000
  if (status.state === 'queued') return over(status.submittedAt, limits.queueSeconds) ? 'queue-limit' : null
  if (status.state !== 'running') return null
  if (over(status.startedAt, limits.runSeconds)) return 'run-limit'
  const sign = Math.max(lastSignMs, status.startedAt ?? now, status.lastOutputAt ?? 0)
  return over(sign, limits.stallSeconds) ? 'stalled' : null
}

/** Follows the metrics of a job and remembers its progress. */
function followLogs(sources: readonly LogSource[]) {
  const tailers = sources.map((source) => createMetricTailer(source))
  let step: number | null = null
  let totalSteps: number | null = null
  return {
    look: async (final: boolean) => {
      const points = (await Promise.all(tailers.map((tailer) => tailer.read({ final })))).flat()
      for (const point of points) {
        step = point.step
        if (point.canonical === 'totalSteps') totalSteps = point.value
      }
      const badLines = tailers.reduce((sum, tailer) => sum + tailer.state().badLines, 0)
      return { points, step, totalSteps, badLines }
    },
    hasDiverged: () => tailers.some((tailer) => tailer.divergedAt() !== null),
    lastChange: async () => (await latestChange(sources.map(({ path }) => path))) ?? 0,
  }
}

async function submit({ launcher, key, specHash, command, prepare }: WatchOptions): Promise<JobHandle> {
  if ((await launcher.find(key)) === null) await prepare?.()
  return launcher.ensure(key, specHash, command)
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error
  })
}

/**
 * Submits a job or attaches to it again, follows it to its end, and delivers its metrics while it
 * runs. After a crash, another call with the same key goes on watching the same job. That call
 * delivers all points from the beginning, so they must be upserted. Throws JobConflict when the key
 * belongs to a job with other inputs.
 */
export async function watchJob(options: WatchOptions): Promise<JobOutcome> {
  const { launcher, command, signal, onProgress, limits, poll, pollIntervalMs = 1000 } = options
  const handle = await submit(options)
  const logs = followLogs(options.logs ?? [])
  let interval = Math.min(firstPauseMs, pollIntervalMs)
  for (;;) {
    if (signal?.aborted === true) {
      if (signal.reason !== 'cancel') return { outcome: 'detached', handle }
      await launcher.cancel(handle, command.gracePeriodSeconds, 'request')
    }
    const status = await poll(handle)
    const isOver = isTerminal(status.state)
    const seen = await logs.look(isOver)
    await onProgress?.({ handle, status, ...seen })
    if (isOver) {
      if (status.state !== 'cancelled') return { outcome: 'finished', handle, status }
      return { outcome: 'cancelled', handle, status, cause: status.cancelCause ?? 'request' }
    }
    const hopeless = logs.hasDiverged() ? 'diverged' : (options.isStarved?.(seen.points) ?? false) ? 'starved' : null
    const limit = hopeless ?? brokenLimit(status, await logs.lastChange(), limits, Date.now())
    if (limit !== null) {
      await launcher.cancel(handle, command.gracePeriodSeconds, limit)
      continue
    }
    await pause(interval, signal)
    interval = Math.min(interval * 2, pollIntervalMs)
  }
}
