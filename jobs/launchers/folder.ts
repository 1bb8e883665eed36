import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { commandKinds, jobResources } from '../command.ts'
import type { Command } from '../command.ts'
import { cancelCauses } from './contract.ts'

/**
 * The portable protocol: a job's folder as every launcher writes it and jobs/wrapper.py reads and
 * completes it. The defaults are those of folders that were written before there were kinds, setup
 * lines and hosts.
 */

/** The wrapper, one file without imports of its own: it may be copied to where the jobs run. */
export const wrapperPath = fileURLToPath(new URL('../wrapper.py', import.meta.url))

/** Exit status of the wrapper when another one has the claim. */
export const claimedElsewhere = 90

/** Marks a job's processes: the variable of their environment that holds the job's id. */
export const markerName = 'HONE_JOB_ID'

/**
 * What was submitted. `id` is new for every submission and marks the job's processes in their
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
  /** Address that a `serve` job listens on: what `{host}` becomes. */
  listen: z.string().default('127.0.0.1'),
  /**
   * Name that others reach a `serve` job by. Left out: `listen`, or the machine's name when that is
   * all addresses.
   */
  advertise: z.string().optional(),
  submittedAt: z.string(),
})
export type JobFile = z.infer<typeof jobFile>

/** The scheduler's job that a wrapper runs in. */
const schedulerJob = z.object({ name: z.string(), id: z.string(), restarts: z.int().default(0) })

const identity = {
  pid: z.int(),
  startTicks: z.number().nullable(),
  bootId: z.string().nullable(),
  host: z.string().nullable().default(null),
  scheduler: schedulerJob.optional(),
}

/** The process that took the job. Whoever cancels a job that nobody took claims it with pid 0. */
export const claimFile = z.object(identity)
export type Claim = z.infer<typeof claimFile>

export const startedFile = z.object({
  ...identity,
  startedAt: z.string(),
  childPid: z.int().nullable(),
  childStartTicks: z.number().nullable(),
})
export type Started = z.infer<typeof startedFile>

/** Where a `serve` job is reached. Written before its program starts. */
export const servingFile = z.object({ host: z.string(), port: z.int() })

export const exitFile = z.object({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  /** Why the program was not started, or why nobody knows how it ended. */
  error: z.string().nullable(),
  /** The wrapper was told to end the job. */
  stopRequested: z.boolean(),
  /** Processes that were still there after the program itself had ended. */
  leftBehind: z.int(),
  /** The kernel ended a process of the job's cgroup for lack of memory. */
  outOfMemory: z.boolean().optional(),
  startedAt: z.string().nullable(),
  finishedAt: z.string(),
})
export type ExitFile = z.infer<typeof exitFile>

export const cancelFile = z.object({ graceSeconds: z.number(), cause: z.enum(cancelCauses), at: z.string() })
export type CancelFile = z.infer<typeof cancelFile>

/** Paths of a job's files, below its folder. */
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
    /** Ends a job without cancelling it: it counts as interrupted. */
    stop: join(control, 'stop.json'),
    /**
     * Values of secret variables by name, for a wrapper that inherits none. The wrapper removes it.
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

/** How a job ended that no program ran for, or whose wrapper did not live to say so. */
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
