import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStatus } from './contract.ts'
import { latestChange, readIfThere, readJsonFile } from './files.ts'
import { cancelFile, claimFile, exitFile, jobFile, jobFiles, startedFile } from './folder.ts'
import type { CancelFile, Claim, ExitFile, JobFile, Started } from './folder.ts'

/** The claim of a process that cannot live: of a cancellation, or torn by a crash. */
const nobody: Claim = { pid: 0, startTicks: null, bootId: null, host: null }
const tornPauseMs = 100

/** What a job's folder says. Null: the file is not there. */
export interface FolderState {
  job: JobFile | null
  claim: Claim | null
  started: Started | null
  cancel: CancelFile | null
  exit: ExitFile | null
  /** Milliseconds since the epoch. */
  lastOutputAt: number | null
}

/**
 * The process that claimed a job; null without a claim. A claim torn by a crash reads as nobody's.
 */
export async function readClaim(path: string): Promise<Claim | null> {
  for (let look = 1; ; look += 1) {
    const text = await readIfThere(path)
    if (text === null) return null
    try {
      return claimFile.parse(JSON.parse(text))
    } catch {
      // Where a file system knows no hard links a claim is whole only a moment after it is there.
      if (look > 1) return nobody
      await sleep(tornPauseMs)
    }
  }
}

/** Reads a job's folder. Throws when a file is there and broken, or the disk is away. */
export async function readFolder(directory: string): Promise<FolderState> {
  const files = jobFiles(directory)
  const [job, claim, started, lastOutputAt] = await Promise.all([
    readJsonFile(files.job, jobFile),
    readClaim(files.claim),
    readJsonFile(files.started, startedFile),
    latestChange([files.stdout, files.stderr]),
  ])
  // The exit record last: whoever is claimed and not ended now was so during the whole look.
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
 * The machine that took the job; null when nobody did, or when it was taken before claims named
 * machines.
 */
export function hostOf({ claim, started }: Pick<FolderState, 'claim' | 'started'>): string | null {
  return claim?.host ?? started?.host ?? null
}

/**
 * How a job is by its files alone: how it ended, or `queued` without a claim and `running` with
 * one. It never says whether the process of a claim lives: only the machine of the claim, or its
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

/** {@link statusOf} a job's folder, with what it was read from. */
export async function statusFromFiles(directory: string): Promise<{ status: JobStatus; state: FolderState }> {
  const state = await readFolder(directory)
  return { status: statusOf(state), state }
}
