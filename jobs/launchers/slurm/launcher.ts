import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoneError } from '../../../domain/errors.ts'
import type { Command, RunFolder } from '../../command.ts'
import { folderName, isTerminal } from '../contract.ts'
import type { JobHandle, JobLogs, Launcher } from '../contract.ts'
import { createJson, readIfThere, readJsonFile, readTail } from '../files.ts'
import { jobFile, jobFiles, newJob, servingFile } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { withLock } from '../local/lock.ts'
import { readLogs, secretsOf } from '../secrets.ts'
import { cancelJob } from './cancel.ts'
import { examineSlurm } from './examine.ts'
import { askLimits, limitMinutes, requirePossible, resourcesOf, whyImpossible } from './limits.ts'
import type { Limits } from './limits.ts'
import type { SlurmSettings } from './options.ts'
import { pathView } from './paths.ts'
import { createPoller } from './poll.ts'
import { readSubmission, slurmFiles, slurmName } from './records.ts'
import { createScheduler } from './scheduler.ts'
import { sshTransport } from './ssh.ts'
import { submit } from './submit.ts'
import { localTransport } from './transport.ts'

export interface SlurmLauncherOptions {
  /** Folder of the jobs' folders as this process sees it: on a file system that the nodes share. */
  root: string
  /** Name of the place in the site file. */
  place: string
  settings: SlurmSettings
  /** Where the values of secret variables are; the worker's own environment when left out. */
  environment?: NodeJS.ProcessEnv
}

/** A launcher that asks Slurm. */
export interface SlurmLauncher extends Launcher {
  /** What the partition offers, asked at most once a minute; null when there is no such partition. */
  limits(): Promise<Limits | null>
  /** Closes connections and tunnels; jobs go on. It can be used again. */
  close(): void
}

const limitsMs = 60_000

function conflict(key: string): HoneError {
  return new HoneError({
    type: 'JobConflict',
    message: `A job ${key} exists already and was planned from other inputs.`,
    nextStep: 'Retry the step as a new attempt; a finished job is never run again under the same key.',
  })
}

/**
 * Runs jobs on a Slurm cluster by its commands, here or on a login node. Slurm owns the queue, the placement and the
 * nodes; this is a thin client of it that can be called again after any crash: a job's name says whose it is.
 */
