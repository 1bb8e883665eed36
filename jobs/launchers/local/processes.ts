import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { endProcesses } from '../../../services/end-processes.ts'
import { bootId, identify, processIds } from '../../../services/identity.ts'
import { markerName } from '../folder.ts'
import type { Claim } from '../folder.ts'

/**
 * Start of a living process in clock ticks after boot, as the wrapper writes it; null when the
 * process is gone.
 */
function startTicks(pid: number): number | null {
  const identity = identify(pid)
  return identity === null ? null : Number(identity.startTime)
}

/** The identity of a process of this machine. It stays unique after restarts. */
export function identityOf(pid: number): Claim {
  return { pid, startTicks: startTicks(pid), bootId: bootId(), host: hostname() }
}

/**
 * Whether the very process lives on this machine: same boot, same id, same start. A later process
 * may have the same id.
 */
export function isAlive(who: Pick<Claim, 'pid' | 'startTicks' | 'bootId'>): boolean {
  return who.pid > 0 && who.startTicks !== null && who.bootId === bootId() && startTicks(who.pid) === who.startTicks
}

/**
 * Ids of living processes whose environment carries a job's marker, whatever session or group they
 * moved to.
 */
export function processesOf(jobId: string): number[] {
  const marker = `${markerName}=${jobId}`
  return processIds().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
      return environment.split('\0').includes(marker) && identify(pid) !== null
    } catch {
      // Gone meanwhile, or another user's.
      return false
    }
  })
}

/** Ends a job's processes and returns when none of them is left on this machine. */
export async function endJob(jobId: string, graceSeconds: number): Promise<void> {
  await endProcesses(() => processesOf(jobId), { graceSeconds })
}
