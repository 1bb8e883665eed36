import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { HoneError } from '../domain/errors.ts'

/**
 * Permanent failures become non-retryable and carry their next step; a cancellation stays one; everything else is retried by Temporal,
 * the only place that retries.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof HoneError)
    return ApplicationFailure.create({
      message: `${error.message} → ${error.nextStep}`,
      type: error.type,
      nonRetryable: true,
      details: [error.nextStep],
      cause: error,
    })
  if (Context.current().cancellationSignal.aborted && !(error instanceof ApplicationFailure))
    return error instanceof CancelledFailure ? error : new CancelledFailure('cancelled', [], toError(error))
  return error
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** How often a running activity says that it is alive, whatever it is doing. */
const heartbeatMs = 2_000

/**
 * Runs the body of an activity: beats from start to end with the latest progress (gaps between the phases of one activity are the classic
 * false alarm), and names its failures.
 */
export async function beating<Result>(
  body: (activity: { signal: AbortSignal; progress: (details: Record<string, unknown>) => void }) => Promise<Result>,
): Promise<Result> {
  const context = Context.current()
  let latest: Record<string, unknown> = {}
  const timer = setInterval(() => context.heartbeat(latest), heartbeatMs)
  try {
    return await body({
      signal: context.cancellationSignal,
      progress: (details) => {
        latest = details
        context.heartbeat(details)
      },
    })
  } catch (error) {
    throw asFailure(error)
  } finally {
    clearInterval(timer)
  }
}
