import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobHandle } from '../../../jobs/launchers/contract.ts'
import { createJson } from '../../../jobs/launchers/files.ts'
import { jobFiles, newJob, wrapperPath } from '../../../jobs/launchers/folder.ts'
import { processesOf } from '../../../jobs/launchers/local/processes.ts'
import { createSlurmLauncher } from '../../../jobs/launchers/slurm/launcher.ts'
import type { SlurmLauncher } from '../../../jobs/launchers/slurm/launcher.ts'
import { slurmSettings } from '../../../jobs/launchers/slurm/options.ts'
import type { SlurmSettingsInput } from '../../../jobs/launchers/slurm/options.ts'
import { slurmFiles, writeIntent } from '../../../jobs/launchers/slurm/records.ts'
import { startSlurm } from '../../world/slurm.ts'
import type { SlurmWorld } from '../../world/slurm.ts'
import { jobTools, removeFolder } from '../launcher-world.ts'
import type { LauncherWorld } from '../launcher-world.ts'

/** A Slurm of its own as a place. */
export interface SlurmPlace {
  world: LauncherWorld
  slurm: SlurmWorld
  root: string
  launcher(environment?: NodeJS.ProcessEnv, more?: SlurmSettingsInput): SlurmLauncher
}

/**
 * Waits are short: the disks of a test are not late. Jobs inherit what sbatch has: a log-in on the
 * node, which is the rule, takes seconds here, and tests of their own look at it.
 */
const quick: SlurmSettingsInput = {
  exitGraceSeconds: 1,
  lostGraceSeconds: 2,
  doubtSeconds: 4,
  listen: '127.0.0.1',
  sbatchArguments: ['--export=ALL'],
}

let shared: Promise<SlurmWorld> | null = null

/** Ends the Slurm of this test file, if one was asked for. Call it in `afterAll`. */
export async function stopSharedSlurm(): Promise<void> {
  await (await shared)?.stop()
  shared = null
}

/**
 * Brings up the file's Slurm as a place; with `ssh` its commands run on a login node, and servers
 * are reached through it.
 */
export async function openSlurmPlace({ ssh = false } = {}): Promise<SlurmPlace> {
  const slurm = await (shared ??= startSlurm())
  const folder = await mkdtemp(join(tmpdir(), 'hone-slurm-jobs-'))
  const root = join(folder, 'runs')
  const way: SlurmSettingsInput = ssh
    ? { ssh: { ...(await slurm.login()), configFile: 'none' }, tunnel: true }
    : { commandEnv: slurm.env }
  const open: SlurmLauncher[] = []
  const launcher: SlurmPlace['launcher'] = (environment = process.env, more = {}) => {
    const settings = slurmSettings.parse({ ...quick, ...way, ...more })
    const made = createSlurmLauncher({ root, place: 'cluster', settings, environment })
    open.push(made)
    return made
  }
  const stateOf = async (id: string) =>
    (await slurm.command('squeue', '--noheader', '--states=all', '--format=%T', `--jobs=${id}`)).trim()
  const idOf = ({ reference, key }: JobHandle): string => {
    if (reference === undefined) throw new Error(`${key} has no id at Slurm`)
    return reference
  }

  const world: LauncherWorld = {
    launcher,
    folder,
    pollMs: 200,
    processes: async (jobId) => processesOf(jobId),
    kill: async (_, pid) => {
      process.kill(pid, 'SIGKILL')
    },
    fill: async () => {
      const all = ['--nodes=2', '--exclusive', '--parsable', '--export=NONE', '--output=/dev/null']
      const id = (await slurm.command('sbatch', ...all, '--wrap', 'sleep 600')).trim()
      while ((await stateOf(id)) !== 'RUNNING') await sleep(50)
      return async () => {
        await slurm.command('scancel', id)
      }
    },
    halfSubmit: {
      'before-the-intent': async (key, specHash, command) => {
        const { control } = jobFiles(launcher().run(key).here)
        await createJson(join(control, 'job.json'), newJob(key, specHash, command, { listen: '127.0.0.1' }))
      },
      'before-sbatch': async (key, specHash, command) => {
        const { here } = launcher().run(key)
        await createJson(jobFiles(here).job, newJob(key, specHash, command, { listen: '127.0.0.1' }))
        await writeIntent(here)
      },
      'before-the-record': async (key, specHash, command) => {
        const { directory } = await launcher().ensure(key, specHash, command)
        await rm(slurmFiles(directory).submission)
      },
    },
    runAgain: async ({ directory }) => {
      const copy = spawn('python3', ['-I', '-S', wrapperPath, jobFiles(directory).control], { stdio: 'ignore' })
      const [status] = await once(copy, 'exit')
      return Number(status)
    },
    runOutOfMemory: async () => {
      const { command } = jobTools(() => world)
      const eat = 'import time\nblocks = [b"x" * (1 << 20) for _ in range(400)]\ntime.sleep(60)'
      const spec = command(['python3', '-c', eat], { resources: { memoryGib: 0.1 } })
      return { launcher: launcher(), handle: await launcher().ensure('hungry', 'a', spec) }
    },
    scheduler: {
      away: async () => {
        await slurm.killController()
        return async () => await slurm.startController()
      },
      forget: async () => await slurm.forget(),
      requeue: async (handle) => {
        const id = idOf(handle)
        await slurm.command('scontrol', 'update', `JobId=${id}`, 'Requeue=1')
        await slurm.command('scontrol', 'requeue', id)
        while ((await stateOf(id)) !== 'PENDING') await sleep(50)
        await slurm.command('scontrol', 'update', `JobId=${id}`, 'StartTime=now')
      },
      endFromOutside: async (handle) => {
        await slurm.command('scancel', idOf(handle))
      },
    },
    close: async () => {
      for (const made of open) made.close()
      await slurm.reset()
      await removeFolder(folder)
    },
  }
  return { world, slurm, root, launcher }
}
