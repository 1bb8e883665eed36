import type { JobLogs, JobStatus } from '../jobs/launchers/contract.ts'
import type { KnownFailure, ProductFailures, TrainerVerdict } from './trainer.ts'

type Failed = Exclude<TrainerVerdict, { outcome: 'ok' }>

/** An ended job, with what is known of it and of its product. */
export interface FailureFacts extends ProductFailures {
  status: JobStatus
  logs: JobLogs
  /** Whether the training had logged a step. */
  madeSteps: boolean
}

const killedForMemory = 137
const memoryStep = 'Lower microBatchSize, maxCompletionTokens or imageMaxPixels in the recipe, or ask for more memory.'

/** Failures that every product shares: PyTorch, the disk, the network of the devices. */
const common: readonly KnownFailure[] = [
  {
    pattern: /CUDA out of memory|OutOfMemoryError|DefaultCPUAllocator: can't allocate memory/,
    reason: 'the device ran out of memory',
    nextStep: memoryStep,
  },
  {
    pattern: /No space left on device|Disk quota exceeded/,
    reason: 'the disk is full',
    nextStep: 'Free space or move HONE_HOME, then retry the step.',
  },
  {
    pattern: /No module named|ModuleNotFoundError/,
    reason: 'the Python environment lacks a package',
    nextStep: 'Run `hone doctor`; it names what is missing and how to get it.',
  },
  { pattern: /NCCL error|ncclSystemError|CUDA error|uncorrectable ECC/i, reason: 'a device or its network failed' },
]

/** The last line of a text that says anything. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? ''

/**
 * What a job that did not succeed means: whether another attempt can mend it, and what the user can
 * do if not.
 */
export function judgeFailure({ status, logs, madeSteps, known = [], unusableInput }: FailureFacts): Failed {
  const how = status.reason ?? status.state
  if (status.state === 'cancelled') {
    return { outcome: 'fatal', reason: how, nextStep: 'Resume the campaign to train again.' }
  }
  if (status.outOfMemory === true) {
    return { outcome: 'fatal', reason: `its machine ran out of memory (${how})`, nextStep: memoryStep }
  }
  if (status.state === 'lost' || status.interrupted === true) return { outcome: 'retryable', reason: how }
  if (unusableInput !== undefined && status.exitCode === unusableInput) {
    const reason = lastLine(logs.stderr) || how
    return { outcome: 'fatal', reason, nextStep: 'Mend what the message names, then resume the campaign.' }
  }
  const cause = [...known, ...common].find(({ pattern }) => pattern.test(logs.stderr))
  if (cause !== undefined) {
    const reason = `${cause.reason} (${how})`
    if (cause.nextStep === undefined) return { outcome: 'retryable', reason }
    return { outcome: 'fatal', reason, nextStep: cause.nextStep }
  }
  if (status.signal !== undefined || status.exitCode === killedForMemory) {
    return { outcome: 'retryable', reason: `${how}; a kill from outside is most often for lack of memory` }
  }
  const reason = `${how}: ${lastLine(logs.stderr)}`
  if (madeSteps) return { outcome: 'retryable', reason }
  return { outcome: 'fatal', reason, nextStep: 'It failed before its first step: read the job’s stderr.log.' }
}
