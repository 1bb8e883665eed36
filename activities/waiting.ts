import { Context } from '@temporalio/activity'
import type { Database } from '../db/database.ts'
import { noteStep } from '../db/steps.ts'
import type { Engine } from '../models/engine.ts'
import { Outage } from '../models/failures.ts'
import { utcMinute } from '../models/outage.ts'
import { waitText } from '../models/wait.ts'
import type { Wait } from '../models/wait.ts'
import type { Activity } from './failures.ts'

type Waits = Pick<Engine, 'waiting'>

interface WaitingStep extends Pick<Activity, 'watch'> {
  db: Database
  stepId: number
}

/**
 * Runs the body of a shard, and tells what its requests wait for while servers are away or batches
 * are under way: in the heartbeats, and in the step's record, where `hone status` and `hone show`
 * find it. An outage that ends the shard stays in the record until the shard is tried again. `body`
 * gives its engine to `show`.
 */
export async function tellingOfWaits<Result>(
  { db, stepId, watch }: WaitingStep,
  body: (show: (engine: Waits) => void) => Promise<Result>,
): Promise<Result> {
  // An earlier attempt may have left a notice.
  let told: string | null | undefined = Context.current().info.attempt > 1 ? undefined : null
  let writing: Promise<void> = Promise.resolve()
  const tell = (notice: string | null): Promise<void> => {
    if (notice === told) return writing
    told = notice
    // A lost notice does no harm, and the shard must not fail over it.
    writing = writing.then(() => noteStep(db, stepId, notice)).catch(() => undefined)
    return writing
  }
  try {
    const result = await body((engine) =>
      watch(() => {
        const waiting = engine.waiting()
        void tell(waiting && waitText(waiting, utcMinute))
        return waiting ? detailsOf(waiting) : {}
      }),
    )
    await tell(null)
    return result
  } catch (error) {
    await tell(error instanceof Outage ? error.message : null)
    throw error
  } finally {
    watch(() => ({}))
  }
}

function detailsOf(wait: Wait) {
  if (wait.kind === 'batches') return { waitingFor: waitText(wait, utcMinute) }
  const { urls, detail, since, until } = wait
  return { waitingFor: urls.join(', '), said: detail, since: since.toISOString(), givesUpAt: until.toISOString() }
}
