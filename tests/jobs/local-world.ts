import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../../jobs/command.ts'
import type { JobHandle } from '../../jobs/launchers/contract.ts'
import { createJson } from '../../jobs/launchers/files.ts'
import { jobFiles, newJob, wrapperPath } from '../../jobs/launchers/folder.ts'
import { enqueue } from '../../jobs/launchers/local/queue.ts'
import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import type { LocalLauncherOptions } from '../../jobs/launchers/local/launcher.ts'
import { processesOf } from '../../jobs/launchers/local/processes.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { jobTools, removeFolder } from './launcher-world.ts'
import type { LauncherWorld } from './launcher-world.ts'

const cgroups = '/sys/fs/cgroup/memory'

/**
 * Why a job cannot be given a memory limit of its own here; null when it can: cgroup v1, and the
 * right to make one.
 */
export async function noMemoryLimit(): Promise<string | null> {
  const probe = join(cgroups, `hone-probe-${process.pid}`)
  try {
    if (!existsSync(join(cgroups, 'memory.oom_control'))) return ' (skipped: no cgroup of version 1 here)'
    await mkdir(probe)
    await rmdir(probe)
    return null
  } catch {
    return ' (skipped: no right to make a cgroup)'
  }
}

/** A Python that puts itself and all that it starts into a cgroup with a memory limit. */
async function limitedPython(folder: string, cgroup: string): Promise<string> {
  await mkdir(cgroup)
  await writeFile(join(cgroup, 'memory.limit_in_bytes'), String(96 << 20))
  const path = join(folder, 'limited-python')
  await writeFile(path, `#!/bin/sh\necho $$ > ${cgroup}/cgroup.procs\nexec python3 "$@"\n`)
  await chmod(path, 0o755)
  return path
}

/** Processes of this machine as a place, in a folder of their own. One training at a time. */
export async function openLocalWorld(more: Partial<LocalLauncherOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'hone-local-'))
  const root = join(folder, 'runs')
  const cgroup = join(cgroups, `hone-${folder.split('-').at(-1)}`)
  const launcher = (environment: NodeJS.ProcessEnv = process.env, own: Partial<LocalLauncherOptions> = {}) =>
    createLocalLauncher({ root, gpus: [], environment, ...more, ...own })
  const record = async (key: string, specHash: string, command: Command) => {
    const { here } = launcher().run(key)
    const job = newJob(key, specHash, command, { listen: '127.0.0.1' })
    await createJson(jobFiles(here).job, job)
    return { job, here }
  }
  const world: LauncherWorld = {
    launcher,
    folder,
    pollMs: 20,
    processes: async (jobId) => processesOf(jobId),
    kill: async (_, pid) => {
      process.kill(pid, 'SIGKILL')
    },
    fill: async () => {
      const { sh, reach } = jobTools(() => world)
      const handle = await launcher().ensure('filler', 'a', sh('sleep 600', { kind: 'train' }))
      await reach(launcher(), handle, 'running')
      return async () => await launcher().cancel(handle, 0)
    },
    halfSubmit: {
      'before-the-queue': async (key, specHash, command) => {
        await record(key, specHash, command)
      },
      'in-the-queue': async (key, specHash, command) => {
        const { job, here } = await record(key, specHash, { ...command, kind: 'train' })
        await enqueue(root, job, here)
      },
    },
    runAgain: async ({ directory }: JobHandle) => {
      const copy = spawn('python3', ['-I', '-S', wrapperPath, jobFiles(directory).control], { stdio: 'ignore' })
      const [status] = await once(copy, 'exit')
      return Number(status)
    },
    runOutOfMemory: async () => {
      const limited = launcher(process.env, { python: await limitedPython(folder, cgroup) })
      const { command } = jobTools(() => world)
      const eat = 'blocks = []\nwhile True: blocks.append(b"x" * (4 << 20))'
      return { launcher: limited, handle: await limited.ensure('hungry', 'a', command(['python3', '-c', eat])) }
    },
    close: async () => {
      await sweepLocalJobs(root, { graceSeconds: 0 })
      while (existsSync(cgroup) && (await readFile(join(cgroup, 'cgroup.procs'), 'utf8')) !== '') await sleep(20)
      if (existsSync(cgroup)) await rmdir(cgroup)
      await removeFolder(folder)
    },
  }
  return { world, root, launcher, leases: async () => await leaseNames(root) }
}

/** Names of the devices that a file says are leased. */
async function leaseNames(root: string): Promise<string[]> {
  const entries = await readdir(join(root, '.leases'), { recursive: true }).catch(() => [])
  return entries.filter((name) => name.endsWith('.json')).map((name) => name.split('/').at(-1)?.slice(0, -5) ?? '')
}
