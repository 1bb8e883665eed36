import type { FileStep, FileStepEnd } from '../../data/file-steps/file-step.ts'
import { HoneError } from '../../domain/errors.ts'
import { Outage } from '../../models/failures.ts'
import { exitCodes } from '../terminal.ts'
import { number } from './progress.ts'

export const goOnText = 'The same command goes on; what was answered is not asked again.'

/** How many rows are done, as a sentence with a space before it. Empty before the input is read. */
export function doneText({ progress }: Pick<FileStep, 'progress'>): string {
  const { done, total } = progress.read()
  return total === 0 ? '' : ` ${number(done)} of ${number(total)} rows are done.`
}

/**
 * The error that ended a step, for its user. A server that stays away and a server that refuses
 * every row leave the rows undone, and the same command goes on.
 */
export function endedBy(error: unknown, file: Pick<FileStep, 'progress'>): unknown {
  if (error instanceof Outage) {
    const when = error.retryAt ? `from ${error.retryAt.toLocaleString('sv-SE')} on` : 'once the server answers again'
    return leftUndone(error.message, `The same command goes on where this one ended, ${when}.`, error)
  }
  if (error instanceof HoneError && (error.type === 'EndpointRefused' || error.type === 'MissingSecret')) {
    const nextStep = `${error.nextStep}. Then the same command goes on where this one ended, also with another server, model or key.`
    return leftUndone(`${error.message}.${doneText(file)} The others are left undone`, nextStep, error)
  }
  return error
}

const leftUndone = (message: string, nextStep: string, cause: Error): HoneError =>
  new HoneError({
    type: cause instanceof HoneError ? cause.type : 'EndpointRefused',
    message: message.replaceAll('..', '.'),
    nextStep,
    cause,
  })

/** The exit code of a run that ended by itself. A run whose rows all failed has failed. */
export function exitCodeOf(end: FileStepEnd): number {
  if (end.ended === 'budget') return exitCodes.budgetReached
  const { kept, dropped, failed } = end.tally
  return failed > 0 && kept + dropped === 0 ? exitCodes.failed : exitCodes.ok
}
