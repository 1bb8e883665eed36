import { z } from 'zod'
import { HoneError } from '../../domain/errors.ts'
import type { Command, JobResources, RunFolder } from '../command.ts'
import type { Finding } from '../finding.ts'

/** Names a job for later: small, plain JSON, kept in the database. */
export const jobHandle = z.object({
  launcher: z.string(),
  /**
   * Name of the place in the site file; jobs of before there were places have none and are local.
   */
  place: z.string().default('local'),
  key: z.string(),
  /** The job's folder as the worker saw it. */
  directory: z.string(),
  /** What the launcher needs to find the job at its scheduler, e.g. a Slurm job id. */
  reference: z.string().optional(),
})
export type JobHandle = z.infer<typeof jobHandle>

/**
 * `lost`: nothing runs and nothing says how it ended (a kill -9, a power cut). `unknown`: it could
 * not be looked up just now; it never stands for a failure. `cancelled` only when we asked for it
 * ourselves.
 */
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost', 'unknown'] as const
export type JobState = (typeof jobStates)[number]

/**
 * Why a job was cancelled. The three limits are different things and are told apart. `starved`: it
 * runs and learns nothing. `diverged`: its loss is no number any more.
 */
export const cancelCauses = ['request', 'queue-limit', 'run-limit', 'stalled', 'starved', 'diverged'] as const
export type CancelCause = (typeof cancelCauses)[number]

export interface JobStatus {
  state: JobState
  exitCode?: number
  signal?: string
  /** One sentence for people; of a queued job, why it waits. */
  reason?: string
  /**
   * Ended by something that nobody's cancellation explains (Hone was stopped, a node failed): try
   * again.
   */
  interrupted?: boolean
  /** The scheduler or the kernel ended it for lack of memory. */
  outOfMemory?: boolean
  cancelCause?: CancelCause
  /** The machine that it runs or ran on. */
  node?: string
  /** Milliseconds since the epoch. */
  submittedAt?: number
  startedAt?: number
  finishedAt?: number
  /** When the job last wrote to its output. */
  lastOutputAt?: number
}

export function isTerminal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled' || state === 'lost'
}

/** The end of what a job wrote, values of its secret variables blotted out. */
export interface JobLogs {
  stdout: string
  stderr: string
}

/** What callers must know of a launcher. */
export interface LauncherTraits {
  /** Seconds between two polls. One poll asks for all jobs at once. */
  pollSeconds: number
}

/**
 * Runs planned jobs at one place. Every method can be called again after a crash with the same
 * effect. A folder below the place's run folder holds all of a job; jobs/wrapper.py runs the
 * program and writes how it ended there.
 */
export interface Launcher {
  /** What kind of launcher it is, e.g. `local`, `slurm`. */
  readonly name: string
  /** The place that it serves. */
  readonly place: string
  readonly traits: LauncherTraits
  /** The folder of a job, for its trainer's files too. Does not create it. */
  run(key: string): RunFolder
  /** The job of this key, if it was ever submitted. */
  find(key: string): Promise<JobHandle | null>
  /**
   * Submits the job unless it is there already. Throws JobConflict when a job of this key has
   * another spec hash: a deliberate new attempt takes a new key.
   */
  ensure(key: string, specHash: string, command: Command): Promise<JobHandle>
  /** How the jobs are, by key: one question to the scheduler for all of them. */
  poll(handles: readonly JobHandle[]): Promise<Map<string, JobStatus>>
  /**
   * Records the intent, ends the job and returns only when no process of it is left. A finished job
   * stays as it is. Throws when it cannot say so: a job that may still run is not taken for ended.
   */
  cancel(handle: JobHandle, graceSeconds: number, cause?: CancelCause): Promise<void>
  logs(handle: JobHandle, options: { maxBytes: number }): Promise<JobLogs>
  /** Removes the job's folder. Refuses while it runs. */
  cleanup(handle: JobHandle): Promise<void>
  /**
   * Where this process reaches the port that a `serve` job listens on, `host:port`; null before it
   * has said so.
   */
  address(handle: JobHandle): Promise<string | null>
  /** Whether the place can ever take a job of this size, as its machines or its scheduler say. */
  fits(resources: JobResources): Promise<Finding[]>
  /** Whether the place can take jobs now: commands, rights, folders. Empty when all is well. */
  examine(): Promise<{ problem: string; fix: string }[]>
  /** Closes connections and tunnels; jobs go on, and the launcher can be used again. */
  close(): void
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/

/**
 * Name of a job's folder. `/` becomes `~`, which no key may hold: two keys never share a folder.
 */
export function folderName(key: string): string {
  if (keyPattern.test(key)) return key.replaceAll('/', '~')
  throw new HoneError({
    type: 'InvalidInput',
    message: `${JSON.stringify(key)} cannot name a job.`,
    nextStep: 'Use letters, digits, dot, dash, underscore and slash; at most 200 of them.',
  })
}
