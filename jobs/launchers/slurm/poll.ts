import { isTerminal } from '../contract.ts'
import type { JobHandle, JobStatus } from '../contract.ts'
import { readTail } from '../files.ts'
import { bootId, endProcesses, isAlive } from '../local/processes.ts'
import { statusFromFiles } from '../status.ts'
import type { FolderState } from '../status.ts'
import type { SchedulerJob } from './answers.ts'
import { isOurs, readEnd, readSubmission, schedulerEnds, slurmFiles, writeEnd } from './records.ts'
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

export interface PollerOptions {
  scheduler: Scheduler
  nameOf(key: string): string
  exitGraceSeconds: number
  lostGraceSeconds: number
}

/** Looks jobs up, many by one question. It remembers since when a job is missed, and nothing else. */
export function createPoller({ scheduler, nameOf, exitGraceSeconds, lostGraceSeconds }: PollerOptions) {
  const missedSince = new Map<string, number>()
  const graces = { exitMs: exitGraceSeconds * 1000, lostMs: lostGraceSeconds * 1000 }

  const read = async (handle: JobHandle): Promise<Asked> => {
    const { directory, key } = handle
    const { status, state } = await statusFromFiles(directory)
    const [submission, end] = await Promise.all([readSubmission(directory), readEnd(directory)])
    return { handle, name: nameOf(key), folder: state, status, submission, end }
  }

  /** The queue first, then those that it does not know by id, then accounting. Null: could not be asked. */
  const ask = async (jobs: readonly Asked[]): Promise<Map<string, SchedulerJob | 'none' | null>> => {
    const answers = new Map<string, SchedulerJob | 'none' | null>()
    if (jobs.length === 0) return answers
    const listed = await scheduler.queue(jobs.map(({ name }) => name)).catch(() => null)
    if (listed === null) return new Map(jobs.map(({ handle }) => [handle.key, null]))
    const missing: Asked[] = []
    for (const asked of jobs) {
      const found = pick(listed, asked)
      if (found !== null) answers.set(asked.handle.key, found)
      else missing.push(asked)
    }
    // An exit record is there: what a scheduler forgot adds nothing worth a question for each.
    const open = missing.filter(({ status }) => !isTerminal(status.state))
    for (const asked of missing) answers.set(asked.handle.key, 'none')
    for (const asked of open) answers.set(asked.handle.key, await askById(asked))
    const unknown = open.filter(({ handle }) => answers.get(handle.key) === 'none')
    if (unknown.length === 0) return answers
    const since = Math.min(...unknown.map(({ folder }) => Date.parse(folder.job?.submittedAt ?? '') || Date.now()))
    const history = await scheduler.history(
      unknown.map(({ name }) => name),
      since,
    )
    for (const asked of unknown) answers.set(asked.handle.key, pick(history ?? [], asked) ?? 'none')
    return answers
  }

  const askById = async (asked: Asked): Promise<SchedulerJob | 'none' | null> => {
    const id = asked.submission?.id ?? asked.handle.reference
    if (id === undefined) return 'none'
    try {
      const found = await scheduler.job(id)
      return found === null || pick([found], asked) === null ? 'none' : found
    } catch {
      return null
    }
  }

  const judge = async (asked: Asked, found: SchedulerJob | 'none' | null, now: number): Promise<JobStatus> => {
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
    // The scheduler forgets within minutes, and a worker may come back after days.
    if (end !== null && asked.end === null && schedulerEnds.includes(end)) await writeEnd(handle.directory, end)
    return folder.exit === null && isTerminal(status.state) ? await withoutLeftovers(status, folder) : status
  }

  return async (handles: readonly JobHandle[]): Promise<Map<string, JobStatus>> => {
    const unreadable: [string, JobStatus][] = []
    const read1 = await Promise.all(
      handles.map(async (handle) => {
        try {
          return await read(handle)
        } catch (error) {
          const reason = `its folder cannot be read: ${error instanceof Error ? error.message : String(error)}`
          unreadable.push([handle.key, { state: 'unknown', reason }])
          return null
        }
      }),
    )
    const jobs = read1.filter((job) => job !== null)
    // What succeeded or was cancelled is told by its files alone, and so is an end that the scheduler explained once.
    const open = jobs.filter(
      ({ status, end, folder }) =>
        folder.job !== null && (!isTerminal(status.state) || (status.state === 'failed' && end === null)),
    )
    const answers = await ask(open)
    const now = Date.now()
    const judged = await Promise.all(
      jobs.map(async (job): Promise<[string, JobStatus]> => {
        const answer = answers.has(job.handle.key) ? (answers.get(job.handle.key) ?? null) : 'none'
        return [job.handle.key, await judge(job, answer, now)]
      }),
    )
    return new Map([...unreadable, ...judged])
  }
}

/**
 * A job that is over without a record of its own. Where it ran on this very machine it is looked at: a wrapper that
 * lives is not lost, and what a dead one left must be gone before anyone starts a second attempt. On other machines
 * only Slurm can end what is left, and does with proctrack/cgroup.
 */
async function withoutLeftovers(status: JobStatus, { claim, job }: FolderState): Promise<JobStatus> {
  if (claim === null || job === null || claim.bootId === null || claim.bootId !== bootId()) return status
  if (status.state === 'lost' && isAlive(claim)) {
    return { ...status, state: 'unknown', reason: 'Slurm knows nothing of it, and its wrapper lives' }
  }
  await endProcesses(job.id, 0)
  return status
}

/** The job of a submission among those of its name: by the recorded id, else the only one that is ours. */
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
