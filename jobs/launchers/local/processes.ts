import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { markerName } from '../folder.ts'
import type { Claim } from '../folder.ts'

const pauseMs = 50

/** Boot id of this machine; null where the system has none. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

/** Start of a living process in clock ticks after boot; null when it is gone or a zombie. */
export function startTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name stands in parentheses and may hold blanks and parentheses: count from the
    // last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19])
  } catch {
    return null
  }
}

/** What tells a process of this machine from all others, after restarts too. */
export function identityOf(pid: number): Claim {
  return { pid, startTicks: startTicks(pid), bootId: bootId(), host: hostname() }
}

/**
 * Whether the very process lives on this machine: same boot, same id, same start. A recycled id is
 * not it.
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
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const environment = readFileSync(`/proc/${entry}/environ`, 'latin1')
        return environment.split('\0').includes(marker) && startTicks(Number(entry)) !== null
      } catch {
        // Gone meanwhile, or another user's.
        return false
      }
    })
    .map(Number)
}

/** Sends a signal to a process, if it is still there. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}

/**
 * Sends TERM, then KILL after the grace, until none of the job's processes is left on this machine.
 */
export async function endProcesses(jobId: string, graceSeconds: number): Promise<void> {
  for (const pid of processesOf(jobId)) kill(pid, 'SIGTERM')
  const deadline = Date.now() + graceSeconds * 1000
  // A process that forks while we read /proc shows up in the next look.
  for (let left = processesOf(jobId); left.length > 0; left = processesOf(jobId)) {
    if (Date.now() >= deadline) for (const pid of left) kill(pid, 'SIGKILL')
    await sleep(pauseMs)
  }
}
