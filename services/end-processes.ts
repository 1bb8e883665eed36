import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../domain/errors.ts'
import { descendants } from './identity.ts'

/** How processes are asked to end, and how long they may take. */
export interface EndOptions {
  /** Time to end in peace before SIGKILL. Default 10. */
  graceSeconds?: number | undefined
  /** Signal that asks; null asks nothing and only waits. Default SIGTERM. */
  stopSignal?: NodeJS.Signals | null | undefined
}

const pauseMs = 30

/**
 * Ends processes and returns when all of them have ended: first the asking signal, then a grace
 * time, then SIGKILL. `left` looks for the processes. It is called again and again, because a
 * process that forks while /proc is read shows up in the next look only.
 */
export async function endProcesses(
  left: () => readonly number[],
  { graceSeconds = 10, stopSignal = 'SIGTERM' }: EndOptions = {},
): Promise<void> {
  if (stopSignal !== null) for (const pid of left()) sendSignal(pid, stopSignal)
  const deadline = Date.now() + graceSeconds * 1000
  for (let pids = left(); pids.length > 0; pids = left()) {
    if (Date.now() >= deadline) for (const pid of pids) sendSignal(pid, 'SIGKILL')
    await sleep(pauseMs)
  }
}

/** Sends a signal to a process. A process that has ended by itself is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

/**
 * Asks every process below this one to end, installers and trainers of the base model among them.
 * Used at Ctrl-C: each of these processes has its own caller that waits for its end.
 */
export function endDescendants(): void {
  for (const pid of descendants(process.pid)) sendSignal(pid, 'SIGTERM')
}
