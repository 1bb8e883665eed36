import { z } from 'zod'
import { HoneError, messageOf } from '../../domain/errors.ts'
import type { Outcome, Row, RowRef } from '../../domain/rows.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { createBatcher } from '../../models/batcher.ts'
import { abortReason, systemClock } from '../../models/clock.ts'
import type { Clock } from '../../models/clock.ts'
import { callsAtOnce } from '../../models/endpoint.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { Outage } from '../../models/failures.ts'
import type { DataStep, DatasetStep, StepContext } from '../steps/step.ts'
import { unitQueue } from './unit-queue.ts'
import type { AnyContext, Unit } from './unit-queue.ts'

/** A row that could not be worked on. */
interface FailedOutcome {
  status: 'failed'
  reason: string
  /** At most 500 characters. */
  detail: string
  parentId: string
}

/** An outcome of a row. `outIndex` counts the outcomes of one parent from 0. */
export type ShardOutcome = (Outcome | FailedOutcome) & { outIndex: number }

export interface ShardCounts {
  kept: number
  dropped: number
  failed: number
}

/** A step's context with options as the recipe has them: the step's own schema reads them. */
export type ShardContext = Omit<StepContext<unknown>, 'ask' | 'overview' | 'modelOf'>

export interface RunShardOptions {
  step: DataStep
  /**
   * All rows, or batches of rows. The next batch is read while the one before is worked on. A batch
   * holds whole questions.
   */
  rows: readonly Row[] | AsyncIterable<readonly Row[]>
  context: ShardContext &
    Pick<StepContext<unknown>, 'ask' | 'modelOf' | 'fingerprintsOf'> &
    Partial<Pick<StepContext<unknown>, 'overview'>>
  /**
   * Rows or questions that are worked on at one time. Twice the endpoint's concurrency keeps the
   * endpoint full.
   */
  concurrency: number
  /** Keeps finished outcomes durably. All outcomes of one row come in one call. */
  commit(outcomes: readonly ShardOutcome[]): Promise<void>
  /** Called after each commit with the counts so far. */
  onProgress?: (counts: ShardCounts & { rows: number }) => void
  /**
   * Asked before a row is begun. After false no row is begun, and rows under way end. A row waits
   * for the answer.
   */
  admits?: () => boolean | Promise<boolean>
  signal: AbortSignal
  clock?: Clock
}

/** Rows that wait for their batches at one time. Their pictures are not in memory. */
const rowsOfBatch = 5_000

/**
 * Rows that are worked on at one time: twice what the endpoints take keeps them full while finished
 * rows are written.
 */
export const rowsAtOnce = (endpoints: readonly ResolvedEndpoint[]): number =>
  2 * Math.max(16, ...endpoints.map((endpoint) => (endpoint.mode === 'batch' ? rowsOfBatch : callsAtOnce(endpoint))))

/**
 * So many finished rows may wait to be committed before the window stops. It is eight batches, more
 * than a database takes at once.
 */
const mostUncommitted = 512

/**
 * Runs a step over rows in a sliding window. Finished rows are committed at most 200 ms or 64 rows
 * later, so a kill loses only what is in flight. A failure of one row is an outcome. A
 * {@link HoneError}, an {@link Outage} and the signal's reason end the shard after finished rows
 * were committed.
 */
