import { readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeWholeFile } from '../../../artifacts/whole-file.ts'
import { HoneError, messageOf } from '../../../domain/errors.ts'
import type { JobResources } from '../../command.ts'
import { replaceJson } from '../files.ts'
import { jobFiles, wrapperPath } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { parseSubmitted } from './answers.ts'
import type { SchedulerJob } from './answers.ts'
import type { SlurmSettings } from './options.ts'
import { shellLine } from './quote.ts'
import { isOurs, readIntent, slurmComment, slurmFiles, writeIntent, writeSubmission } from './records.ts'
import type { Scheduler } from './scheduler.ts'
import { isActive } from './states.ts'

/** The input of a submission. `there` paths are as the job sees them. */
export interface Submitting {
  scheduler: Scheduler
  settings: SlurmSettings
  job: JobFile
  name: string
  directory: { here: string; there: string }
  resources: JobResources
  limitMinutes: number | null
  /** Values of the job's secret variables. */
  secrets: Record<string, string>
}

const lookMs = 2000
/**
 * Messages by which the controller itself refuses a job. After any other failure the job may have
 * been accepted.
 */
const refusal = /Batch job submission failed: (.*)|sbatch: (?:error|fatal): (.*)|unrecognized option (.*)/
/** Refusals that do not last. */
const passing =
  /timed out|Unable to contact|connect|Zero Bytes|temporarily|Communication|Munge|Protocol authentication|in standby|SubmitJob|Submit limit|Transport endpoint/i

/** Slurm replaces `%` in file names. */
const plainFile = (path: string) => path.replaceAll('%', '%%')

/** The batch script: only the wrapper. It holds no secret, because Slurm keeps scripts. */
export function batchScript(python: string, control: string): string {
  // With these variables set, every srun of the job would start with an empty environment.
  const run = shellLine([python, '-I', '-S', `${control}/wrapper.py`, control])
  return `#!/bin/sh\nunset SLURM_EXPORT_ENV SLURM_GET_USER_ENV\nexec ${run}\n`
}

/** Arguments of sbatch for a job. */
export function sbatchArguments(submitting: Omit<Submitting, 'scheduler' | 'secrets'>): string[] {
  const { settings, job, name, directory, resources, limitMinutes } = submitting
  const { control } = jobFiles(directory.there)
  const { partition, account, qos, gpuType } = settings
  const given: [string, string | number | null | undefined][] = [
    ['--job-name', name],
    ['--comment', slurmComment(job)],
    ['--output', plainFile(slurmFiles(directory.there).log)],
    ['--open-mode', 'append'],
    ['--chdir', control],
    ['--input', '/dev/null'],
    // The environment of a log-in, without variables of this process.
    ['--export', 'NONE'],
    ['--dependency', 'singleton'],
    ['--nodes', 1],
    ['--ntasks', 1],
    ['--signal', `B:TERM@${Math.max(1, Math.ceil(job.gracePeriodSeconds))}`],
    ['--partition', partition],
    ['--account', account],
    ['--qos', qos],
    ['--gres', resources.gpus ? `gpu:${gpuType === undefined ? '' : `${gpuType}:`}${resources.gpus}` : null],
    ['--cpus-per-task', resources.cpus === undefined ? null : Math.ceil(resources.cpus)],
    ['--mem', resources.memoryGib === undefined ? null : `${Math.ceil(resources.memoryGib * 1024)}M`],
    ['--time', limitMinutes],
  ]
  const own = given.flatMap(([flag, value]) => (value === null || value === undefined ? [] : [`${flag}=${value}`]))
  return ['--parsable', '--no-requeue', ...own, ...settings.sbatchArguments]
}

/** The controller recorded this job and refused it at once: it never ran and never will. */
const wasRefused = ({ state, reason }: SchedulerJob) => state === 'FAILED' && reason === 'BadConstraints'

/**
 * The job of this submission at Slurm. Null when there is no such job. There may be several: an
 * answer was lost, and a second submission followed. Then one job is kept and the others are
 * cancelled, because their wrappers would find the job claimed. Throws JobConflict when a job of
 * another submission has the name and is active.
 */
