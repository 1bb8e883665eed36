import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoneError } from '../../../domain/errors.ts'
import type { JobResources, RunFolder } from '../../command.ts'
import { refusal } from '../../finding.ts'
import { folderName, isTerminal } from '../contract.ts'
import type { JobHandle, JobLogs, Launcher } from '../contract.ts'
import { readIfThere, readJsonFile, readTail } from '../files.ts'
import { jobFiles, servingFile } from '../folder.ts'
import { readLogs } from '../secrets.ts'
import { cancelJob } from './cancel.ts'
import { createEnsure } from './ensure.ts'
import { examineSlurm } from './examine.ts'
import { askLimits, resourcesOf, whyImpossible } from './limits.ts'
import type { Limits } from './limits.ts'
import type { SlurmSettings } from './options.ts'
import { pathView } from './paths.ts'
import { createLookup } from './poll.ts'
import { slurmFiles, slurmName } from './records.ts'
import { createScheduler } from './scheduler.ts'
import { sshTransport } from './ssh.ts'
import { localTransport } from './transport.ts'

export interface SlurmLauncherOptions {
  /**
   * Parent folder of the jobs' folders as this process sees it, on a file system that the nodes
   * share.
   */
  root: string
  /** Name of the place in the site file. */
  place: string
  settings: SlurmSettings
  /** Holds the values of secret variables. Default: the worker's own environment. */
  environment?: NodeJS.ProcessEnv
}

/** A launcher for a Slurm cluster. */
export interface SlurmLauncher extends Launcher {
  /**
   * The offer of the partition, asked at most once a minute. Null when there is no such partition.
   */
  limits(): Promise<Limits | null>
}

const limitsMs = 60_000

/** Asks at most once a minute. After a failure the next call asks again at once. */
function rememberLimits(ask: () => Promise<Limits | null>): () => Promise<Limits | null> {
  let known: { limits: Promise<Limits | null>; at: number } | null = null
  return async () => {
    if (known === null || Date.now() - known.at > limitsMs) {
      known = { limits: ask(), at: Date.now() }
      known.limits.catch(() => (known = null))
    }
    return await known.limits
  }
}

/**
 * The program's output, followed by Slurm's own output, which says why a job was ended or never
 * started.
 */
async function logsOf(directory: string, maxBytes: number, environment: NodeJS.ProcessEnv): Promise<JobLogs> {
  const { stdout, stderr } = await readLogs(directory, { maxBytes, environment })
  const log = await readTail(slurmFiles(directory).log, maxBytes)
  const whole = log === '' ? stderr : `${stderr}${stderr === '' || stderr.endsWith('\n') ? '' : '\n'}${log}`
  return { stdout, stderr: Buffer.from(whole).subarray(-maxBytes).toString('utf8') }
}

/** Null limits mean that there is no such partition. {@link examineSlurm} reports that. */
function fitsInto(offered: Limits | null, resources: JobResources, { resources: defaults, gpuType }: SlurmSettings) {
  if (offered === null) return []
  const why = whyImpossible(offered, resourcesOf({ kind: 'train', resources }, defaults), gpuType)
  return why === null ? [] : [refusal(why, 'ask for less, or name another place')]
}

/**
 * Runs jobs on a Slurm cluster by Slurm's commands, on this machine or on a login node. Slurm owns
 * the queue, the placement and the nodes. This launcher is a thin client that can be called again
 * after any crash: a job's name at Slurm identifies its key.
 */
export function createSlurmLauncher(options: SlurmLauncherOptions): SlurmLauncher {
  const { root, place, settings, environment = process.env } = options
  const { bin, commandEnv: env, ssh, exitGraceSeconds, lostGraceSeconds, doubtSeconds } = settings
  const transport = ssh === undefined ? localTransport({ env }) : sshTransport(ssh, { env })
  const scheduler = createScheduler(transport, { bin, timeoutSeconds: settings.commandTimeoutSeconds })
  const see = pathView(settings.paths, place)
  const rootThere = see(root)
  const nameOf = (key: string) => slurmName(key, { place, root: rootThere })
  const directoryOf = (key: string) => join(root, folderName(key))
  const handleOf = (key: string, reference?: string): JobHandle => ({
    launcher: 'slurm',
    place,
    key,
    directory: directoryOf(key),
    ...(reference === undefined ? {} : { reference }),
  })
  const poll = createLookup({ scheduler, nameOf, exitGraceSeconds, lostGraceSeconds })
  const limits = rememberLimits(async () => await askLimits(scheduler, settings))
  const { ensure, submitted } = createEnsure({
    scheduler,
    settings,
    environment,
    limits,
    see,
    nameOf,
    handleOf,
    directoryOf,
  })

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
      const serving = await readJsonFile(jobFiles(handle.directory).serving, servingFile)
      if (serving !== null) transport.unforward?.(serving.host, serving.port)
    },
    logs: (handle, { maxBytes }) => logsOf(handle.directory, maxBytes, environment),
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
    fits: async (resources) => fitsInto(await limits(), resources, settings),
    examine: async () => await examineSlurm(scheduler, { root, settings }),
    limits,
    close: () => transport.close(),
  }
}
