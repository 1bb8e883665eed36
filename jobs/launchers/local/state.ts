import { hostname } from 'node:os'
import { isTerminal } from '../contract.ts'
import type { JobStatus } from '../contract.ts'
import { createJson } from '../files.ts'
import { exitWithoutProgram, jobFiles } from '../folder.ts'
import { hostOf, statusFromFiles } from '../status.ts'
import type { FolderState } from '../status.ts'
import { bootId } from '../../../services/identity.ts'
import { endJob, isAlive } from './processes.ts'

/**
 * The other machine that took a job. Null when this machine took it, or nobody did. A claim without
 * a host is a claim of this machine.
 */
export function takenElsewhere(state: Pick<FolderState, 'claim' | 'started'>): string | null {
  const host = hostOf(state)
  return host === null || host === hostname() ? null : host
}

/**
 * The state of a job of this machine, by its files and by whether the process that took it lives.
 * Before the answer is `lost`, processes that a dead wrapper left are ended: a second attempt must
 * not share a GPU with the first. A job that another machine took is `unknown`: its processes
 * cannot be seen from here.
 */
export async function localStatus(directory: string): Promise<JobStatus> {
  const { status, state } = await statusFromFiles(directory)
  const { job, claim } = state
  if (status.state !== 'running' || job === null || claim === null) return status
  const elsewhere = takenElsewhere(state)
  if (elsewhere !== null) {
    const reason = `machine ${elsewhere} took it, and this is ${hostname()}: only a worker there sees its processes`
    return { ...status, state: 'unknown', reason }
  }
  if (isAlive(claim)) return status
  // It may have ended between the two looks.
  const after = await statusFromFiles(directory)
  if (isTerminal(after.status.state)) return after.status
  await endJob(job.id, 0)
  if (claim.pid === 0) {
    // A process ended the job before it ran, and died before it wrote exit.json.
    await createJson(jobFiles(directory).exit, exitWithoutProgram({ stopRequested: true }))
    return (await statusFromFiles(directory)).status
  }
  const rebooted = claim.bootId !== null && claim.bootId !== bootId()
  const reason = rebooted ? 'the machine was restarted while it ran' : 'its processes are gone and left no exit record'
  return { ...status, state: 'lost', reason }
}
