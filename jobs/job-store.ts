import type { JobHandle } from './launchers/contract.ts'
import type { MetricPoint } from './metrics.ts'

export type JobKind = 'sft' | 'rl' | 'finalize' | 'verify' | 'serve'

/** A job as it is written down before it is submitted. */
export interface JobIntent {
  jobId: string
  stepId: number | null
  kind: JobKind
  /** The product that does the work: a trainer, or a model server. */
  backend: string
  /** The place where it is to run. */
  place: string
  specHash: string
  spec: unknown
}

/** What is known of one submission of a job. */
export interface AttemptRecord {
  attempt: number
  state: string
  /** The folder in which it runs, as the worker saw it. */
  directory: string
  handle: JobHandle | null
  startedAt: Date | null
  finishedAt: Date | null
}

/** What is learned of an attempt. Fields that are left out stay as they are. */
export interface AttemptChange {
  handle?: JobHandle
  state?: string
  exitCode?: number | null
  signal?: string | null
  reason?: string | null
  startedAt?: Date | null
  finishedAt?: Date | null
}

/**
 * Where jobs, their attempts and their metrics are kept. Every call can be made again with the same
 * effect.
 */
export interface JobStore {
  /**
   * Writes down that a job shall run, or finds it. Throws JobConflict when the id has another
   * specification.
   */
  recordIntent(intent: JobIntent): Promise<void>
  /** Says that a job shall not run any more. */
  withdraw(jobId: string): Promise<void>
  /**
   * Opens the next attempt, numbered from 1, and returns its number. Two callers at once get two
   * numbers. The handle is kept before anything is submitted: after a crash the job is looked for
   * where it may have been submitted.
   */
  newAttempt(jobId: string, handle: (attempt: number) => JobHandle): Promise<number>
  latestAttempt(jobId: string): Promise<AttemptRecord | null>
  /** All attempts, oldest first. */
  attempts(jobId: string): Promise<AttemptRecord[]>
  setAttempt(jobId: string, attempt: number, change: AttemptChange): Promise<void>
  upsertMetrics(jobId: string, attempt: number, points: readonly MetricPoint[]): Promise<void>
}
