import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Linux counts the CPU time of ended processes in ticks of this many milliseconds (USER_HZ is 100
 * on every Linux today).
 */
const tickMs = 10
const pageBytes = 4096

interface ProcessTimes {
  pid: number
  parent: number
  /** CPU milliseconds of the process, and of its ended children. */
  ownMs: number
  waitedForMs: number
}

/**
 * Fields of /proc/PID/stat after the name, which may contain blanks. Null when the process is gone.
 */
function readTimes(pid: number | 'self'): ProcessTimes | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const field = (place: number) => Number(fields[place - 3])
    return {
      pid: Number(text.slice(0, text.indexOf(' '))),
      parent: field(4),
      ownMs: (field(14) + field(15)) * tickMs,
      waitedForMs: (field(16) + field(17)) * tickMs,
    }
  } catch {
    return null
  }
}

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? readTimes(Number(name)) : null
    if (found) children.set(found.parent, [...(children.get(found.parent) ?? []), found.pid])
  }
  const tree: number[] = []
  for (let next = [root]; next.length > 0; next = next.flatMap((pid) => children.get(pid) ?? [])) tree.push(...next)
  return tree
}

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * pageBytes
  } catch {
    return 0
  }
}

/**
 * Bytes of memory. Each process counts its share of shared pages: Postgres' processes share most of
 * theirs.
 */
function proportionalBytes(pid: number): number {
  try {
    const found = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** CPU milliseconds of a live tree so far, ended processes included. */
export function treeCpuMs(root: number): number {
  return processTree(root).reduce((sum, pid) => {
    const times = readTimes(pid)
    return times ? sum + times.ownMs + times.waitedForMs : sum
  }, 0)
}

export interface Sampler {
  /** Highest sum over the tree, MiB. */
  stop(): { peakMb: number }
}

/**
 * Samples the memory of a tree: every 50 ms for known processes, and every half second it looks for
 * new processes.
 */
export function sampleMemory(root: number, { shared = false }: { shared?: boolean } = {}): Sampler {
  let tree = processTree(root)
  let peak = 0
  let ticks = 0
  const bytesOf = shared ? proportionalBytes : residentBytes
  const timer = setInterval(
    () => {
      ticks++
      if (shared || ticks % 10 === 0 || ticks < 20) tree = processTree(root)
      peak = Math.max(
        peak,
        tree.reduce((sum, pid) => sum + bytesOf(pid), 0),
      )
    },
    shared ? 1000 : 50,
  )
  return {
    stop() {
      clearInterval(timer)
      return { peakMb: peak / 2 ** 20 }
    },
  }
}

export interface Command {
  command: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
  cwd?: string
}

export interface Ended {
  /** Exit code, the signal that ended the process, or `limit` when it ran past its deadline. */
  end: number | string
  wallSeconds: number
  /** CPU milliseconds of the process and its ended children. */
  cpuMs: number
  peakRssMb: number
  /** The last lines of its output. */
  output: string
}

const running = new Set<ChildProcess>()
const killGroup = (child: ChildProcess) => {
  try {
    // Each child leads its own group, so that no process of it outlives the bench.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The process has ended.
  }
}
/** Ends all started processes at once. */
export const endAll = (): void => running.forEach(killGroup)
process.on('exit', endAll)

/** Starts a process in its own group, which ends with the bench. */
export function startProcess({ command, args, env, cwd }: Command, stdio: 'ports' | 'log'): ChildProcess {
  const child = spawn(command, args, {
    detached: true,
    stdio: stdio === 'ports' ? ['pipe', 'pipe', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

export const endProcess = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('close', () => resolve())
    killGroup(child)
  })

export interface Watched {
  spawnedAt: number
  kill(): void
  ended: Promise<Ended>
}

/** Runs a client and measures it from outside. */
export function watch(command: Command, limitSeconds: number): Watched {
  const waitedBefore = readTimes('self')?.waitedForMs ?? 0
  const spawnedAt = Date.now()
  const began = performance.now()
  const child = startProcess(command, 'log')
  const memory = sampleMemory(child.pid ?? 0)
  let output = ''
  let overLimit = false
  const listen = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8000))
  child.stdout?.on('data', listen)
  child.stderr?.on('data', listen)
  const kill = () => killGroup(child)
  const timer = setTimeout(() => {
    overLimit = true
    kill()
  }, limitSeconds * 1000)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      // Processes that the client left in its group, e.g. workers of a pipeline.
      kill()
      const cpuMs = (readTimes('self')?.waitedForMs ?? 0) - waitedBefore
      const wallSeconds = (performance.now() - began) / 1000
      const end = overLimit ? 'limit' : (signal ?? code ?? 'unknown')
      resolve({ end, wallSeconds, cpuMs, peakRssMb: memory.stop().peakMb, output })
    })
  })
  return { spawnedAt, kill, ended }
}
