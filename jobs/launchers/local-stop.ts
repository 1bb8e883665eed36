import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { claimFile, createJson, jobFile, jobFiles, readIfThere, readJsonFile, replaceJson } from '../job-files.ts'
import type { ExitFile } from '../job-files.ts'
import { bootId, endProcesses, startTicks } from '../wrapper.mjs'

const pauseMilliseconds = 50
/** What the wrapper gets on top of the job's grace to sweep and to write how it ended. */
const wrapperExtraSeconds = 5
const nobody = { pid: 0, startTicks: null, bootId: null }

/** Whether the very process that took the claim still runs: same boot, same id, same start. A recycled id is not it. */
export function isAlive(who: { pid: number; startTicks: number | null; bootId: string | null }): boolean {
  return who.pid > 0 && who.startTicks !== null && who.bootId === bootId() && startTicks(who.pid) === who.startTicks
}

/** The process that claimed a job; null without a claim. A claim torn by a crash reads as nobody's. */
export async function readClaim(
  path: string,
): Promise<{ pid: number; startTicks: number | null; bootId: string | null } | null> {
  const text = await readIfThere(path)
  if (text === null) return null
  try {
    return claimFile.parse(JSON.parse(text))
  } catch {
    return nobody
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}

/**
 * Ends a job whatever state it is in, and returns when none of its processes is left. Afterwards exit.json is there.
 * A job that was not claimed yet is claimed here, so that a wrapper on its way finds the place taken.
 */
export async function stopJob(directory: string, graceSeconds: number): Promise<void> {
  const files = jobFiles(directory)
  const job = await readJsonFile(files.job, jobFile)
  if (job === null) return
  const deadline = Date.now() + (graceSeconds + wrapperExtraSeconds) * 1000
  while ((await readIfThere(files.exit)) === null) {
    const claim = await readClaim(files.claim)
    if (claim === null) {
      if (!(await createJson(files.claim, nobody))) continue
    } else if (isAlive(claim)) {
      kill(claim.pid, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL')
      await sleep(pauseMilliseconds)
      continue
    }
    await endProcesses(job.id, graceSeconds)
    const exit: ExitFile = {
      code: null,
      signal: null,
      error: null,
      stopRequested: true,
      leftBehind: 0,
      startedAt: null,
      finishedAt: new Date().toISOString(),
    }
    await createJson(files.exit, exit)
  }
  // The wrapper writes exit.json as its last act; it and anything that escaped it must be gone before we say so.
  await endProcesses(job.id, 1)
}

/**
 * Stops every job below `root` that still runs and returns their keys: what Ctrl-C of the development servers does. It
 * is no cancellation: each job ends as interrupted, so the next start makes a new attempt.
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
        const files = jobFiles(directory)
        const job = await readJsonFile(files.job, jobFile).catch(() => null)
        if (job === null || (await readIfThere(files.exit)) !== null) return null
        await replaceJson(files.stop, { graceSeconds, at: new Date().toISOString() })
        await stopJob(directory, graceSeconds)
        return job.key
      }),
  )
  return stopped.filter((key) => key !== null)
}
