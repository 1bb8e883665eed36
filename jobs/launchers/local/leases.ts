import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { isTerminal } from '../contract.ts'
import { createJson, readJsonFile } from '../files.ts'
import { jobFile, jobFiles } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { endJob } from './processes.ts'
import { localStatus } from './state.ts'

/** Who holds a device. The device is free again when the job is over. */
const leaseFile = z.object({ key: z.string(), jobId: z.string(), directory: z.string(), at: z.string() })
type Lease = z.infer<typeof leaseFile>

/**
 * Folder of this machine's leases below the runs: device 0 of one machine is not device 0 of
 * another.
 */
export const leaseFolder = (root: string) => join(root, '.leases', hostname())
const leasePath = (root: string, device: string) => join(leaseFolder(root), `${device}.json`)

async function isOver({ jobId, directory }: Lease): Promise<boolean> {
  const job = await readJsonFile(jobFiles(directory).job, jobFile)
  if (job?.id === jobId) return isTerminal((await localStatus(directory)).state)
  // The job's folder is gone, or belongs to a later job: no process of the earlier job may hold the
  // device.
  await endJob(jobId, 0)
  return true
}

/**
 * The holder of a device; null when it is free. A lease that is over, or torn by a crash, is
 * removed.
 */
async function holderOf(root: string, device: string): Promise<Lease | null> {
  const path = leasePath(root, device)
  const lease = await readJsonFile(path, leaseFile).catch((error: unknown) => {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return 'torn' as const
    throw error
  })
  if (lease === null) return null
  if (lease !== 'torn' && !(await isOver(lease))) return lease
  await rm(path, { force: true })
  return null
}

/** The devices that a job got, or the jobs that hold the devices it waits for. */
export type Grant = { held: string[] } | { holders: string[] }

/**
 * Gives a job `count` of the devices, or no device. Devices that it held before a crash count. Call
 * it only under the lock of the runs folder: two callers must not see the same device free.
 */
export async function lease(
  root: string,
  { id, key }: JobFile,
  directory: string,
  { count, devices }: { count: number; devices: readonly string[] },
): Promise<Grant> {
  const looked = await Promise.all(devices.map(async (device) => ({ device, holder: await holderOf(root, device) })))
  const own = looked.filter(({ holder }) => holder?.jobId === id).map(({ device }) => device)
  const free = looked.filter(({ holder }) => holder === null).map(({ device }) => device)
  const held = [...own, ...free].slice(0, count)
  if (held.length < count) {
    const holders = looked.flatMap(({ holder }) => (holder === null || holder.jobId === id ? [] : [holder.key]))
    return { holders: [...new Set(holders)] }
  }
  for (const device of held.slice(own.length)) {
    const at = new Date().toISOString()
    const taken = await createJson(leasePath(root, device), { key, jobId: id, directory, at } satisfies Lease)
    if (!taken) throw new Error(`device ${device} was leased to another job although the runs folder is locked`)
  }
  return { held: held.sort(byNumber) }
}

/** `gpu-2` before `gpu-10`. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
