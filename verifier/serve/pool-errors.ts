import { HoneError } from '../../domain/errors.ts'

/** The caller of the work has gone. */
export const cancelled = (): Error => new DOMException('The caller has gone.', 'AbortError')

/** The pool was closed. */
export const closed = (): HoneError =>
  new HoneError({
    type: 'LimitExceeded',
    message: 'The verifier pool is closed.',
    nextStep: 'Create another pool, or close a pool only when no rows are left to verify.',
  })

/** No thread of the pool could start. */
export const cannotStart = (cause: Error | null): HoneError =>
  new HoneError({
    type: 'MissingDependency',
    message: `The verifier's threads do not start: ${cause?.message ?? 'they hang'}.`,
    nextStep: 'Install Hone again (`npm ci` in a clone), and look for a limit on threads or memory.',
    cause,
  })

/** A chunk took its thread down before its first row, twice, or a body did so while it was read. */
export const tooBig = (cause: Error | null): HoneError =>
  new HoneError({
    type: 'LimitExceeded',
    message: `The rows cannot be read in a thread's memory and time (${cause?.message ?? 'too slow'}).`,
    nextStep: 'Send fewer or shorter completions at a time.',
    cause,
  })
