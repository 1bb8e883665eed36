import type { JobLogs, JobStatus } from '../launcher.ts'
import type { TrainerVerdict } from '../trainer.ts'

/** Exit status of `hone_trainer` for input that the user must mend; its last line says what (errors.py). */
const unusableInput = 2
const killedForMemory = 137

interface KnownFailure {
  pattern: RegExp
  reason: string
  /** Absent: another attempt may well succeed. */
  nextStep?: string
}

const known: readonly KnownFailure[] = [
  {
    pattern: /CUDA out of memory|OutOfMemoryError|DefaultCPUAllocator: can't allocate memory/,
    reason: 'the device ran out of memory',
    nextStep: 'Lower microBatchSize, maxCompletionTokens or imageMaxPixels in the recipe.',
  },
  {
    pattern: /No space left on device|Disk quota exceeded/,
    reason: 'the disk is full',
    nextStep: 'Free space or move HONE_HOME, then retry the step.',
  },
  {
    pattern: /No module named '?(hone_trainer|torch|transformers|trl|datasets|accelerate)/,
    reason: 'the Python environment lacks a package',
    nextStep: 'Run `hone doctor`; it names what is missing and how to get it.',
  },
  { pattern: /NCCL error|ncclSystemError|CUDA error|uncorrectable ECC/i, reason: 'a device or its network failed' },
]

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? ''
}

/** What a job that did not succeed means: whether another attempt can mend it, and what the user can do if not. */
export function judgeFailure(status: JobStatus, logs: JobLogs, madeSteps: boolean): TrainerVerdict {
  const how = status.reason ?? status.state
  if (status.state === 'cancelled') {
    return { outcome: 'fatal', reason: how, nextStep: 'Resume the campaign to train again.' }
  }
  if (status.state === 'lost' || status.interrupted === true) return { outcome: 'retryable', reason: how }
  const cause = known.find(({ pattern }) => pattern.test(logs.stderr))
  if (cause !== undefined) {
    const reason = `${cause.reason} (${how})`
    if (cause.nextStep === undefined) return { outcome: 'retryable', reason }
    return { outcome: 'fatal', reason, nextStep: cause.nextStep }
  }
  if (status.exitCode === unusableInput) {
    const reason = lastLine(logs.stderr) || how
    return { outcome: 'fatal', reason, nextStep: 'Mend what the message names, then resume the campaign.' }
  }
  if (status.signal !== undefined || status.exitCode === killedForMemory) {
    return { outcome: 'retryable', reason: `${how}; a kill from outside is most often for lack of memory` }
  }
  const reason = `${how}: ${lastLine(logs.stderr)}`
  if (madeSteps) return { outcome: 'retryable', reason }
  return { outcome: 'fatal', reason, nextStep: 'It failed before its first step: read the job’s stderr.log.' }
}
