import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { HoneError } from '../../domain/errors.ts'
import {
  cancelFile,
  createJson,
  exitFile,
  jobFile,
  jobFiles,
  latestChange,
  readIfThere,
  readJsonFile,
  readTail,
  startedFile,
} from '../job-files.ts'
import type { ExitFile, JobFile } from '../job-files.ts'
import { isTerminal, jobDirectory } from '../launcher.ts'
import type { CancelCause, CommandPlan, JobHandle, JobLogs, JobStatus, Launcher } from '../launcher.ts'
import { bootId, endProcesses } from '../wrapper.mjs'
import { isAlive, readClaim, stopJob } from './local-stop.ts'

const wrapperPath = fileURLToPath(new URL('../wrapper.mjs', import.meta.url))
/** Names that the worker may hold and a job must not see unless its plan asks for them. */
const secretName = /KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|DATABASE_URL|^PG|^TEMPORAL_GRPC_META/i
const shortestSecret = 6

function isDefined<T>(pair: [string, T | undefined]): pair is [string, T] {
  return pair[1] !== undefined
}

/** The job's environment: the worker's without its secrets, the plan's own, the secrets that it names. */
function jobEnvironment(job: JobFile, environment: NodeJS.ProcessEnv): Record<string, string> {
  const inherited = Object.entries(environment)
    .filter(isDefined)
    // NODE_OPTIONS is meant for the worker: a loader in it would make every wrapper slow.
    .filter(([name]) => name !== 'NODE_OPTIONS' && !secretName.test(name))
  const secrets = job.secretEnv.map((name): [string, string] => {
    const value = environment[name]
    if (value === undefined || value === '') {
      throw new HoneError({
        type: 'MissingSecret',
        message: `Job ${job.key} needs the environment variable ${name}, and the worker does not have it.`,
        nextStep: `Set ${name} where the worker starts, then restart the worker.`,
      })
    }
    return [name, value]
  })
  return { ...Object.fromEntries([...inherited, ...secrets]), ...job.env, HONE_JOB: job.key, HONE_JOB_ID: job.id }
}

/** Starts the wrapper in a session of its own: neither the worker's end nor a Ctrl-C in its terminal reaches the job. */
async function spawnWrapper(job: JobFile, directory: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const files = jobFiles(directory)
  const env = jobEnvironment(job, environment)
  const output = await open(files.stderr, 'a')
  try {
    await new Promise<void>((resolve, reject) => {
      const stdio = ['ignore', output.fd, output.fd] as const
      const wrapper = spawn(process.execPath, [wrapperPath, files.control], { detached: true, env, stdio: [...stdio] })
      wrapper.once('spawn', () => resolve())
      wrapper.once('error', reject)
      wrapper.unref()
    })
  } finally {
    await output.close()
  }
}

function conflict(key: string): HoneError {
  return new HoneError({
    type: 'JobConflict',
    message: `A job ${key} exists already and was planned from other inputs.`,
    nextStep: 'Retry the step as a new attempt; a finished job is never run again under the same key.',
  })
}

function finished(exit: ExitFile, intent: CancelCause | null): JobStatus {
  const status: JobStatus = { state: 'failed', finishedAt: Date.parse(exit.finishedAt) }
  if (exit.startedAt !== null) status.startedAt = Date.parse(exit.startedAt)
  if (exit.code !== null) status.exitCode = exit.code
  if (exit.signal !== null) status.signal = exit.signal
  if (exit.code === 0 && !exit.stopRequested) return { ...status, state: 'succeeded' }
  if (intent !== null) return { ...status, state: 'cancelled', cancelCause: intent, reason: `cancelled (${intent})` }
  if (exit.stopRequested) return { ...status, interrupted: true, reason: 'stopped from outside before it had finished' }
  if (exit.error !== null) return { ...status, reason: `could not be started: ${exit.error}` }
  if (exit.signal !== null) return { ...status, reason: `ended by ${exit.signal}` }
  return { ...status, reason: `ended with exit code ${exit.code}` }
}

