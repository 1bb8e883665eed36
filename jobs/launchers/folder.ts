import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { commandKinds, jobResources } from '../command.ts'
import type { Command } from '../command.ts'
import { cancelCauses } from './contract.ts'

/**
 * The portable protocol: a job's folder. Every launcher writes it, and jobs/wrapper.py reads it and
 * completes it. The defaults hold for folders from before kinds, setup lines and hosts existed.
 */

/**
 * The wrapper: one file that imports nothing of Hone, so it may be copied to the machine of the
 * jobs.
 */
export const wrapperPath = fileURLToPath(new URL('../wrapper.py', import.meta.url))

/** Exit status of the wrapper when another wrapper has the claim. */
export const claimedElsewhere = 90

/** The environment variable that marks a job's processes. Its value is the job's id. */
export const markerName = 'HONE_JOB_ID'

/**
 * The submitted job. `id` is new for every submission and marks the job's processes in their
 * environment.
 */
export const jobFile = z.object({
  id: z.string().min(1),
  key: z.string(),
  specHash: z.string(),
  kind: z.enum(commandKinds).default('task'),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()),
  secretEnv: z.array(z.string()),
  cwd: z.string(),
  gracePeriodSeconds: z.number().nonnegative(),
  resources: jobResources,
  setup: z.array(z.string()).default([]),
  /** Address that a `serve` job listens on. Replaces the mark `{host}`. */
  listen: z.string().default('127.0.0.1'),
  /**
   * Name by which others reach a `serve` job. Default: `listen`, or the machine's name when
   * `listen` is all addresses.
   */
  advertise: z.string().optional(),
  submittedAt: z.string(),
})
export type JobFile = z.infer<typeof jobFile>

/** The scheduler's job that contains a wrapper. */
const schedulerJob = z.object({ name: z.string(), id: z.string(), restarts: z.int().default(0) })

const identity = {
  pid: z.int(),
  startTicks: z.number().nullable(),
  bootId: z.string().nullable(),
  host: z.string().nullable().default(null),
  scheduler: schedulerJob.optional(),
}

/**
 * The process that took the job. To cancel a job that no process took, the canceller claims it with
 * pid 0.
 */
export const claimFile = z.object(identity)
export type Claim = z.infer<typeof claimFile>

export const startedFile = z.object({
  ...identity,
  startedAt: z.string(),
  childPid: z.int().nullable(),
  childStartTicks: z.number().nullable(),
})
export type Started = z.infer<typeof startedFile>

/** The address of a `serve` job. Written before its program starts. */
export const servingFile = z.object({ host: z.string(), port: z.int() })

export const exitFile = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  /** Why the program was not started, or why its end is not known. */
  error: z.string().nullable(),
  /** The wrapper was asked to end the job. */
  stopRequested: z.boolean(),
  /** Number of processes that were left after the program itself had ended. */
  leftBehind: z.int(),
  /** The kernel ended a process of the job's cgroup for lack of memory. */
  outOfMemory: z.boolean().optional(),
  startedAt: z.string().nullable(),
  finishedAt: z.string(),
})
export type ExitFile = z.infer<typeof exitFile>

export const cancelFile = z.object({ graceSeconds: z.number(), cause: z.enum(cancelCauses), at: z.string() })
export type CancelFile = z.infer<typeof cancelFile>

/** Paths of the files in a job's folder. */
export function jobFiles(directory: string) {
  const control = join(directory, 'job')
  return {
    control,
    job: join(control, 'job.json'),
    claim: join(control, 'claim.json'),
    started: join(control, 'started.json'),
    serving: join(control, 'serving.json'),
    exit: join(control, 'exit.json'),
    cancel: join(control, 'cancel.json'),
    /** Ends a job without cancelling it: the job counts as interrupted. */
    stop: join(control, 'stop.json'),
    /**
     * Values of secret variables by name, for a wrapper that inherits no variables. The wrapper
     * removes the file.
     */
    secrets: join(control, 'secrets.json'),
    stdout: join(control, 'stdout.log'),
    stderr: join(control, 'stderr.log'),
  }
}

/** The record of a new submission. */
export function newJob(
  key: string,
  specHash: string,
  command: Command,
  address: { listen: string; advertise?: string },
): JobFile {
  return { id: randomUUID(), key, specHash, ...command, ...address, submittedAt: new Date().toISOString() }
}

/**
 * The end of a job whose program never ran, or whose wrapper died before it could write the end.
 */
export function exitWithoutProgram(facts: Partial<Pick<ExitFile, 'error' | 'stopRequested'>>): ExitFile {
  return {
    code: null,
    signal: null,
    error: null,
    stopRequested: false,
    leftBehind: 0,
    startedAt: null,
    finishedAt: new Date().toISOString(),
    ...facts,
  }
}
