import type { JobLogs, JobStatus } from '../jobs/launchers/contract.ts'
import type { KnownFailure, ProductFailures, TrainerVerdict } from './trainer.ts'

type Failed = Exclude<TrainerVerdict, { outcome: 'ok' }>

/** An ended job, and the known facts about the job and its product. */
export interface FailureFacts extends ProductFailures {
  status: JobStatus
  logs: JobLogs
  /** Whether the training logged a step. */
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
    nextStep: 'Run `hone doctor`: it names the missing package and how to install it.',
  },
  { pattern: /NCCL error|ncclSystemError|CUDA error|uncorrectable ECC/i, reason: 'a device or its network failed' },
]

/** The last line of a text that is not empty. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? ''

/**
 * The verdict on a job that did not succeed: whether another attempt can succeed, and otherwise
 * what the user can do.
 */
export function failureVerdict({ status, logs, madeSteps, known = [], unusableInput }: FailureFacts): Failed {
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
    return { outcome: 'fatal', reason, nextStep: 'Solve the problem in the message, then resume the campaign.' }
  }
  const cause = [...known, ...common].find(({ pattern }) => pattern.test(logs.stderr))
  if (cause !== undefined) {
    const reason = `${cause.reason} (${how})`
    if (cause.nextStep === undefined) return { outcome: 'retryable', reason }
    return { outcome: 'fatal', reason, nextStep: cause.nextStep }
  }
  if (status.signal !== undefined || status.exitCode === killedForMemory) {
    return { outcome: 'retryable', reason: `${how}; a kill from outside mostly means a lack of memory` }
  }
  const reason = `${how}: ${lastLine(logs.stderr)}`
  if (madeSteps) return { outcome: 'retryable', reason }
  return { outcome: 'fatal', reason, nextStep: 'It failed before its first step: read the job’s stderr.log.' }
}
