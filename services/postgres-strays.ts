import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { endProcesses } from './end-processes.ts'
import { identify, processIds } from './identity.ts'
import type { ServiceRecord } from './processes.ts'

/**
 * The live server that the data folder's postmaster.pid names, for a server without a record. Null
 * when no such server runs.
 */
export function unrecordedServer(data: string): ServiceRecord | null {
  let lines: string[]
  try {
    lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
  const pid = Number(lines[0])
  const identity = processesIn(data).includes(pid) ? identify(pid) : null
  if (!identity) return null
  const details = { port: Number(lines[3]) }
  return {
    name: 'postgres',
    identity,
    command: ['postgres'],
    startedAt: new Date(Number(lines[2]) * 1000).toISOString(),
    details,
  }
}

/**
 * Processes whose working folder is the data folder: a server and its workers, which lead groups of
 * their own.
 */
function processesIn(data: string): number[] {
  if (!existsSync(data)) return []
  const folder = realpathSync(data)
  return processIds().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder && identify(pid) !== null
    } catch {
      return false
    }
  })
}

/**
 * Ends the server's workers that are left. Workers notice that their server was killed and end by
 * themselves; a busy worker gets 2 s, then is killed.
 */
export async function endStrays(data: string): Promise<void> {
  await endProcesses(() => processesIn(data), { graceSeconds: 2, stopSignal: null })
}
