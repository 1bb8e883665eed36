import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SlurmNode } from './slurm-config.ts'

const programs = [
  'munged',
  'slurmctld',
  'slurmd',
  'sbatch',
  'squeue',
  'scontrol',
  'scancel',
  'sinfo',
  'ssh',
  'sshd',
  'ssh-keygen',
]
/** Debian's folders of servers, which are not in every PATH. */
const systemFolders = ['/usr/sbin', '/sbin', '/usr/bin']

/** Path of a program. Null when this machine does not have it. */
export function findProgram(name: string): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...systemFolders]) {
    const path = join(folder, name)
    try {
      accessSync(path, 1)
      return path
    } catch {
      // This folder does not have the program.
    }
  }
  return null
}

/**
 * Why this machine cannot bring up its own Slurm, e.g. for `describe.skipIf(whyNoSlurm() !==
 * null)`. Null when it can. In CI (`CI=true`) a missing part is an error, so that no test is
 * skipped unnoticed.
 */
export function whyNoSlurm(): string | null {
  const missing = programs.filter((name) => findProgram(name) === null)
  const reason =
    missing.length > 0
      ? `no ${missing.join(', ')} here (Debian: slurmctld slurmd slurm-client munge openssh-server)`
      : process.getuid?.() === 0
        ? null
        : 'Slurm and its login server run as root only'
  if (reason !== null && process.env.CI === 'true') throw new Error(`Slurm cannot be tested: ${reason}`)
  return reason
}

/** Processes of servers, jobs and commands of one test Slurm: all of them have its SLURM_CONF. */
function processesOf(conf: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return []
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1').split('\0')
      return environment.includes(`SLURM_CONF=${conf}`) ? [Number(entry)] : []
    } catch {
      return []
    }
  })
}

/** Kills the processes that `chosen` accepts, until no such process is left. */
export async function killAll(conf: string, chosen: (pid: number) => boolean = () => true): Promise<void> {
  for (;;) {
    const left = processesOf(conf).filter(chosen)
    if (left.length === 0) return
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // The process ended by itself.
      }
    }
    await sleep(20)
  }
}

/** Chooses the daemon of a node and all of its child processes. */
export function onNode(node: SlurmNode): (pid: number) => boolean {
  return (pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').join(' ')
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      return command.includes(`slurmd -D -N ${node}`) || environment.includes(`SLURMD_NODENAME=${node}`)
    } catch {
      return false
    }
  }
}

/** Whether a job started the process, and not a test or a server. */
export function isOfJob(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .some((entry) => entry.startsWith('SLURM_JOB_ID='))
  } catch {
    return false
  }
}

/** Whether a started server still runs. */
export const isServing = (server: ChildProcess | undefined) =>
  server !== undefined && server.exitCode === null && server.signalCode === null

/** A killed test run cannot stop its Slurm. This shell notices that by its pipe and stops Slurm. */
export function guard(folder: string, conf: string): ChildProcess {
  const find = `grep -lsz '^SLURM_CONF=${conf}$' /proc/[0-9]*/environ | cut -d/ -f3`
  const end = `while left=$(${find}) && [ -n "$left" ]; do kill -KILL $left 2>/dev/null; sleep 0.1; done`
  // sshd overwrites the environment by which other processes are found.
  const endLogin = `kill $(cat '${join(folder, 'ssh', 'sshd.pid')}' 2>/dev/null) 2>/dev/null`
  const script = `cat >/dev/null; ${endLogin}; ${end}; rm -rf '${folder}'`
  const { SLURM_CONF: _, ...env } = process.env
  return spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env })
}

/**
 * Kills the daemons that watch the jobs of a node. Then nothing tells the controller that a job has
 * ended.
 */
export function killStepDaemons(conf: string, node: SlurmNode): void {
  for (const pid of processesOf(conf).filter(onNode(node))) {
    try {
      const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
      if (readFileSync(`/proc/${parent}/comm`, 'utf8').trim() === 'slurmstepd') process.kill(parent, 'SIGKILL')
    } catch {
      // The process ended by itself.
    }
  }
}
