import type { FileStep, FileStepEnd } from '../../data/file-steps/file-step.ts'
import { HoneError } from '../../domain/errors.ts'
import { Outage } from '../../models/failures.ts'
import { exitCodes } from '../terminal.ts'
import { number } from './progress.ts'

export const goOnText = 'The same command goes on; what was answered is not asked again.'

type Ended = Pick<FileStep, 'progress'>

/** How many rows are done, as a sentence with a space before it. Empty before the input is read. */
export function doneText({ progress }: Ended): string {
  const { done, total } = progress.read()
  return total === 0 ? '' : ` ${number(done)} of ${number(total)} rows are done.`
}

/**
 * The error that ended a step, for its user. A server that stays away and a server that refuses
 * every row leave the rows undone, and the same command goes on.
 */
export function endedBy(error: unknown, file: Ended): unknown {
  if (error instanceof Outage) {
    const when = error.retryAt ? `from ${error.retryAt.toLocaleString('sv-SE')} on` : 'once the server answers again'
    return leftUndone(error, 'EndpointRefused', `The same command goes on where this one ended, ${when}.`, file)
  }
  if (error instanceof HoneError && (error.type === 'EndpointRefused' || error.type === 'MissingSecret')) {
    const { failed } = error.type === 'EndpointRefused' ? file.progress.read() : { failed: 0 }
    const again = failed === 0 ? '' : ` --retry-failed works again on rows that have failed (${number(failed)}).`
    const nextStep = `${sentence(error.nextStep)} Then the same command goes on where this one ended, also with another URL, key or server. With another model it begins anew.${again}`
    return leftUndone(error, error.type, nextStep, file)
  }
  return error
}

const leftUndone = (cause: Error, type: HoneError['type'], nextStep: string, file: Ended): HoneError => {
  const message = `${sentence(cause.message)}${doneText(file)} The others are left undone.`
  return new HoneError({ type, message, nextStep, cause })
}

const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/**
 * The exit code of a run that ended by itself. A run has failed if every row failed that was
 * worked on. A line that is no row is not worked on.
 */
export function exitCodeOf(end: FileStepEnd): number {
  if (end.ended === 'budget') return exitCodes.budgetReached
  return isAllFailed(end.tally) ? exitCodes.failed : exitCodes.ok
}

/** Whether rows were worked on, and every one of them failed. */
export function isAllFailed({
  kept,
  dropped,
  failed,
  reasons,
}: Extract<FileStepEnd, { ended: 'done' }>['tally']): boolean {
  const noRows = (reasons['bad-line'] ?? 0) + (reasons['duplicate-id'] ?? 0)
  return kept + dropped === 0 && failed > noRows
}
