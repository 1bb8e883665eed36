import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { Outcome, Row } from '../domain/rows.ts'
import { AskFailure } from '../models/ask.ts'
import { createBatcher } from '../models/batcher.ts'
import { abortReason, type Clock, systemClock } from '../models/clock.ts'
import { Outage } from '../models/failures.ts'
import type { DataStep, DatasetStep, RowRef, StepContext } from './steps/step.ts'

/** A row that could not be worked on: its reason in a short code, and what happened. */
interface FailedOutcome {
  status: 'failed'
  reason: string
  /** At most 500 characters. */
  detail: string
  parentId: string
}

/** What is kept of a row; `outIndex` counts the outcomes of one parent from 0. */
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
  rows: readonly Row[]
  context: ShardContext &
    Pick<StepContext<unknown>, 'ask' | 'modelOf'> &
    Partial<Pick<StepContext<unknown>, 'overview'>>
  /** Rows (or questions) worked on at one time. Twice the endpoint's concurrency keeps it full. */
  concurrency: number
  /** Keeps finished outcomes durably; all outcomes of one row come in one call. */
  commit(outcomes: readonly ShardOutcome[]): Promise<void>
  /** Called after each commit with the counts so far. */
  onProgress?: (counts: ShardCounts & { rows: number }) => void
  signal: AbortSignal
  clock?: Clock
}

/**
 * Runs a step over a shard in a sliding window. Finished rows are committed at most 200 ms or 64 rows later, so a kill
 * loses only what is in flight. A failure of one row is an outcome; a {@link HoneError}, an {@link Outage} and the
 * signal's reason end the shard after what is finished was committed.
 */
export async function runShard(options: RunShardOptions): Promise<ShardCounts> {
  const { step, signal, clock = systemClock } = options
  const context = parseContext(step, options.context)
  const work = unitsOfWork(step, options.rows)
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
  let next = 0
  const lane = async (): Promise<void> => {
    for (let unit = work[next++]; unit && !shard.stopped(); unit = work[next++]) {
      const outcomes = await runUnit(unit, context, signal)
      if (shard.stopped()) return
      // Not awaited: the window moves on while the batch fills.
      commits.add({ rows: unit.rows.length, outcomes }).catch(shard.stop)
    }
  }

  try {
    const lanes = Promise.all(Array.from({ length: Math.min(options.concurrency, work.length) }, lane))
    await Promise.race([lanes, shard.failure])
  } catch (error) {
    shard.stop(error)
  }
  await commits.drain()
  shard.end()
  const { kept, dropped, failed } = counts
  return { kept, dropped, failed }
}

/** The first thing that ends the shard early. `failure` rejects with it, `end` throws it. */
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

/** What a step's schema makes of its spec: the least that every step has. */
type AnyContext = StepContext<{ step: string }>

interface Unit {
  rows: readonly Row[]
  run(context: AnyContext): Promise<Outcome[]>
}

function unitsOfWork(step: DataStep, rows: readonly Row[]): Unit[] {
  if (step.per === 'row') return rows.map((row) => ({ rows: [row], run: (context) => step.run(row, context) }))
  if (step.per === 'dataset') throw new TypeError('a dataset step looks at whole datasets: use runDatasetStep')
  const questions = new Map<string, Row[]>()
  for (const row of rows) {
    // One origin has many questions where they were written for its picture.
    const question = JSON.stringify([row.originId, row.question, row.choices])
    const group = questions.get(question)
    if (group) group.push(row)
    else questions.set(question, [row])
  }
  return [...questions.values()].map((group) => ({ rows: group, run: (context) => step.run(group, context) }))
}

async function runUnit(unit: Unit, context: AnyContext, signal: AbortSignal): Promise<ShardOutcome[]> {
  try {
    return numbered(unit.rows, await unit.run(context))
  } catch (error) {
    if (signal.aborted || error instanceof HoneError || error instanceof Outage) throw error
    const reason = error instanceof AskFailure ? error.reason : 'step-error'
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    return unit.rows.map((row) => ({ status: 'failed', reason, detail, parentId: row.id, outIndex: 0 }))
  }
}

/** Numbers the outcomes of each parent, and holds the step to its word: at least one for every row, none for others. */
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

/** A step's options as its own schema reads them, defaults filled in. Throws InvalidRecipe. */
export function parseOptions(step: Pick<DataStep, 'options'>, options: unknown): { step: string } {
  const parsed = step.options.safeParse(options)
  if (parsed.success) return parsed.data
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `the stored options of a step are not valid any more: ${z.prettifyError(parsed.error)}`,
    nextStep: 'start a new campaign with a recipe that this version of Hone accepts',
  })
}

/** Runs a step over whole datasets: which ids stay, in order, and why the others do not. */
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