export function createSlurmLauncher(options: SlurmLauncherOptions): SlurmLauncher {
  const { root, place, settings, environment = process.env } = options
  const { bin, env, ssh, commandTimeoutSeconds, exitGraceSeconds, lostGraceSeconds, doubtSeconds } = settings
  const transport = ssh === undefined ? localTransport({ env }) : sshTransport(ssh, { env })
  const scheduler = createScheduler(transport, { bin, timeoutSeconds: commandTimeoutSeconds })
  const see = pathView(settings.paths, place)
  const rootThere = see(root)
  const nameOf = (key: string) => slurmName(key, { place, root: rootThere })
  const directoryOf = (key: string) => join(root, folderName(key))
  const poll = createPoller({
    scheduler,
    nameOf,
    exitGraceSeconds,
    lostGraceSeconds,
  })
  let known: { limits: Promise<Limits | null>; at: number } | null = null
  const limits = async (): Promise<Limits | null> => {
    if (known === null || Date.now() - known.at > limitsMs) {
      known = { limits: askLimits(scheduler, settings), at: Date.now() }
      known.limits.catch(() => (known = null))
    }
    return await known.limits
  }

  const handleOf = (key: string, reference?: string): JobHandle => ({
    launcher: 'slurm',
    place,
    key,
    directory: directoryOf(key),
    ...(reference === undefined ? {} : { reference }),
  })

  /** The record of the job, or null while it was not submitted and nobody took it. */
  const submitted = async (key: string): Promise<JobHandle | null> => {
    const directory = directoryOf(key)
    const record = await readSubmission(directory)
    if (record !== null) return handleOf(key, record.id)
    return (await readIfThere(jobFiles(directory).claim)) === null ? null : handleOf(key)
  }

  /** Throws for a job that the place can never run, and when Slurm does not say what it offers. */
  const plan = async (job: Pick<JobFile, 'key' | 'kind' | 'resources' | 'gracePeriodSeconds'>) => {
    const offered = await limits()
    const resources = resourcesOf(job, settings.resources)
    if (offered !== null) requirePossible(job.key, whyImpossible(offered, resources, settings.gpuType))
    const maxMinutes = offered?.partition.maxMinutes ?? null
    return { resources, limitMinutes: limitMinutes(resources.hours, job.gracePeriodSeconds, maxMinutes) }
  }

  const submitNew = async (job: JobFile): Promise<JobHandle> => {
    const { key } = job
    const { resources, limitMinutes: minutes } = await plan(job)
    const directory = { here: directoryOf(key), there: see(directoryOf(key)) }
    const secrets = secretsOf(job, environment)
    const name = nameOf(key)
    const id = await submit({ scheduler, settings, job, name, directory, resources, limitMinutes: minutes, secrets })
    return handleOf(key, id)
  }

  const ensure = async (key: string, specHash: string, command: Command): Promise<JobHandle> => {
    const files = jobFiles(directoryOf(key))
    if ((await readIfThere(files.job)) === null) {
      // What cannot run leaves no record: a corrected job may take the same key.
      secretsOf({ key, secretEnv: command.secretEnv }, environment)
      await plan({ key, ...command })
      await mkdir(files.control, { recursive: true })
      await createJson(files.job, newJob(key, specHash, command, { listen: settings.listen }))
    }
    const job = await readJsonFile(files.job, jobFile)
    if (job === null || job.specHash !== specHash) throw conflict(key)
    const there = await submitted(key)
    if (there !== null) return there
    const done = await withLock(files.control, async () => (await submitted(key)) ?? (await submitNew(job)))
    const handle = done ?? (await submitted(key))
    if (handle === null) throw new Error(`Job ${key} is being submitted by another process of this machine.`)
    return handle
  }

  return {
    name: 'slurm',
    place,
    traits: { pollSeconds: settings.pollSeconds },
    run: (key): RunFolder => ({ key, here: directoryOf(key), there: see(directoryOf(key)), see }),
    find: async (key) => {
      if ((await readIfThere(jobFiles(directoryOf(key)).job)) === null) return null
      return (await submitted(key)) ?? handleOf(key)
    },
    ensure,
    poll,
    cancel: async (handle, graceSeconds, cause = 'request') => {
      const name = nameOf(handle.key)
      await cancelJob(handle, { scheduler, name, graceSeconds, cause, exitGraceSeconds, doubtSeconds })
    },
    logs: async (handle, { maxBytes }): Promise<JobLogs> => {
      const { stdout, stderr } = await readLogs(handle.directory, { maxBytes, environment })
      // Why a job was ended, or never started, stands in what Slurm itself printed.
      const log = await readTail(slurmFiles(handle.directory).log, maxBytes)
      const whole = log === '' ? stderr : `${stderr}${stderr === '' || stderr.endsWith('\n') ? '' : '\n'}${log}`
      return { stdout, stderr: Buffer.from(whole).subarray(-maxBytes).toString('utf8') }
    },
    cleanup: async (handle) => {
      const status = (await poll([handle])).get(handle.key)
      if (status === undefined || !isTerminal(status.state)) {
        throw new HoneError({
          type: 'AlreadyRunning',
          message: `Job ${handle.key} is ${status?.state ?? 'unknown'}; its folder stays.`,
          nextStep: 'Cancel the job first.',
        })
      }
      await rm(handle.directory, { recursive: true, force: true })
    },
    address: async (handle) => {
      const serving = await readJsonFile(jobFiles(handle.directory).serving, servingFile)
      if (serving === null) return null
      const { host, port } = serving
      if (settings.tunnel && transport.forward !== undefined) return await transport.forward(host, port)
      return `${host.includes(':') ? `[${host}]` : host}:${port}`
    },
    examine: async () => await examineSlurm(scheduler, { root, settings }),
    limits,
    close: () => transport.close(),
  }
}