async function readStatus(directory: string): Promise<JobStatus> {
  const files = jobFiles(directory)
  const job = await readJsonFile(files.job, jobFile)
  if (job === null) return { state: 'lost', reason: 'its folder is gone' }
  const times: Pick<JobStatus, 'submittedAt' | 'lastOutputAt'> = { submittedAt: Date.parse(job.submittedAt) }
  const lastOutputAt = await latestChange([files.stdout, files.stderr])
  if (lastOutputAt !== null) times.lastOutputAt = lastOutputAt
  const ended = async (): Promise<JobStatus | null> => {
    const exit = await readJsonFile(files.exit, exitFile)
    if (exit === null) return null
    const intent = await readJsonFile(files.cancel, cancelFile)
    return { ...times, ...finished(exit, intent?.cause ?? null) }
  }
  const done = await ended()
  if (done !== null) return done
  const claim = await readClaim(files.claim)
  if (claim === null) return { state: 'queued', ...times }
  const started = await readJsonFile(files.started, startedFile)
  const startedAt = started === null ? {} : { startedAt: Date.parse(started.startedAt) }
  if (isAlive(claim)) return { state: 'running', ...times, ...startedAt }
  // It may have ended between the two looks.
  const after = await ended()
  if (after !== null) return after
  // Before anyone starts a second attempt, what the dead wrapper left must be gone: two trainers share no GPU.
  await endProcesses(job.id, 0)
  const rebooted = claim.bootId !== null && claim.bootId !== bootId()
  const reason = rebooted ? 'the machine was restarted while it ran' : 'its processes are gone and left no exit record'
  return { state: 'lost', ...times, ...startedAt, reason }
}

function blotOut(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
}

/** Where the jobs' folders are, and the environment that jobs inherit (the worker's own when left out). */
export interface LocalLauncherOptions {
  root: string
  environment?: NodeJS.ProcessEnv
}

/**
 * Runs jobs as processes of this machine. A job outlives the worker, and everything about it is in its folder: a new
 * launcher object over the same `root` knows all of them. Linux only: a process is told from a later one of the same
 * id by its start time in /proc. Throws MissingDependency elsewhere.
 */
export function createLocalLauncher({ root, environment = process.env }: LocalLauncherOptions): Launcher {
  if (!existsSync('/proc/self/environ')) {
    throw new HoneError({
      type: 'MissingDependency',
      message: 'Local jobs need the /proc file system of Linux to tell their processes from others.',
      nextStep: 'Run the worker on Linux (a container or WSL will do), or use another launcher.',
    })
  }
  const handleOf = (key: string): JobHandle => ({ launcher: 'local', key, directory: jobDirectory(root, key) })
  const isThere = async (key: string) => (await readIfThere(jobFiles(jobDirectory(root, key)).job)) !== null

  const ensure = async (key: string, specHash: string, spec: CommandPlan): Promise<JobHandle> => {
    const handle = handleOf(key)
    const files = jobFiles(handle.directory)
    const planned: JobFile = { id: randomUUID(), key, specHash, ...spec, submittedAt: new Date().toISOString() }
    jobEnvironment(planned, environment)
    await mkdir(files.control, { recursive: true })
    await createJson(files.job, planned)
    const job = await readJsonFile(files.job, jobFile)
    if (job === null || job.specHash !== specHash) throw conflict(key)
    // A crash between the record and the process leaves a record without a claim: start it now. Two wrappers that
    // are started at once settle it by the claim.
    if ((await readClaim(files.claim)) === null) await spawnWrapper(job, handle.directory, environment)
    return handle
  }

  const poll = async (handle: JobHandle): Promise<JobStatus> => {
    try {
      return await readStatus(handle.directory)
    } catch (error) {
      return { state: 'unknown', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    name: 'local',
    directory: (key) => jobDirectory(root, key),
    find: async (key) => ((await isThere(key)) ? handleOf(key) : null),
    ensure,
    poll,
    cancel: async (handle, graceSeconds, cause = 'request') => {
      const files = jobFiles(handle.directory)
      if ((await readIfThere(files.job)) === null) return
      if ((await readIfThere(files.exit)) === null) {
        await createJson(files.cancel, { graceSeconds, cause, at: new Date().toISOString() })
      }
      await stopJob(handle.directory, graceSeconds)
    },
    logs: async (handle, { maxBytes }): Promise<JobLogs> => {
      const files = jobFiles(handle.directory)
      const job = await readJsonFile(files.job, jobFile)
      const values = (job?.secretEnv ?? []).map((name) => environment[name] ?? '')
      const secrets = values.filter((value) => value.length >= shortestSecret)
      const [stdout, stderr] = await Promise.all([readTail(files.stdout, maxBytes), readTail(files.stderr, maxBytes)])
      return { stdout: blotOut(stdout, secrets), stderr: blotOut(stderr, secrets) }
    },
    cleanup: async (handle) => {
      const status = await poll(handle)
      if (!isTerminal(status.state)) {
        throw new HoneError({
          type: 'AlreadyRunning',
          message: `Job ${handle.key} is ${status.state}; its folder stays.`,
          nextStep: 'Cancel the job first.',
        })
      }
      await rm(handle.directory, { recursive: true, force: true })
    },
  }
}
