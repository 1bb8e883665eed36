import { mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { createJson, readIfThere, readJsonFile } from '../files.ts'
import { jobFile, jobFiles } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { secretsOf } from '../secrets.ts'
import { deviceEnvironment, devicesFor, wishOf } from './devices.ts'
import type { Devices, Wish } from './devices.ts'
import { lease } from './leases.ts'
import { withLock } from './lock.ts'
import { isIdle, startJob } from './start.ts'
import type { Starter } from './start.ts'
import { localStatus } from './state.ts'

const entryFile = z.object({ jobId: z.string(), directory: z.string() })

const queueFolder = (root: string) => join(root, '.queue', hostname())

/** Puts a job in the line of those that wait for devices; a second call changes nothing. */
export async function enqueue(root: string, { submittedAt, id }: JobFile, directory: string): Promise<void> {
  // The name is the order. It comes from the job's own record, so that every worker gives the same
  // place.
  const path = join(queueFolder(root), `${submittedAt}-${id}.json`)
  if ((await readIfThere(path)) === null) await createJson(path, { jobId: id, directory })
}

/**
 * Why jobs still wait, by their folders: a sentence, or the error that kept the job from being
 * started.
 */
export type Waiting = Map<string, string | Error>

/** The waiting jobs of a runs folder, and what they wait for. */
export interface Line {
  root: string
  place: string
  devices: Devices
  starter: Starter
}

/**
 * The waiting job of an entry. Null when the job is over, runs or is gone; then the entry is
 * removed.
 */
async function waitingJob(path: string): Promise<{ job: JobFile; directory: string } | null> {
  const entry = await readJsonFile(path, entryFile).catch(() => null)
  const job = entry === null ? null : await readJsonFile(jobFiles(entry.directory).job, jobFile)
  const isWaiting = entry !== null && job?.id === entry.jobId && (await localStatus(entry.directory)).state === 'queued'
  if (isWaiting) return { job, directory: entry.directory }
  await rm(path, { force: true })
  return null
}

/** Starts one job if its devices are free. Returns why it waits; null when it is on its way. */
async function tryStart(line: Line, job: JobFile, directory: string, wish: Wish): Promise<string | null> {
  // Before the lease: a worker that lacks a secret must not keep devices for a job that only
  // another worker can start.
  secretsOf(job, line.starter.environment)
  const devices = devicesFor(wish, line.devices)
  const grant = await lease(line.root, job, directory, { count: wish.count, devices })
  if ('held' in grant) {
    await startJob(job, directory, line.starter, deviceEnvironment(wish, grant.held, line.devices))
    return null
  }
  const wanted = wish.kind === 'gpu' ? `${wish.count} of ${devices.length} GPUs` : `one of ${devices.length} slots`
  return grant.holders.length === 0
    ? `waits for ${wanted} of place ${line.place}`
    : `waits for ${wanted} of place ${line.place}, which ${grant.holders.join(', ')} holds`
}

async function startInOrder(line: Line): Promise<Waiting> {
  const waiting: Waiting = new Map()
  const blocked = new Set<Wish['kind']>()
  const names = (await readdir(queueFolder(line.root))).filter((name) => name.endsWith('.json')).sort()
  for (const name of names) {
    const path = join(queueFolder(line.root), name)
    try {
      const waiter = await waitingJob(path)
      if (waiter === null || !(await isIdle(waiter.directory))) continue
      const { job, directory } = waiter
      const wish = wishOf(job, line.devices)
      if (wish === null) {
        await startJob(job, directory, line.starter)
      } else if (wish.count > devicesFor(wish, line.devices).length) {
        // Its place has shrunk since it was submitted: it must not block the others for ever.
        waiting.set(directory, `asks for ${wish.count} devices, and place ${line.place} has fewer now`)
      } else if (blocked.has(wish.kind)) {
        waiting.set(directory, `waits for an earlier job of place ${line.place}`)
      } else {
        const reason = await tryStart(line, job, directory, wish)
        if (reason === null) continue
        // Nobody overtakes: a job that needs many devices would wait as long as small ones come.
        blocked.add(wish.kind)
        waiting.set(directory, reason)
      }
    } catch (error) {
      // One job that cannot be started (a secret that this worker lacks) must not keep the others
      // from starting.
      const directory = (await readJsonFile(path, entryFile).catch(() => null))?.directory
      if (directory !== undefined) waiting.set(directory, error instanceof Error ? error : new Error(String(error)))
    }
  }
  return waiting
}

/**
 * Starts the jobs of this machine that wait, in the order of their submission, while devices are
 * free. Null when another caller does this right now. After a crash at any point the next call goes
 * on where this call stopped.
 */
export async function startWaiting(line: Line): Promise<Waiting | null> {
  await mkdir(queueFolder(line.root), { recursive: true })
  return await withLock(queueFolder(line.root), () => startInOrder(line))
}
