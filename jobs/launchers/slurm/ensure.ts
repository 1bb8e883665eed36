import { mkdir } from 'node:fs/promises'
import { HoneError } from '../../../domain/errors.ts'
import type { Command } from '../../command.ts'
import type { JobHandle } from '../contract.ts'
import { createJson, readIfThere, readJsonFile } from '../files.ts'
import { jobFile, jobFiles, newJob } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { withLock } from '../local/lock.ts'
import { secretsOf } from '../secrets.ts'
import { limitMinutes, requirePossible, resourcesOf, whyImpossible } from './limits.ts'
import type { Limits } from './limits.ts'
import type { SlurmSettings } from './options.ts'
import { readSubmission } from './records.ts'
import type { Scheduler } from './scheduler.ts'
import { submit } from './submit.ts'

export interface EnsureOptions {
  scheduler: Scheduler
  settings: SlurmSettings
  /** Holds the values of secret variables. */
  environment: NodeJS.ProcessEnv
  limits: () => Promise<Limits | null>
  /** Maps a path of this process to the path that the jobs see. */
  see: (path: string) => string
  nameOf: (key: string) => string
  handleOf: (key: string, reference?: string) => JobHandle
  directoryOf: (key: string) => string
}

function conflict(key: string): HoneError {
  return new HoneError({
    type: 'JobConflict',
    message: `A job ${key} exists already and was planned from other inputs.`,
    nextStep: 'Retry the step as a new attempt; a finished job is never run again under the same key.',
  })
}

/** Submits each job once, as a launcher's `ensure` requires. */
export function createEnsure(options: EnsureOptions) {
  const { scheduler, settings, environment, limits, see, nameOf, handleOf, directoryOf } = options

  /** The handle of the job. Null while it was not submitted and no wrapper took it. */
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
      // A job that cannot run leaves no record: a corrected job may take the same key.
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

  return { ensure, submitted }
}