export async function runShard(options: RunShardOptions): Promise<ShardCounts> {
  const { step, signal, clock = systemClock } = options
  const context = parseContext(step, options.context)
  const batches = Symbol.asyncIterator in options.rows ? options.rows : [options.rows]
  const work = unitQueue(step, batches, options.concurrency)
  const counts: ShardCounts & { rows: number } = { kept: 0, dropped: 0, failed: 0, rows: 0 }

  const commits = createBatcher<{ rows: number; outcomes: ShardOutcome[] }, void>({
    maxItems: 64,
    maxDelayMs: 200,
    clock,
    async flush(batch) {
      const outcomes = batch.flatMap((one) => one.outcomes)
      await options.commit(outcomes)
      for (const { status } of outcomes) counts[status]++
      counts.rows += batch.reduce((sum, one) => sum + one.rows, 0)
      options.onProgress?.({ ...counts })
    },
  })

  const shard = createStop(signal)
  let uncommitted = 0
  const lane = async (): Promise<void> => {
    while (!shard.stopped() && (await options.admits?.()) !== false && !shard.stopped()) {
      const unit = await work.next()
      if (!unit) return
      const outcomes = await runUnit(unit, context, signal)
      if (shard.stopped()) return
      uncommitted += unit.rows.length
      const committed = commits.add({ rows: unit.rows.length, outcomes }).finally(() => {
        uncommitted -= unit.rows.length
      })
      // Not awaited, so the window moves on while the batch fills. Only a store that cannot keep up
      // holds it.
      if (uncommitted > mostUncommitted) await committed.catch(shard.stop)
      else committed.catch(shard.stop)
    }
  }

  try {
    const lanes = Promise.all(Array.from({ length: options.concurrency }, lane))
    await Promise.race([lanes, shard.failure])
  } catch (error) {
    shard.stop(error)
  }
  await commits.drain()
  await work.close().catch(shard.stop)
  shard.end()
  const { kept, dropped, failed } = counts
  return { kept, dropped, failed }
}

/** The first error that ends the shard early. `failure` rejects with it, and `end` throws it. */
function createStop(signal: AbortSignal) {
  let stopped: { error: unknown } | undefined
  let reject: (error: unknown) => void = () => undefined
  const failure = new Promise<never>((_, refuse) => {
    reject = refuse
  })
  failure.catch(() => undefined)
  const stop = (error: unknown) => {
    stopped ??= { error }
    reject(error)
  }
  const onAbort = () => stop(abortReason(signal))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    failure,
    stop,
    stopped: () => stopped !== undefined,
    end() {
      signal.removeEventListener('abort', onAbort)
      if (stopped) throw stopped.error
    },
  }
}

async function runUnit(unit: Unit, context: AnyContext, signal: AbortSignal): Promise<ShardOutcome[]> {
  try {
    return numbered(unit.rows, await unit.run(context))
  } catch (error) {
    if (signal.aborted || error instanceof HoneError || error instanceof Outage) throw error
    const reason = error instanceof RowProblem ? error.reason : 'step-error'
    const detail = messageOf(error).slice(0, 500)
    return unit.rows.map((row) => ({ status: 'failed', reason, detail, parentId: row.id, outIndex: 0 }))
  }
}

/**
 * Numbers the outcomes of each parent. Throws when a step returns no outcome for one of its rows,
 * or one for another row.
 */
function numbered(rows: readonly Row[], outcomes: readonly Outcome[]): ShardOutcome[] {
  const seen = new Map(rows.map((row) => [row.id, 0]))
  const result = outcomes.map((outcome) => {
    const outIndex = seen.get(outcome.parentId)
    if (outIndex === undefined)
      throw new Error(`the step returned an outcome for a row it was not given: ${outcome.parentId}`)
    seen.set(outcome.parentId, outIndex + 1)
    return { ...outcome, outIndex }
  })
  for (const [id, count] of seen) if (count === 0) throw new Error(`the step returned nothing for the row ${id}`)
  return result
}

function parseContext(step: DataStep, context: RunShardOptions['context']): AnyContext {
  return { overview: undefined, ...context, options: parseOptions(step, context.options) }
}

/** A step's options as its own schema reads them, with defaults. Throws InvalidRecipe. */
export function parseOptions(step: Pick<DataStep, 'options'>, options: unknown): z.infer<DataStep['options']> {
  const parsed = step.options.safeParse(options)
  if (parsed.success) return parsed.data
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `the stored options of a step are not valid any more: ${z.prettifyError(parsed.error)}`,
    nextStep: 'start a new campaign with a recipe that this version of Hone accepts',
  })
}

/** Runs a step over whole datasets: which ids it keeps, in order, and why it drops the others. */
export async function runDatasetStep(
  step: DatasetStep,
  rows: readonly RowRef[],
  context: ShardContext,
): Promise<{ kept: string[]; droppedReason: string }> {
  const result = await step.run(rows, { ...context, options: parseOptions(step, context.options) })
  const known = new Set(rows.map((row) => row.id))
  if (new Set(result.kept).size !== result.kept.length || !result.kept.every((id) => known.has(id)))
    throw new Error('the step kept a row twice, or one that it was not given')
  return result
}
