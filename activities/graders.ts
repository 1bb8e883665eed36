import { rowsAtOnce } from '../data/shards/run-shard.ts'
import { postgresBatches } from '../db/batches.ts'
import { postgresReplies } from '../db/replies.ts'
import { graderEndpoint } from '../evaluation/grader.ts'
import type { GradeReply, Grader } from '../evaluation/grader.ts'
import type { BudgetMeter } from '../models/budget-meter.ts'
import { createEngine } from '../models/engine.ts'
import type { Engine } from '../models/engine.ts'
import type { Deps } from './deps.ts'
import { resolveEndpoint } from './endpoints.ts'
import type { StepRef } from './types.ts'
import { activityWarnings } from './warnings.ts'

/** A grader that can grade. */
interface OpenGrader extends Pick<Engine, 'waiting'> {
  grade: GradeReply
  asksModel: boolean
  /** Whether grading has paid for a reply since the grader was opened. */
  hasPaid(): boolean
  /** Items to grade at once. */
  window: number
  close(): Promise<void>
}

/**
 * Opens a grader. A grader that asks a model gets an engine of its own: its replies are kept in
 * Postgres by content key and booked on the step that pays, so grading again costs nothing.
 */
export async function openGrader(
  deps: Deps,
  ref: StepRef,
  grader: Grader,
  { stepId, meter, signal }: { stepId: number; meter: BudgetMeter; signal: AbortSignal },
): Promise<OpenGrader> {
  if (grader.model === null)
    return {
      grade: grader.open(noModel),
      asksModel: false,
      hasPaid: () => false,
      waiting: () => null,
      window: 1,
      close: () => Promise.resolve(),
    }
  const endpoint = await resolveEndpoint(deps, ref, graderEndpoint, grader.model, signal)
  let hasPaid = false
  const engine = createEngine({
    endpoints: [endpoint],
    replies: postgresReplies(deps.db, stepId),
    batches: postgresBatches(deps.db, stepId),
    images: deps.images,
    signal,
    onUsage(usage) {
      hasPaid ||= !usage.reused
      meter.onUsage(usage)
    },
    onWarning: activityWarnings(),
  })
  return {
    grade: grader.open((request) => engine.ask(request)),
    asksModel: true,
    hasPaid: () => hasPaid,
    waiting: () => engine.waiting(),
    window: rowsAtOnce([endpoint]),
    close: () => engine.close(),
  }
}

const noModel = () => Promise.reject(new TypeError('this grader asks no model'))
