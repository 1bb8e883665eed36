import type { JobHandle } from './launchers/contract.ts'
import type { MetricPoint } from './metrics.ts'

export type JobKind = 'sft' | 'rl' | 'finalize' | 'verify' | 'serve'

/** A job as it is recorded before it is submitted. */
export interface JobIntent {
  jobId: string
  stepId: number | null
  kind: JobKind
  /** The product that does the work: a trainer, or a model server. */
  backend: string
  /** The place where the job is to run. */
  place: string
  specHash: string
  spec: unknown
}

/** The record of one submission of a job. */
export interface AttemptRecord {
  attempt: number
  state: string
  /** The folder of the attempt, as the worker saw it. */
  directory: string
  handle: JobHandle | null
  startedAt: Date | null
  finishedAt: Date | null
}

/** New facts about an attempt. Fields that are left out stay as they are. */
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
 * Stores jobs, their attempts and their metrics. Every call can be repeated with the same effect.
 */
export interface JobStore {
  /**
   * Records the intent to run a job, or finds the recorded intent. Throws JobConflict when the id
   * has another specification.
   */
  recordIntent(intent: JobIntent): Promise<void>
  /** Records that a job must not run any more. */
  withdraw(jobId: string): Promise<void>
  /**
   * Opens the next attempt and returns its number, counted from 1. Two callers at the same time get
   * two numbers. The handle is stored before anything is submitted: after a crash the job is looked
   * for at the place where it may have been submitted.
   */
  newAttempt(jobId: string, handle: (attempt: number) => JobHandle): Promise<number>
  latestAttempt(jobId: string): Promise<AttemptRecord | null>
  /** All attempts, oldest first. */
  attempts(jobId: string): Promise<AttemptRecord[]>
  setAttempt(jobId: string, attempt: number, change: AttemptChange): Promise<void>
  upsertMetrics(jobId: string, attempt: number, points: readonly MetricPoint[]): Promise<void>
}
