import { ApplicationFailure, CancellationScope, isCancellation, TemporalFailure } from '@temporalio/workflow'
import type { PermanentFailure } from '../domain/errors.ts'
import { messageOf } from '../domain/errors.ts'

/**
 * Whether this workflow's work ended because of a cancellation. An activity whose worker died
 * before it heard of the cancellation ends with a timeout, so the request for cancellation decides.
 */
export const wasCancelled = (error: unknown): boolean =>
  isCancellation(error) || CancellationScope.current().consideredCancelled

/**
 * The message at the root of a chain of Temporal failures: the message that a person needs. At most
 * 1,000 characters.
 */
export function failureReason(error: unknown): string {
  if (isCancellation(error)) return 'cancelled'
  let at: unknown = error
  while (at instanceof TemporalFailure && at.cause !== undefined) at = at.cause
  const text = messageOf(at)
  return text.slice(0, 1000)
}

/** The type of the ApplicationFailure at the root, or null. */
export function failureType(error: unknown): string | null {
  let at: unknown = error
  while (at instanceof TemporalFailure && at.cause !== undefined) at = at.cause
  return at instanceof ApplicationFailure ? (at.type ?? null) : null
}

/**
 * Whether the chain has a failure of this type. Temporal wraps an activity's error on its way up.
 */
export function isFailureOf(error: unknown, type: PermanentFailure): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    if (at instanceof ApplicationFailure && at.type === type) return true
  return false
}
