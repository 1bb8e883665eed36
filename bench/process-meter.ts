import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a stretch of work took. CPU in seconds; of Postgres null where the system has no /proc. */
export interface Spent {
  seconds: number
  nodeCpu: number
  postgresCpu: number | null
}

/** Measures work of this process and of the PostgreSQL whose data lies in `<home>/postgres/data`. */
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

/** Ticks of /proc/<pid>/stat are hundredths of a second on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Server, its processes that run, and those that ended: their time is booked on the server. */
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

/** Fields of a process's stat after its name, from its state on; zeros for one that has ended. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return Array<string>(15).fill('0')
  }
}
