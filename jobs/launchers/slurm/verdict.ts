import { isTerminal } from '../contract.ts'
import type { JobStatus } from '../contract.ts'
import { statusOf } from '../status.ts'
import type { FolderState } from '../status.ts'
import type { SchedulerJob } from './answers.ts'
import type { SchedulerEnd } from './records.ts'
import { schedulerEnds } from './records.ts'
import { isOnNode, isOver, isWaiting } from './states.ts'

/** The facts about a job at one moment. */
export interface Evidence {
  folder: FolderState
  /**
   * The job in Slurm's answer. `none`: Slurm answered and does not know the job. Null: Slurm could
   * not be asked.
   */
  scheduler: SchedulerJob | 'none' | null
  /** How the job ended by an earlier answer of the scheduler. */
  end: SchedulerEnd | null
  /** End of the output of Slurm and the wrapper. */
  log: string
  /** The requested time limit. */
  limitMinutes: number | null
  /** Whether the job was given to Slurm. */
  isSubmitted: boolean
  /**
   * Milliseconds since this process first missed the exit record, or first saw that Slurm does not
   * know the job.
   */
  waitedMs: number
  graces: { exitMs: number; lostMs: number }
  now: number
}

/** The status, and whether it may change in a moment. */
export interface Verdict {
  status: JobStatus
  /**
   * The job ended or is unknown, and has no exit record. The waiting time counts from the first
   * such look.
   */
  isWaiting: boolean
}

/**
 * Lines by which Slurm's node daemon writes into the job's output why it ended the job. They stay
 * after the scheduler has forgotten the job.
 */
const traces: [SchedulerEnd, RegExp][] = [
  ['OUT_OF_MEMORY', /oom[-_ ]kill|Exceeded job memory limit|exceeded memory limit/i],
  ['TIMEOUT', /CANCELLED AT \S+ DUE TO TIME LIMIT/],
  ['PREEMPTED', /CANCELLED AT \S+ DUE TO PREEMPTION/],
  ['NODE_FAIL', /CANCELLED AT \S+ DUE TO NODE FAILURE/],
]

const signalSlackSeconds = 65

function ranToItsLimit({ folder, limitMinutes, scheduler }: Evidence): boolean {
  const { exit, job } = folder
  const known = scheduler === null || scheduler === 'none' ? null : scheduler.limitMinutes
  const limit = limitMinutes ?? known
  if (exit?.startedAt == null || !exit.stopRequested || job === null || limit === null) return false
  const seconds = (Date.parse(exit.finishedAt) - Date.parse(exit.startedAt)) / 1000
  return seconds >= limit * 60 - job.gracePeriodSeconds - signalSlackSeconds
}

/** Why the scheduler ended the job. Null when nothing says so. */
export function schedulerEnd(evidence: Evidence): SchedulerEnd | null {
  const { scheduler, end, log } = evidence
  const state = scheduler === null || scheduler === 'none' ? null : scheduler.state
  const said = schedulerEnds.find((each) => each === state) ?? end
  if (said !== null && said !== 'CANCELLED') return said
  const traced = traces.find(([, pattern]) => pattern.test(log))?.[0] ?? said
  return traced === null && ranToItsLimit(evidence) ? 'TIMEOUT' : traced
}

const reasons: Record<SchedulerEnd, string> = {
  OUT_OF_MEMORY: 'Slurm ended it: it used more memory than it had asked for',
  TIMEOUT: 'it reached its time limit at Slurm',
  NODE_FAIL: 'Slurm lost the node that it ran on',
  PREEMPTED: 'Slurm took its place for a job of higher priority',
  BOOT_FAIL: 'Slurm could not start its node',
  DEADLINE: 'it reached its deadline at Slurm',
  CANCELLED: 'somebody cancelled it at Slurm; Hone did not',
}

/** A failed status with the scheduler's reason. */
function ended(status: JobStatus, end: SchedulerEnd): JobStatus {
  const failed: JobStatus = { ...status, state: 'failed', reason: reasons[end] }
  return end === 'OUT_OF_MEMORY' ? { ...failed, outOfMemory: true } : { ...failed, interrupted: true }
}

/** The last line of the output of Slurm or the wrapper, for a job that could not be started. */
function lastWords(log: string): string {
  const line = log.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? ''
  return line === '' ? '' : `: ${line}`
}

