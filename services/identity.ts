import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * Identifies one process. The system reuses pids, but a pid together with its start time and the
 * boot of the machine is unmistakable. `startTime` is field 22 of /proc/<pid>/stat (ticks since
 * boot), or `ps -o lstart` elsewhere.
 */
export const processIdentity = z.object({ pid: z.int().positive(), startTime: z.string(), bootId: z.string() })
export type ProcessIdentity = z.infer<typeof processIdentity>

interface Stat {
  state: string
  parent: number
  group: number
  startTime: string
}

const linux = process.platform === 'linux'

/** Id of the machine's present boot. Null when the system gives none. */
export const bootId: () => string | null = once(() => {
  try {
    return linux
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      : execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
})

/** Reads the value once, because it cannot change while this process lives. */
function once<Value>(read: () => Value): () => Value {
  let known: { value: Value } | null = null
  return () => (known ??= { value: read() }).value
}

function statOf(pid: number): Stat | null {
  try {
    return linux ? procStat(readFileSync(`/proc/${pid}/stat`, 'utf8')) : psStat(pid)
  } catch {
    return null
  }
}

/**
 * The command's name in field 2 may hold spaces and brackets, so fields are counted from the last
 * bracket.
 */
function procStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: fields[19] ?? '',
  }
}

function psStat(pid: number): Stat {
  const text = execFileSync('ps', ['-o', 'stat=,ppid=,pgid=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [state = '', parent = '', group = '', ...start] = text.trim().split(/\s+/)
  return { state: state[0] ?? '', parent: Number(parent), group: Number(group), startTime: start.join(' ') }
}

/** A zombie has ended: it waits for a parent, not for a signal. */
const hasEnded = ({ state }: Stat): boolean => state === 'Z' || state === 'X'

/** Identity of a running process, or null if no process with this pid runs. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = statOf(pid)
  return stat && !hasEnded(stat) ? { pid, startTime: stat.startTime, bootId: bootId() ?? '' } : null
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (identity.bootId !== (bootId() ?? '')) return false
  return identify(identity.pid)?.startTime === identity.startTime
}

/** Pids of the living members of a process group. */
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
    return stat?.group === group && !hasEnded(stat)
  })
}

/** Living processes below `root`, children of children too. Empty where there is no /proc. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of processIds()) {
    const stat = statOf(pid)
    if (stat && !hasEnded(stat)) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid])
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)])
  return below(root)
}

/** Every pid in /proc. Empty where there is no /proc. */
export function processIds(): number[] {
  if (!linux) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/**
 * Processes that have the path, or something below it, as a word of their command line. Empty
 * without /proc.
 */
export function processesNaming(path: string): ProcessIdentity[] {
  return processIds()
    .filter(
      (pid) => pid !== process.pid && commandLine(pid).some((word) => word === path || word.startsWith(`${path}/`)),
    )
    .map((pid) => identify(pid))
    .filter((identity) => identity !== null)
}

/** Words of a process's command line; empty if it is gone. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
