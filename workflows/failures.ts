import { ApplicationFailure, CancellationScope, isCancellation, TemporalFailure } from '@temporalio/workflow'
import type { PermanentFailure } from '../domain/errors.ts'
import { messageOf } from '../domain/errors.ts'

/**
 * Whether this workflow's work ended because it was cancelled. An activity ends with a timeout when
 * its worker died before it heard of the cancellation, so the request for the cancellation counts.
 */
export const wasCancelled = (error: unknown): boolean =>
  isCancellation(error) || CancellationScope.current().consideredCancelled

/** The message at the root of a chain of Temporal failures: what a person needs to read. */
export function failureReason(error: unknown): string {
  if (isCancellation(error)) return 'cancelled'
  let at: unknown = error
  while (at instanceof TemporalFailure && at.cause !== undefined) at = at.cause
  const text = messageOf(at)
  return text.slice(0, 1000)
}

/** The type of the ApplicationFailure at the root, if there is one. */
export function failureType(error: unknown): string | null {
  let at: unknown = error
  while (at instanceof TemporalFailure && at.cause !== undefined) at = at.cause
  return at instanceof ApplicationFailure ? (at.type ?? null) : null
}

/**
 * Whether a failure of this type is in the chain, since an activity's failure is wrapped on its way
 * up.
 */
export function isFailureOf(error: unknown, type: PermanentFailure): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof ApplicationFailure && at.type === type) return true
  return false
}
