import { readFileSync } from 'node:fs'
import { processIds } from './identity.ts'

/** Processes below `root` that were not given a session of their own on purpose: installers, trainers of the base model. */
export function descendants(root: number = process.pid): number[] {
  const parents = new Map<number, number>()
  for (const pid of processIds()) {
    const parent = parentOf(pid)
    if (parent !== null) parents.set(pid, parent)
  }
  const below = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)])
  return below(root)
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces and parentheses: fields count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[1])
  } catch {
    return null
  }
}

/** Asks every descendant to end. For Ctrl-C while something is being installed or trained. */
export function endDescendants(signal: NodeJS.Signals = 'SIGTERM'): void {
  for (const pid of descendants()) {
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
}
