import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStatus } from './contract.ts'
import { latestChange, readIfThere, readJsonFile } from './files.ts'
import { cancelFile, claimFile, exitFile, jobFile, jobFiles, startedFile } from './folder.ts'
import type { CancelFile, Claim, ExitFile, JobFile, Started } from './folder.ts'

/** The claim of no living process: made by a cancellation, or torn by a crash. */
const nobody: Claim = { pid: 0, startTicks: null, bootId: null, host: null }
const tornPauseMs = 100

/** The content of a job's folder. Null: the file does not exist. */
export interface FolderState {
  job: JobFile | null
  claim: Claim | null
  started: Started | null
  cancel: CancelFile | null
  exit: ExitFile | null
  /** Milliseconds since the epoch. */
  lastOutputAt: number | null
}

/** The process that claimed a job. Null without a claim. A claim that a crash tore has pid 0. */
export async function readClaim(path: string): Promise<Claim | null> {
  for (let look = 1; ; look += 1) {
    const text = await readIfThere(path)
    if (text === null) return null
    try {
      return claimFile.parse(JSON.parse(text))
    } catch {
      // On a file system without hard links, a claim is complete only a moment after it appears.
      if (look > 1) return nobody
      await sleep(tornPauseMs)
    }
  }
}

/** Reads a job's folder. Throws when a file is broken or the disk is away. */
export async function readFolder(directory: string): Promise<FolderState> {
  const files = jobFiles(directory)
  const [job, claim, started, lastOutputAt] = await Promise.all([
    readJsonFile(files.job, jobFile),
    readClaim(files.claim),
    readJsonFile(files.started, startedFile),
    latestChange([files.stdout, files.stderr]),
  ])
  // Read the exit record last: a job with a claim and without an end then ran during the whole
  // look.
  const exit = await readJsonFile(files.exit, exitFile)
  const cancel = await readJsonFile(files.cancel, cancelFile)
  return { job, claim, started, cancel, exit, lastOutputAt }
}

function howItEnded(exit: ExitFile, cancel: CancelFile | null): JobStatus {
  const status: JobStatus = { state: 'failed', finishedAt: Date.parse(exit.finishedAt) }
  if (exit.startedAt !== null) status.startedAt = Date.parse(exit.startedAt)
  if (exit.code !== null) status.exitCode = exit.code
  if (exit.signal !== null) status.signal = exit.signal
  if (exit.outOfMemory === true) status.outOfMemory = true
  if (exit.code === 0 && !exit.stopRequested) return { ...status, state: 'succeeded' }
  if (cancel !== null) {
    return { ...status, state: 'cancelled', cancelCause: cancel.cause, reason: `cancelled (${cancel.cause})` }
  }
  if (exit.stopRequested) {
    return { ...status, interrupted: true, reason: exit.error ?? 'stopped from outside before it had finished' }
  }
  if (exit.error !== null) return { ...status, reason: `could not be started: ${exit.error}` }
  const how = exit.signal === null ? `with exit code ${exit.code}` : `by ${exit.signal}`
  return { ...status, reason: exit.outOfMemory === true ? `ended ${how}: out of memory` : `ended ${how}` }
}

/**
 * The machine that took the job. Null when no machine took it, or when its claim is from before
 * claims named machines.
 */
export function hostOf({ claim, started }: Pick<FolderState, 'claim' | 'started'>): string | null {
  return claim?.host ?? started?.host ?? null
}

/**
 * The status of a job by its files alone: its end, or `queued` without a claim and `running` with a
 * claim. It never says whether the process of a claim lives. Only the machine of the claim, or its
 * scheduler, can tell.
 */
export function statusOf(state: FolderState): JobStatus {
  const { job, claim, started, exit, lastOutputAt } = state
  if (job === null) return { state: 'lost', reason: 'its folder is gone' }
  const node = hostOf(state)
  const facts: Omit<JobStatus, 'state'> = { submittedAt: Date.parse(job.submittedAt) }
  if (lastOutputAt !== null) facts.lastOutputAt = lastOutputAt
  if (node !== null) facts.node = node
  if (exit !== null) return { ...facts, ...howItEnded(exit, state.cancel) }
  if (claim === null) return { state: 'queued', ...facts }
  if (started !== null) facts.startedAt = Date.parse(started.startedAt)
  return { state: 'running', ...facts }
}

/** {@link statusOf} a job's folder, and the state that was read. */
export async function statusFromFiles(directory: string): Promise<{ status: JobStatus; state: FolderState }> {
  const state = await readFolder(directory)
  return { status: statusOf(state), state }
}
