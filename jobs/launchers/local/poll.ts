import { messageOf } from '../../../domain/errors.ts'
import type { JobHandle, JobStatus } from '../contract.ts'
import { readJsonFile } from '../files.ts'
import { jobFile, jobFiles } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { wishOf } from './devices.ts'
import { enqueue, startWaiting } from './queue.ts'
import type { Line, Waiting } from './queue.ts'
import { isIdle, startJob } from './start.ts'
import { localStatus } from './state.ts'

/** Starts a job that needs no device, or gives it its place in line. Returns whether it has one. */
async function startOrQueue(line: Line, job: JobFile, directory: string): Promise<boolean> {
  if (!(await isIdle(directory))) return false
  if (wishOf(job, line.devices) === null) {
    await startJob(job, directory, line.starter)
    return false
  }
  await enqueue(line.root, job, directory)
  return true
}

/**
 * Starts a job that was just submitted, and the jobs that wait before it. Throws the error that
 * kept this very job from being started.
 */
export async function startSubmitted(line: Line, job: JobFile, directory: string): Promise<void> {
  if (!(await startOrQueue(line, job, directory))) return
  const problem = (await startWaiting(line))?.get(directory)
  if (problem instanceof Error) throw problem
}

/**
 * Starts the waiting jobs among these jobs, and the jobs that wait before them. Returns why jobs
 * still wait, by folder.
 */
async function startIdle(line: Line, directories: readonly string[]): Promise<Waiting> {
  const reasons: Waiting = new Map()
  let isAnyInLine = false
  for (const directory of directories) {
    try {
      const job = await readJsonFile(jobFiles(directory).job, jobFile)
      if (job !== null && (await startOrQueue(line, job, directory))) isAnyInLine = true
    } catch (error) {
      reasons.set(directory, messageOf(error))
    }
  }
  const waiting = isAnyInLine ? await startWaiting(line) : null
  return new Map([...reasons, ...(waiting ?? [])])
}

/** The state of a job; `unknown` when its folder cannot be read just now. */
export async function look({ directory }: JobHandle): Promise<JobStatus> {
  try {
    return await localStatus(directory)
  } catch (error) {
    return { state: 'unknown', reason: messageOf(error) }
  }
}

/** The states of jobs by key, after all jobs were started that can be started. */
export async function pollJobs(
  handles: readonly JobHandle[],
  openLine: () => Promise<Line>,
): Promise<Map<string, JobStatus>> {
  const first = await Promise.all(handles.map(async (handle) => ({ handle, status: await look(handle) })))
  const queued = first.filter(({ status }) => status.state === 'queued').map(({ handle }) => handle.directory)
  const start = async (): Promise<Waiting> => {
    try {
      return await startIdle(await openLine(), queued)
    } catch (error) {
      return new Map(queued.map((directory) => [directory, messageOf(error)]))
    }
  }
  const reasons: Waiting = queued.length === 0 ? new Map() : await start()
  const entries = first.map(async ({ handle, status }): Promise<[string, JobStatus]> => {
    if (status.state !== 'queued') return [handle.key, status]
    const now = await look(handle)
    const reason = reasons.get(handle.directory)
    if (now.state !== 'queued' || reason === undefined) return [handle.key, now]
    return [handle.key, { ...now, reason: messageOf(reason) }]
  })
  return new Map(await Promise.all(entries))
}
