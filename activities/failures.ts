import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { shortDatabaseError } from '../db/database.ts'
import { HoneError } from '../domain/errors.ts'
import { Outage } from '../models/failures.ts'

/**
 * An error as Temporal is to see it. A permanent failure becomes non-retryable and carries its next
 * step. A cancellation stays a cancellation. Temporal retries everything else; nothing else
 * retries.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof HoneError) {
    const nextStep = error.type === 'EndpointRefused' ? `${error.nextStep}${orElsewhere}` : error.nextStep
    return ApplicationFailure.create({
      message: `${error.message} → ${nextStep}`,
      type: error.type,
      nonRetryable: true,
      details: [nextStep],
      cause: error,
    })
  }
  if (Context.current().cancellationSignal.aborted && !(error instanceof ApplicationFailure))
    return error instanceof CancelledFailure ? error : new CancelledFailure('cancelled', [], toError(error))
  if (error instanceof Outage && error.retryAt) {
    // The server said when it takes calls again. A try before that time would be for nothing.
    const nextRetryDelay = Math.max(1000, error.retryAt.getTime() - Date.now())
    return ApplicationFailure.create({ message: error.message, type: error.name, nextRetryDelay, cause: error })
  }
  return shortDatabaseError(error)
}

const orElsewhere =
  '; then `hone resume` goes on, also elsewhere: --endpoint NAME=URL, --api-key-env NAME=VARIABLE. A new campaign with another model or other fields finds the replies that they do not change'

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** What the body of an activity works with. */
export interface Activity {
  /** Aborts when the activity is cancelled or its worker shuts down. */
  signal: AbortSignal
  /** Says what is going on: shown under Pending Activities. */
  progress: (details: Record<string, unknown>) => void
  /** More details, which are looked up at each heartbeat. */
  watch: (look: () => Record<string, unknown>) => void
  /** True when somebody asked for the cancellation; false when the worker goes away. */
  isCancelRequested: () => boolean
}

/**
 * The signal for a job: `cancel` ends the job, `detach` leaves it running for the next worker. Only
 * a cancellation that somebody asked for ends a job. A shutdown, a timeout or a lost connection
 * never does.
 */
export function jobSignal(activity: Activity, shutdown: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const abort = () => controller.abort(activity.isCancelRequested() ? 'cancel' : 'detach')
  for (const signal of [activity.signal, shutdown]) {
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  return controller.signal
}

/** How often a running activity says that it is alive. */
const heartbeatMs = 2_000

/**
 * Runs the body of an activity. It sends heartbeats from start to end with the latest progress,
 * since gaps between the phases of an activity are the classic false alarm, and it names the
 * failures.
 */
export async function beating<Result>(body: (activity: Activity) => Promise<Result>): Promise<Result> {
  const context = Context.current()
  let latest: Record<string, unknown> = {}
  let look = (): Record<string, unknown> => ({})
  const beat = () => context.heartbeat({ ...latest, ...look() })
  const timer = setInterval(beat, heartbeatMs)
  try {
    return await body({
      signal: context.cancellationSignal,
      progress: (details) => {
        latest = details
        beat()
      },
      watch: (more) => {
        look = more
      },
      isCancelRequested: () => context.cancellationDetails?.cancelRequested === true,
    })
  } catch (error) {
    throw asFailure(error)
  } finally {
    clearInterval(timer)
  }
}
