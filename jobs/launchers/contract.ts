import { z } from 'zod'
import { HoneError } from '../../domain/errors.ts'
import type { Command, JobResources, RunFolder } from '../command.ts'
import type { Finding } from '../finding.ts'

/** Identifies a job later. Small, plain JSON, stored in the database. */
export const jobHandle = z.object({
  launcher: z.string(),
  /**
   * Name of the place in the site file. Handles from before places existed have no name; their jobs
   * are local.
   */
  place: z.string().default('local'),
  key: z.string(),
  /** The job's folder as the worker saw it. */
  directory: z.string(),
  /** The id by which the launcher finds the job at its scheduler, e.g. a Slurm job id. */
  reference: z.string().optional(),
})
export type JobHandle = z.infer<typeof jobHandle>

/**
 * `lost`: nothing runs and nothing says how it ended (a kill -9, a power cut). `unknown`: it could
 * not be looked up just now; it never means a failure. `cancelled`: Hone itself requested the end.
 */
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost', 'unknown'] as const
export type JobState = (typeof jobStates)[number]

/**
 * Why a job was cancelled. The three limits have different causes. `starved`: the job runs and
 * learns nothing. `diverged`: its loss became NaN or infinite.
 */
export const cancelCauses = ['request', 'queue-limit', 'run-limit', 'stalled', 'starved', 'diverged'] as const
export type CancelCause = (typeof cancelCauses)[number]

export interface JobStatus {
  state: JobState
  exitCode?: number
  signal?: string
  /** One sentence for people. For a queued job: why it waits. */
  reason?: string
  /**
   * The job ended without a cancellation that explains it (Hone was stopped, a node failed): try
   * again.
   */
  interrupted?: boolean
  /** The scheduler or the kernel ended the job for lack of memory. */
  outOfMemory?: boolean
  cancelCause?: CancelCause
  /** The machine of the job. */
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

/** The end of the output of a job. The values of its secret variables are blotted out. */
export interface JobLogs {
  stdout: string
  stderr: string
}

/** Facts about a launcher that its callers need. */
export interface LauncherTraits {
  /** Seconds between two polls. One poll asks for all jobs. */
  pollSeconds: number
}

/**
 * Runs planned jobs at one place. Every method can be called again after a crash with the same
 * effect. All files of a job are in a folder below the place's run folder. jobs/wrapper.py runs the
 * program and writes there how it ended.
 */
export interface Launcher {
  /** The kind of launcher, e.g. `local`, `slurm`. */
  readonly name: string
  /** The place where the jobs run. */
  readonly place: string
  readonly traits: LauncherTraits
  /** The folder of a job, which also holds its trainer's files. Does not create the folder. */
  run(key: string): RunFolder
  /** The job of this key. Null when it was never submitted. */
  find(key: string): Promise<JobHandle | null>
  /**
   * Submits the job unless it was submitted before. Throws JobConflict when a job of this key has
   * another spec hash: a deliberate new attempt needs a new key.
   */
  ensure(key: string, specHash: string, command: Command): Promise<JobHandle>
  /** The statuses of the jobs by key. The scheduler is asked once for all of them. */
  poll(handles: readonly JobHandle[]): Promise<Map<string, JobStatus>>
  /**
   * Records the intent, ends the job and returns only when no process of it is left. A finished job
   * stays as it is. Throws when the end is not certain: a job that may still run must not count as
   * ended.
   */
  cancel(handle: JobHandle, graceSeconds: number, cause?: CancelCause): Promise<void>
  logs(handle: JobHandle, options: { maxBytes: number }): Promise<JobLogs>
  /** Removes the job's folder. Throws while the job runs. */
  cleanup(handle: JobHandle): Promise<void>
  /**
   * The `host:port` at which this process reaches a `serve` job. Null before the job has written
   * its port.
   */
  address(handle: JobHandle): Promise<string | null>
  /** Whether the place can ever run a job of this size, by its machines or its scheduler. */
  fits(resources: JobResources): Promise<Finding[]>
  /** Whether the place can take jobs now: commands, rights, folders. Empty when it can. */
  examine(): Promise<{ problem: string; fix: string }[]>
  /** Closes connections and tunnels. Jobs go on, and the launcher can be used again. */
  close(): void
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/

/**
 * Name of a job's folder. `/` becomes `~`, which no key may hold. So two keys never share a folder.
 */
export function folderName(key: string): string {
  if (keyPattern.test(key)) return key.replaceAll('/', '~')
  throw new HoneError({
    type: 'InvalidInput',
    message: `${JSON.stringify(key)} cannot name a job.`,
    nextStep: 'Use letters, digits, dot, dash, underscore and slash; at most 200 of them.',
  })
}
