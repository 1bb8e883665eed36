import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * Which process is meant. A pid alone is reused by the system; with the time the process started and the boot it belongs
 * to, it is unmistakable. `startTime` is field 22 of /proc/<pid>/stat (ticks since boot), or `ps -o lstart` elsewhere.
 */
export const processIdentity = z.object({ pid: z.int().positive(), startTime: z.string(), bootId: z.string() })
export type ProcessIdentity = z.infer<typeof processIdentity>

interface Stat {
  state: string
  group: number
  startTime: string
}

const linux = process.platform === 'linux'
let bootId: string | null = null

function currentBootId(): string {
  bootId ??= linux
    ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    : execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim()
  return bootId
}

function statOf(pid: number): Stat | null {
  try {
    return linux ? procStat(readFileSync(`/proc/${pid}/stat`, 'utf8')) : psStat(pid)
  } catch {
    return null
  }
}

/** The command name in field 2 may hold spaces and brackets, so fields are counted from the last bracket. */
function procStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', group: Number(fields[2]), startTime: fields[19] ?? '' }
}

function psStat(pid: number): Stat {
  const text = execFileSync('ps', ['-o', 'stat=,pgid=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [state = '', group = '', ...start] = text.trim().split(/\s+/)
  return { state: state[0] ?? '', group: Number(group), startTime: start.join(' ') }
}

/** Identity of a running process, or null if there is none with this pid (a zombie has ended). */
export function identify(pid: number): ProcessIdentity | null {
  const stat = statOf(pid)
  return stat && stat.state !== 'Z' ? { pid, startTime: stat.startTime, bootId: currentBootId() } : null
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false
  return identify(identity.pid)?.startTime === identity.startTime
}

/** Pids of the living members of a process group. Zombies are left out: they wait for a parent, not for a signal. */
export function groupMembers(group: number): number[] {
  if (!linux) {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,stat='], { encoding: 'utf8' }).trim().split('\n')
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, pgid, state]) => Number(pgid) === group && !state?.startsWith('Z'))
      .map(([pid]) => Number(pid))
  }
  return processIds().filter((pid) => {
    const stat = statOf(pid)
    return stat?.group === group && stat.state !== 'Z'
  })
}

/** Every pid in /proc. Empty where there is no /proc. */
export function processIds(): number[] {
  if (!linux) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Processes that have the path, or something below it, as a word of their command line. Empty without /proc. */
export function processesNaming(path: string): ProcessIdentity[] {
  return processIds()
    .filter(
      (pid) => pid !== process.pid && commandLine(pid).some((word) => word === path || word.startsWith(`${path}/`)),
    )
    .map((pid) => identify(pid))
    .filter((identity) => identity !== null)
}

/** Words of a process's command line; none if it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
