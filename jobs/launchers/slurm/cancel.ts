import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CancelCause, JobHandle } from '../contract.ts'
import { createJson, readIfThere } from '../files.ts'
import { exitWithoutProgram, jobFiles } from '../folder.ts'
import type { CancelFile, Claim } from '../folder.ts'
import { bootId } from '../../../services/identity.ts'
import { endJob } from '../local/processes.ts'
import { readFolder } from '../status.ts'
import type { FolderState } from '../status.ts'
import type { SchedulerJob } from './answers.ts'
import { isOurs, readIntent, readSubmission } from './records.ts'
import type { Scheduler } from './scheduler.ts'
import { isActive, isWaiting } from './states.ts'

export interface CancelOptions {
  scheduler: Scheduler
  name: string
  graceSeconds: number
  cause: CancelCause
  exitGraceSeconds: number
  doubtSeconds: number
}

const lookMs = 500
/** What the wrapper gets on top of the grace to sweep and to write how the job ended. */
const wrapperExtraMs = 5000
/**
 * How long Slurm gets to end what ignores it (KillWait, a node that does not answer) before we give
 * up for now.
 */
const patienceMs = 180_000
const nobody: Claim = { pid: 0, startTicks: null, bootId: null, host: null }

/** All that Slurm knows of the job and that is not over. Throws when it does not answer. */
async function activeJobs(
  handle: JobHandle,
  folder: FolderState,
  { scheduler, name }: CancelOptions,
): Promise<SchedulerJob[]> {
  const { job } = folder
  if (job === null) return []
  const listed = await scheduler.queue([name])
  const id = (await readSubmission(handle.directory))?.id ?? handle.reference
  // An empty answer is asked again in another way: one was seen to be false.
  const known = id === undefined || listed.some((each) => each.id === id) ? null : await scheduler.job(id)
  const all = known === null ? listed : [...listed, known]
  return all.filter((each) => isOurs(each, name, job) && isActive(each.state))
}

/**
 * TERM to the wrapper alone, which ends the program with its grace; everything is killed when that
 * took too long.
 */
async function push(scheduler: Scheduler, { id, state }: SchedulerJob, isLate: boolean): Promise<void> {
  if (isWaiting(state)) await scheduler.command('scancel', ['--state=PENDING', id])
  else if (isLate) await scheduler.command('scancel', [id])
  else await scheduler.command('scancel', ['--signal=TERM', '--batch', id])
}

async function isSubmissionInFlight(directory: string, doubtSeconds: number): Promise<boolean> {
  const [intent, submission] = [await readIntent(directory), await readSubmission(directory)]
  return intent !== null && submission === null && Date.now() - Date.parse(intent.at) < doubtSeconds * 1000
}

/** Asks Slurm to end the job until it says that nothing of it waits or runs. */
async function endAtSlurm(handle: JobHandle, options: CancelOptions): Promise<void> {
  const start = Date.now()
  const lateAt = start + options.graceSeconds * 1000 + wrapperExtraMs
  let asked: 'nothing' | 'to end' | 'to be killed' = 'nothing'
  for (;;) {
    const folder = await readFolder(handle.directory)
    const active = await activeJobs(handle, folder, options)
    if (active.length === 0 && !(await isSubmissionInFlight(handle.directory, options.doubtSeconds))) return
    const isLate = Date.now() > lateAt
    const wish = isLate ? 'to be killed' : 'to end'
    for (const each of active) {
      if (isWaiting(each.state)) await push(options.scheduler, each, isLate)
      // Once each: a second TERM says nothing new.
      else if (asked !== wish && folder.exit === null) await push(options.scheduler, each, isLate)
    }
    if (active.some(({ state }) => !isWaiting(state))) asked = wish
    if (Date.now() > lateAt + patienceMs) {
      const [first] = active
      throw new Error(`Slurm's job ${first?.id} does not end: it is ${first?.state} on ${first?.node || 'no node'}.`)
    }
    await sleep(lookMs)
  }
}

/** Whether Slurm itself leaves no process of an ended job behind. */
async function endsAllProcesses(scheduler: Scheduler): Promise<boolean> {
  const { stdout } = await scheduler.command('scontrol', ['show', 'config'])
  return /^ProctrackType\s*=\s*proctrack\/cgroup\s*$/m.test(stdout)
}

/** Once Slurm has ended it: whatever its wrapper could not end or write any more. */
async function settle(handle: JobHandle, options: CancelOptions): Promise<void> {
  const files = jobFiles(handle.directory)
  const deadline = Date.now() + options.exitGraceSeconds * 1000
  for (;;) {
    const { job, claim, exit } = await readFolder(handle.directory)
    if (job === null || exit !== null) return
    const gone = exitWithoutProgram({ stopRequested: true })
    if (claim === null) {
      // A wrapper that is on its way all the same finds the job taken.
      if (!(await createJson(files.claim, nobody))) continue
      await createJson(files.exit, gone)
      return
    }
    const isHere = claim.bootId !== null && claim.bootId === bootId()
    if (claim.pid === 0 || isHere) {
      await endJob(job.id, isHere ? options.graceSeconds : 0)
      await createJson(files.exit, gone)
      return
    }
    if (Date.now() >= deadline) {
      if (!(await endsAllProcesses(options.scheduler))) {
        throw new Error(
          `Slurm ended job ${handle.key} on ${claim.host ?? 'its node'} before its wrapper could sweep, and this Slurm ` +
            `(no proctrack/cgroup) leaves processes behind: look there for HONE_JOB_ID=${job.id}.`,
        )
      }
      await createJson(files.exit, gone)
      return
    }
    await sleep(lookMs)
  }
}

/**
 * Records the intent, ends the job whatever state it is in, and returns when Slurm says that it is
 * gone and none of its processes is left. Afterwards exit.json is there. Throws when it cannot say
 * so; to call it again is safe.
 */
export async function cancelJob(handle: JobHandle, options: CancelOptions): Promise<void> {
  const files = jobFiles(handle.directory)
  if ((await readIfThere(files.job)) === null) return
  if ((await readIfThere(files.exit)) === null) {
    const { graceSeconds, cause } = options
    await createJson(files.cancel, { graceSeconds, cause, at: new Date().toISOString() } satisfies CancelFile)
  }
  await endAtSlurm(handle, options)
  await settle(handle, options)
  await rm(files.secrets, { force: true })
}