function unfinished(evidence: Evidence, status: JobStatus): Verdict {
  const { folder, scheduler, waitedMs, graces, log } = evidence
  const cancel = folder.cancel
  const end = schedulerEnd(evidence)
  if (scheduler === null) {
    return { status: { ...status, state: 'unknown', reason: 'Slurm does not answer' }, isWaiting: false }
  }
  if (end !== null && end !== 'CANCELLED' && cancel === null) return { status: ended(status, end), isWaiting: false }
  if (scheduler === 'none') return unknownToSlurm(evidence, status)

  const at: JobStatus = { ...status, ...(scheduler.node === '' ? {} : { node: scheduler.node }) }
  const { state, reason } = scheduler
  if (isWaiting(state)) {
    const why = state === 'PENDING' ? reason || 'its turn' : state
    return { status: { ...status, state: 'queued', reason: `waits: ${why}` }, isWaiting: false }
  }
  if (isOnNode(state)) {
    const startedAt = at.startedAt ?? scheduler.startedAt
    const since = startedAt === null || startedAt === undefined ? {} : { startedAt }
    const what = state === 'RUNNING' ? {} : { reason: `at Slurm it is ${state}` }
    return { status: { ...at, ...since, state: 'running', ...what }, isWaiting: false }
  }
  if (!isOver(state)) {
    const unheardOf = `Slurm says ${state}, which this version of Hone does not know`
    return { status: { ...at, state: 'unknown', reason: unheardOf }, isWaiting: false }
  }
  // The job ended. Its exit record may still be on its way through a network file system.
  if (waitedMs < graces.exitMs && !(state === 'CANCELLED' && folder.claim === null)) {
    return { status: { ...at, state: 'unknown', reason: `ended (${state}); its exit record is late` }, isWaiting: true }
  }
  return { status: withoutRecord(evidence, at, `${state}${reason === '' ? '' : ` (${reason})`}`, log), isWaiting: true }
}

/** The status of a job that ended long enough ago by Slurm's word and left no exit record. */
function withoutRecord(evidence: Evidence, status: JobStatus, said: string, log: string): JobStatus {
  const { cancel, claim } = evidence.folder
  if (cancel !== null) {
    return { ...status, state: 'cancelled', cancelCause: cancel.cause, reason: `cancelled (${cancel.cause})` }
  }
  if (schedulerEnd(evidence) === 'CANCELLED') return ended(status, 'CANCELLED')
  // Slurm itself failed to start the job. A failure of the wrapper (no Python, no folder) has
  // another reason.
  if (claim === null && /launch/i.test(said)) {
    return { ...status, state: 'failed', interrupted: true, reason: `its node could not start it, Slurm says ${said}` }
  }
  if (claim === null) {
    return { ...status, state: 'failed', reason: `its node could not start it, Slurm says ${said}${lastWords(log)}` }
  }
  return { ...status, state: 'lost', reason: `Slurm says ${said}, and it left no exit record${lastWords(log)}` }
}

function unknownToSlurm({ folder, isSubmitted, waitedMs, graces, now }: Evidence, status: JobStatus): Verdict {
  if (!isSubmitted) {
    return { status: { ...status, state: 'queued', reason: 'waits: it was not submitted yet' }, isWaiting: false }
  }
  const isSilent = folder.lastOutputAt === null || now - folder.lastOutputAt >= graces.lostMs
  if (waitedMs < graces.lostMs || !isSilent) {
    const reason = 'Slurm knows nothing of it; its exit record may be late'
    return { status: { ...status, state: 'unknown', reason }, isWaiting: true }
  }
  const when = folder.claim === null ? 'before it ran' : 'and it left no exit record'
  return { status: { ...status, state: 'lost', reason: `Slurm forgot it ${when}` }, isWaiting: true }
}

/**
 * The status of a job. The exit record decides how the program ended. Only the scheduler knows that
 * the job ran out of memory or time, or lost its node. Only Hone's own request makes the job
 * `cancelled`. A question without an answer only makes it `unknown`.
 */
export function verdict(evidence: Evidence): Verdict {
  const status = statusOf(evidence.folder)
  if (evidence.folder.job === null) return { status, isWaiting: false }
  if (!isTerminal(status.state)) return unfinished(evidence, status)
  if (status.state !== 'failed') return { status, isWaiting: false }
  const end = schedulerEnd(evidence)
  if (end === null || (end === 'CANCELLED' && status.interrupted !== true)) return { status, isWaiting: false }
  return { status: ended(status, end), isWaiting: false }
}
