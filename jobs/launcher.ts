import { join } from 'node:path'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'

/** What a job wants from the machine. */
export const jobResources = z.object({
  cpus: z.number().positive().optional(),
  memoryGib: z.number().positive().optional(),
  gpus: z.int().nonnegative().optional(),
})
export type JobResources = z.infer<typeof jobResources>

/**
 * How to run a program. No shell: `argv` is what runs. `env` is written to files and must hold nothing secret;
 * `secretEnv` names variables of the worker's own environment that the job receives.
 */
export interface CommandPlan {
  argv: string[]
  env: Record<string, string>
  secretEnv: string[]
  cwd: string
  /** Seconds between a request to end and the kill. */
  gracePeriodSeconds: number
  resources: JobResources
}

/** Names a job for later: small, plain JSON, kept in the database. */
export const jobHandle = z.object({ launcher: z.string(), key: z.string(), directory: z.string() })
export type JobHandle = z.infer<typeof jobHandle>

/**
 * `lost`: nothing runs and nothing says how it ended (a kill -9, a power cut). `unknown`: it could not be looked up
 * just now; it never stands for a failure. `cancelled` only when we asked for it ourselves.
 */
export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost', 'unknown'] as const
export type JobState = (typeof jobStates)[number]

/** Why a job was cancelled. The three limits are different things and are told apart. `starved`: it runs and learns nothing. */
export const cancelCauses = ['request', 'queue-limit', 'run-limit', 'stalled', 'starved'] as const
export type CancelCause = (typeof cancelCauses)[number]

export interface JobStatus {
  state: JobState
  exitCode?: number
  signal?: string
  /** One sentence for people. */
  reason?: string
  /** Ended by a signal that nobody's cancellation explains (Hone was stopped, the machine shut down): try again. */
  interrupted?: boolean
  cancelCause?: CancelCause
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

/** Runs planned jobs somewhere. Every method can be called again after a crash with the same effect. */
export interface Launcher {
  readonly name: string
  /** Folder of a job, for its trainer's files too. Does not create it. */
  directory(key: string): string
  /** The job of this key, if it was ever submitted. */
  find(key: string): Promise<JobHandle | null>
  /**
   * Submits the job unless it is there already. Throws JobConflict when a job of this key has another spec hash:
   * a deliberate new attempt takes a new key.
   */
  ensure(key: string, specHash: string, spec: CommandPlan): Promise<JobHandle>
  poll(handle: JobHandle): Promise<JobStatus>
  /** Records the intent, ends the job and returns only when no process of it is left. A finished job stays as it is. */
  cancel(handle: JobHandle, graceSeconds: number, cause?: CancelCause): Promise<void>
  logs(handle: JobHandle, options: { maxBytes: number }): Promise<JobLogs>
  /** Removes the job's folder. Refuses while it runs. */
  cleanup(handle: JobHandle): Promise<void>
}

const keyPattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/

/** Folder of a job below `root`. `/` becomes `~`, which no key may hold: two keys never share a folder. */
export function jobDirectory(root: string, key: string): string {
  if (!keyPattern.test(key)) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `${JSON.stringify(key)} cannot name a job.`,
      nextStep: 'Use letters, digits, dot, dash, underscore and slash; at most 200 of them.',
    })
  }
  return join(root, key.replaceAll('/', '~'))
}
