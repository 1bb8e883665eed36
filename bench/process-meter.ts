import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Cost of a stretch of work. CPU in seconds. The CPU of Postgres is null on a system without /proc.
 */
export interface Spent {
  seconds: number
  nodeCpu: number
  postgresCpu: number | null
}

/** Measures work of this process and of the PostgreSQL with its data in `<home>/postgres/data`. */
export async function metered(home: string, work: () => Promise<unknown>): Promise<Spent> {
  const [began, node, postgres] = [performance.now(), process.cpuUsage(), postgresCpu(home)]
  await work()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(node)
  const now = postgresCpu(home)
  return {
    seconds,
    nodeCpu: (user + system) / 1e6,
    postgresCpu: postgres === null || now === null ? null : now - postgres,
  }
}

/** A tick of /proc/<pid>/stat is a hundredth of a second on every Linux that Node runs on. */
const ticksPerSecond = 100

/**
 * CPU of the server, of its running processes and of its ended processes. The server's own figures
 * include the ended processes.
 */
function postgresCpu(home: string): number | null {
  try {
    const pid = readFileSync(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const ticks = processes.map((name) => {
      const fields = statOf(name)
      const own = Number(fields[11]) + Number(fields[12])
      if (name === pid) return own + Number(fields[13]) + Number(fields[14])
      return fields[1] === pid ? own : 0
    })
    return ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond
  } catch {
    return null
  }
}

/**
 * Fields of a process's stat after its name, starting with its state. Zeros for an ended process.
 */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return Array<string>(15).fill('0')
  }
}
