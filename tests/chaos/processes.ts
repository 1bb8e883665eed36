import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The output of a process and how it ended. */
export interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

/** A process of a test. */
export interface Running {
  pid: number
  ended: Promise<Ran>
  /**
   * Resolves when the output matches. Throws when the process ends before, or after two minutes.
   */
  says: (pattern: RegExp) => Promise<RegExpExecArray>
  /**
   * Sends a signal and waits for the end. For an ended process it returns how that process ended.
   */
  end: (signal: NodeJS.Signals) => Promise<Ran>
}

/** Starts a process and keeps its output. */
export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Running {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => (written.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (written.err += data.toString()))
  let hasEnded = false
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject)
    // `exit`, not `close`: a service that outlives its parent may hold the pipes.
    child.once('exit', (code, signal) => {
      hasEnded = true
      setImmediate(() => resolve({ code, signal, ...written }))
    })
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${command} cannot be run`)
  return {
    pid,
    ended,
    says: async (pattern) => {
      const started = Date.now()
      for (;;) {
        const match = pattern.exec(written.out + written.err)
        if (match) return match
        if (hasEnded || Date.now() - started > 120_000)
          throw new Error(`${args.join(' ')} did not say ${pattern}, but:\n${written.err}${written.out}`)
        await sleep(20)
      }
    },
    end: async (signal) => {
      if (!hasEnded) child.kill(signal)
      return await ended
    },
  }
}

/**
 * Processes of a folder: the folder's path is in their command line or environment. Zombies have
 * neither.
 */
export function processesOf(folder: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`)
      const names = command.includes(folder) || read(`/proc/${pid}/environ`).includes(folder)
      return names && command !== '' ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() }] : []
    })
}

/** Ends processes that a failed test left, so that they do not slow the next test. */
export async function killAll(folder: string): Promise<void> {
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) {
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // The process ended by itself.
      }
    }
    await sleep(50)
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
