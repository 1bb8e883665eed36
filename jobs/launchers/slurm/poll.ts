import { messageOf } from '../../../domain/errors.ts'
import { isTerminal } from '../contract.ts'
import type { JobHandle, JobStatus } from '../contract.ts'
import { readTail } from '../files.ts'
import { bootId } from '../../../services/identity.ts'
import { endJob, isAlive } from '../local/processes.ts'
import { statusFromFiles } from '../status.ts'
import type { FolderState } from '../status.ts'
import type { SchedulerJob } from './answers.ts'
import { isOurs, readEnd, readSubmission, slurmFiles, writeEnd } from './records.ts'
import type { SchedulerEnd, Submission } from './records.ts'
import type { Scheduler } from './scheduler.ts'
import { schedulerEnd, verdict } from './verdict.ts'

const logBytes = 8192

interface Asked {
  handle: JobHandle
  name: string
  folder: FolderState
  status: JobStatus
  submission: Submission | null
  end: SchedulerEnd | null
}

type Answer = SchedulerJob | 'none' | null

export interface LookupOptions {
  scheduler: Scheduler
  /** The name at Slurm of a key's job. */
  nameOf: (key: string) => string
  exitGraceSeconds: number
  lostGraceSeconds: number
}

async function read(handle: JobHandle, name: string): Promise<Asked> {
  const { directory } = handle
  const { status, state } = await statusFromFiles(directory)
  const [submission, end] = await Promise.all([readSubmission(directory), readEnd(directory)])
  return { handle, name, folder: state, status, submission, end }
}

/**
 * The files alone tell that a job succeeded or was cancelled. They also tell an end that the
 * scheduler explained before.
 */
function needsScheduler({ status, end, folder }: Asked): boolean {
  return folder.job !== null && (!isTerminal(status.state) || (status.state === 'failed' && end === null))
}

async function askById(scheduler: Scheduler, asked: Asked): Promise<Answer> {
  const id = asked.submission?.id ?? asked.handle.reference
  if (id === undefined) return 'none'
  try {
    const found = await scheduler.job(id)
    return found === null || pick([found], asked) === null ? 'none' : found
  } catch {
    return null
  }
}

/**
 * Asks the queue first, then asks by id for jobs that the queue does not know, then asks
 * accounting. Null: Slurm could not be asked.
 */
async function ask(scheduler: Scheduler, jobs: readonly Asked[]): Promise<Map<string, Answer>> {
  if (jobs.length === 0) return new Map()
  const listed = await scheduler.queue(jobs.map(({ name }) => name)).catch(() => null)
  if (listed === null) return new Map(jobs.map(({ handle }) => [handle.key, null]))
  const answers = new Map<string, Answer>(jobs.map((asked) => [asked.handle.key, pick(listed, asked) ?? 'none']))
  // A job with an exit record is not missing: its scheduler has nothing to add that is worth
  // another question.
  const missing = jobs.filter(({ handle, status }) => answers.get(handle.key) === 'none' && !isTerminal(status.state))
  for (const asked of missing) answers.set(asked.handle.key, await askById(scheduler, asked))
  const unknown = missing.filter(({ handle }) => answers.get(handle.key) === 'none')
  if (unknown.length === 0) return answers
  const times = unknown.flatMap(({ folder }) => (folder.job === null ? [] : [Date.parse(folder.job.submittedAt)]))
  const names = unknown.map(({ name }) => name)
  const history = (await scheduler.history(names, Math.min(Date.now(), ...times))) ?? []
  for (const asked of unknown) answers.set(asked.handle.key, pick(history, asked) ?? 'none')
  return answers
}

/** Looks jobs up, many by one question. It only remembers since when a job is missing. */
export function createLookup(options: LookupOptions) {
  const { scheduler, nameOf, exitGraceSeconds, lostGraceSeconds } = options
  const missedSince = new Map<string, number>()
  const graces = { exitMs: exitGraceSeconds * 1000, lostMs: lostGraceSeconds * 1000 }

  const statusOf = async (asked: Asked, found: Answer, now: number): Promise<JobStatus> => {
    const { handle, folder, submission } = asked
    const since = missedSince.get(handle.key) ?? now
    const evidence = {
      folder,
      scheduler: found,
      end: asked.end,
      log: await readTail(slurmFiles(handle.directory).log, logBytes),
      limitMinutes: submission?.limitMinutes ?? null,
      isSubmitted: submission !== null || handle.reference !== undefined,
      waitedMs: now - since,
      graces,
      now,
    }
    const { status, isWaiting } = verdict(evidence)
    if (isWaiting) missedSince.set(handle.key, since)
    else missedSince.delete(handle.key)
    const end = schedulerEnd(evidence)
    // Keep the reason: the scheduler forgets within minutes, and a worker may come back after days.
    if (end !== null && asked.end === null) await writeEnd(handle.directory, end)
    return folder.exit === null && isTerminal(status.state) ? await withoutLeftovers(status, folder) : status
  }

  return async (handles: readonly JobHandle[]): Promise<Map<string, JobStatus>> => {
    const statuses = new Map<string, JobStatus>()
    const unreadable = (handle: JobHandle, error: unknown): null => {
      const why = messageOf(error)
      statuses.set(handle.key, { state: 'unknown', reason: `its folder cannot be read: ${why}` })
      return null
    }
    const looks = handles.map(
      async (handle) => await read(handle, nameOf(handle.key)).catch((error: unknown) => unreadable(handle, error)),
    )
    const jobs = (await Promise.all(looks)).filter((job) => job !== null)
    const answers = await ask(scheduler, jobs.filter(needsScheduler))
    const now = Date.now()
    const answered = jobs.map(async (job) => {
      const answer = answers.get(job.handle.key)
      const status = await statusOf(job, answer === undefined ? 'none' : answer, now).catch((error: unknown) =>
        unreadable(job.handle, error),
      )
      if (status !== null) statuses.set(job.handle.key, status)
    })
    await Promise.all(answered)
    return statuses
  }
}

/**
 * Checks a job that is over and has no exit record. If it ran on this machine, its processes are
 * looked at. A job with a living wrapper is not lost. Processes of a dead wrapper must end before a
 * second attempt starts. On other machines only Slurm can end leftover processes, and does so with
 * proctrack/cgroup.
 */
async function withoutLeftovers(status: JobStatus, { claim, job }: FolderState): Promise<JobStatus> {
  if (claim === null || job === null || claim.bootId === null || claim.bootId !== bootId()) return status
  if (status.state === 'lost' && isAlive(claim)) {
    return { ...status, state: 'unknown', reason: 'Slurm does not know the job, but its wrapper lives' }
  }
  await endJob(job.id, 0)
  return status
}

/**
 * Finds the job of a submission among jobs of its name: by its recorded id, else the first job that
 * is ours.
 */
function pick(found: readonly SchedulerJob[], { name, folder, submission }: Asked): SchedulerJob | null {
  const { job, claim } = folder
  if (job === null) return null
  const ours = found.filter((each) => isOurs(each, name, job))
  const ids = [claim?.scheduler?.id, submission?.id]
  for (const id of ids) {
    const same = ours.find((each) => each.id === id)
    if (same !== undefined) return same
  }
  return ours[0] ?? null
}
