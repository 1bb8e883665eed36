import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoneError } from '../../../domain/errors.ts'
import type { Command, RunFolder } from '../../command.ts'
import { refusal } from '../../finding.ts'
import { folderName, isTerminal } from '../contract.ts'
import type { JobHandle, Launcher } from '../contract.ts'
import { createJson, readIfThere, readJsonFile } from '../files.ts'
import { jobFile, jobFiles, newJob, servingFile } from '../folder.ts'
import { readLogs, secretsOf } from '../secrets.ts'
import { detectGpus, requireDevices, wishOf } from './devices.ts'
import type { Devices } from './devices.ts'
import { examineMachine } from './examine.ts'
import { look, pollJobs, startSubmitted } from './poll.ts'
import { stopJob } from './stop.ts'

const loopback = '127.0.0.1'

export interface LocalLauncherOptions {
  /** Folder of the jobs' folders. Leases of this machine's devices are in it too. */
  root: string
  /** Name of the place in the site file. */
  place?: string
  /** How many trainings without GPUs run at once. */
  slots?: number
  /**
   * GPUs that jobs may take, as nvidia-smi counts them; null: all GPUs that it lists, or that the
   * worker may see.
   */
  gpus?: readonly number[] | null
  /** The Python, 3.6 or newer, that runs the wrapper; not the Python of the jobs. */
  python?: string
  /** The environment that jobs inherit, without secrets. The worker's own when left out. */
  environment?: NodeJS.ProcessEnv
}

function requireProc(): void {
  if (existsSync('/proc/self/environ')) return
  throw new HoneError({
    type: 'MissingDependency',
    message: 'Local jobs need the /proc file system of Linux to tell their processes from others.',
    nextStep: 'Run the worker on Linux (a container or WSL will do), or use another launcher.',
  })
}

function conflict(key: string): HoneError {
  return new HoneError({
    type: 'JobConflict',
    message: `A job ${key} exists already and was planned from other inputs.`,
    nextStep: 'Retry the step as a new attempt; a finished job is never run again under the same key.',
  })
}

/** Counts the devices once, and again after a failure. */
function deviceCounter({ gpus = null, slots = 1 }: LocalLauncherOptions, environment: NodeJS.ProcessEnv) {
  let known: Devices | null = gpus === null ? null : { gpus: gpus.map(String), slots }
  return async (): Promise<Devices> => (known ??= { gpus: await detectGpus(environment), slots })
}

/**
 * Runs jobs as processes of this machine. A job outlives the worker, and its folder holds
 * everything about it: a new launcher object over the same `root` knows all of them. Trainings, and
 * all other jobs that ask for GPUs, wait until devices are free; polls start them in the order of
 * their submission. Linux only: a process is told from a later one of the same id by its start time
 * in /proc.
 */
export function createLocalLauncher(options: LocalLauncherOptions): Launcher {
  const { root, place = 'local', python = 'python3', environment = process.env } = options
  const countDevices = deviceCounter(options, environment)
  const directoryOf = (key: string) => join(root, folderName(key))
  const handleOf = (key: string): JobHandle => ({ launcher: 'local', place, key, directory: directoryOf(key) })
  const openLine = async () => ({ root, place, devices: await countDevices(), starter: { python, environment } })

  const ensure = async (key: string, specHash: string, command: Command): Promise<JobHandle> => {
    requireProc()
    const handle = handleOf(key)
    const files = jobFiles(handle.directory)
    const line = await openLine()
    if ((await readIfThere(files.job)) === null) {
      const planned = newJob(key, specHash, command, { listen: loopback })
      const wish = wishOf(planned, line.devices)
      if (wish !== null) requireDevices(key, wish, line.devices, place)
      secretsOf(planned, environment)
      await createJson(files.job, planned)
    }
    const job = await readJsonFile(files.job, jobFile)
    if (job === null || job.specHash !== specHash) throw conflict(key)
    await startSubmitted(line, job, handle.directory)
    return handle
  }

  return {
    name: 'local',
    place,
    traits: { pollSeconds: 0 },
    run: (key): RunFolder => {
      const directory = directoryOf(key)
      return { key, here: directory, there: directory, see: (path) => path }
    },
    find: async (key) => ((await readIfThere(jobFiles(directoryOf(key)).job)) === null ? null : handleOf(key)),
    ensure,
    poll: async (handles) => await pollJobs(handles, openLine),
    cancel: async ({ directory }, graceSeconds, cause = 'request') => {
      const files = jobFiles(directory)
      if ((await readIfThere(files.job)) === null) return
      if ((await readIfThere(files.exit)) === null) {
        await createJson(files.cancel, { graceSeconds, cause, at: new Date().toISOString() })
      }
      await stopJob(directory, graceSeconds)
    },
    logs: async ({ directory }, { maxBytes }) => await readLogs(directory, { maxBytes, environment }),
    cleanup: async (handle) => {
      const { state } = await look(handle)
      if (!isTerminal(state)) {
        throw new HoneError({
          type: 'AlreadyRunning',
          message: `Job ${handle.key} is ${state}; its folder stays.`,
          nextStep: 'Cancel the job first.',
        })
      }
      await rm(handle.directory, { recursive: true, force: true })
    },
    address: async ({ directory }) => {
      const serving = await readJsonFile(jobFiles(directory).serving, servingFile)
      return serving === null ? null : `${serving.host}:${serving.port}`
    },
    fits: async ({ gpus: wanted = 0 }) => {
      const { gpus } = await countDevices()
      if (wanted <= gpus.length) return []
      return [
        refusal(
          `${wanted} GPUs are asked for, and this machine has ${gpus.length}`,
          'ask for fewer, or name another place',
        ),
      ]
    },
    close: () => undefined,
    examine: async () => await examineMachine({ root, python, gpus: options.gpus ?? null, environment }),
  }
}