export async function adopt({
  scheduler,
  job,
  name,
  directory,
}: Pick<Submitting, 'scheduler' | 'job' | 'name' | 'directory'>): Promise<SchedulerJob | null> {
  let found = (await scheduler.queue([name])).filter((each) => !wasRefused(each))
  // Only an earlier submission can already have started and ended.
  if (found.length === 0 && (await readIntent(directory.here)) !== null) {
    found = (await scheduler.history([name], Date.parse(job.submittedAt))) ?? []
  }
  const ours = found.filter((each) => isOurs(each, name, job))
  const foreign = found.find((each) => !ours.includes(each) && isActive(each.state))
  if (foreign !== undefined) {
    throw new HoneError({
      type: 'JobConflict',
      message: `Slurm's job ${foreign.id} has the name of job ${job.key} and belongs to another submission of it.`,
      nextStep: `End it with \`scancel ${foreign.id}\`, then try again.`,
    })
  }
  const byAge = [...ours].sort((a, b) => Number(a.id) - Number(b.id))
  const kept = byAge.find(({ state }) => isActive(state) && state !== 'PENDING') ?? byAge[0] ?? null
  for (const { id, state } of byAge) {
    if (id !== kept?.id && state === 'PENDING') await scheduler.command('scancel', [id])
  }
  return kept
}

async function record(submitting: Submitting, id: string): Promise<string> {
  await writeSubmission(submitting.directory.here, { id, limitMinutes: submitting.limitMinutes })
  return id
}

async function writeControlFiles({ job, directory, secrets }: Submitting): Promise<void> {
  await writeWholeFile(slurmFiles(directory.here).wrapper, await readFile(wrapperPath))
  if (job.secretEnv.length > 0) await replaceJson(jobFiles(directory.here).secrets, secrets, { mode: 0o600 })
}

/** Looks for a job whose submission got no answer, until `until`. */
async function lookFor(submitting: Submitting, until: number): Promise<SchedulerJob | null> {
  for (;;) {
    const found = await adopt(submitting)
    if (found !== null || Date.now() >= until) return found
    await sleep(Math.min(lookMs, Math.max(0, until - Date.now())))
  }
}

/**
 * Submits the job unless Slurm already has it, and records its id. It first looks by name for a job
 * that a crash or a lost answer left. After a new submission without an answer, it looks for the
 * job for `doubtSeconds`. Throws HoneError (InvalidInput) with Slurm's words when Slurm refuses the
 * job for good. After other errors, try again.
 */
export async function submit(submitting: Submitting): Promise<string> {
  const { scheduler, settings, directory, job } = submitting
  const doubtMs = settings.doubtSeconds * 1000
  const before = await readIntent(directory.here)
  const found = await lookFor(submitting, before === null ? 0 : Date.parse(before.at) + doubtMs)
  if (found !== null) return await record(submitting, found.id)

  await writeControlFiles(submitting)
  const control = jobFiles(directory.there).control
  const input = batchScript(settings.python, control)
  const args = sbatchArguments(submitting)
  await writeIntent(directory.here)
  const answer = await scheduler.command('sbatch', args, { input }).catch(async (error: unknown) => {
    // There is no sbatch, so nothing was submitted.
    if (error instanceof HoneError) await rm(slurmFiles(directory.here).intent, { force: true })
    if (error instanceof HoneError) throw error
    return { code: null, stdout: '', stderr: messageOf(error) }
  })
  const id = answer.code === 0 ? parseSubmitted(answer.stdout) : null
  if (id !== null) return await record(submitting, id)

  const words = (answer.stderr.trim() || answer.stdout.trim()).slice(0, 1000)
  const isFinal = refusal.test(answer.stderr) && !passing.test(answer.stderr)
  const anyway = await lookFor(submitting, isFinal ? 0 : Date.now() + doubtMs)
  if (anyway !== null) return await record(submitting, anyway.id)
  if (!isFinal) throw new Error(`sbatch on ${scheduler.where} gave no answer for job ${job.key}: ${words}`)
  // Nothing of the job exists anywhere: a corrected job may take the same key.
  await rm(slurmFiles(directory.here).intent, { force: true })
  await rm(jobFiles(directory.here).secrets, { force: true })
  await rm(jobFiles(directory.here).job, { force: true })
  throw new HoneError({
    type: 'InvalidInput',
    message: `Slurm refused job ${job.key}: ${words}`,
    nextStep: 'Correct what it says in the site file (partition, account, qos) or in the recipe (resources).',
  })
}
