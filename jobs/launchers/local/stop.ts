import { readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createJson, readIfThere, readJsonFile, replaceJson } from '../files.ts'
import { exitWithoutProgram, jobFile, jobFiles } from '../folder.ts'
import { readFolder } from '../status.ts'
import { sendSignal } from '../../../services/end-processes.ts'
import { endJob, isAlive } from './processes.ts'
import { takenElsewhere } from './state.ts'

const pauseMs = 50
/** Seconds that the wrapper gets after the job's grace, to sweep and to write how the job ended. */
const wrapperExtraSeconds = 5

/** A job that another machine took ends there: its wrapper looks for cancel.json by itself. */
async function waitForOtherHost(directory: string, host: string, deadline: number): Promise<void> {
  while ((await readIfThere(jobFiles(directory).exit)) === null) {
    if (Date.now() > deadline) {
      throw new Error(
        `machine ${host} took the job in ${directory} and has not said that it ended; this is ${hostname()}. ` +
          `Run a worker on ${host}; if that machine will not come back, remove the folder`,
      )
    }
    await sleep(pauseMs)
  }
}

/**
 * Ends a job whatever state it is in, and returns when none of its processes is left. Afterwards
 * exit.json is there. A job that was not claimed yet is claimed here, so that a wrapper on its way
 * finds the place taken. Throws when another machine took the job and does not say in time that it
 * ended.
 */
export async function stopJob(directory: string, graceSeconds: number): Promise<void> {
  const files = jobFiles(directory)
  const job = await readJsonFile(files.job, jobFile)
  if (job === null) return
  const deadline = Date.now() + (graceSeconds + wrapperExtraSeconds) * 1000
  for (;;) {
    const state = await readFolder(directory)
    const { claim, exit } = state
    if (exit !== null) break
    const elsewhere = takenElsewhere(state)
    if (elsewhere !== null) return await waitForOtherHost(directory, elsewhere, deadline)
    if (claim === null) {
      await createJson(files.claim, { pid: 0, startTicks: null, bootId: null, host: hostname() })
    } else if (isAlive(claim)) {
      sendSignal(claim.pid, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL')
      await sleep(pauseMs)
    } else {
      await endJob(job.id, graceSeconds)
      await createJson(files.exit, exitWithoutProgram({ stopRequested: true }))
    }
  }
  // The wrapper writes exit.json as its last act; it and anything that escaped it must be gone
  // before we say so.
  if (takenElsewhere(await readFolder(directory)) === null) await endJob(job.id, 1)
}

/**
 * Stops every job below `root` that runs on this machine and returns their keys: what Ctrl-C of the
 * development servers does. It is no cancellation: each job ends as interrupted, so the next start
 * makes a new attempt.
 */
export async function sweepLocalJobs(
  root: string,
  { graceSeconds = 5 }: { graceSeconds?: number } = {},
): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => [])
  const stopped = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async (entry) => {
        const directory = join(root, entry.name)
        const state = await readFolder(directory).catch(() => null)
        if (state === null || state.job === null || state.exit !== null) return null
        if (takenElsewhere(state) !== null) return null
        await replaceJson(jobFiles(directory).stop, { graceSeconds, at: new Date().toISOString() })
        await stopJob(directory, graceSeconds)
        return state.job.key
      }),
  )
  return stopped.filter((key) => key !== null)
}
