import { HoneError } from '../../domain/errors.ts'
import type { Outcome, Row } from '../../domain/rows.ts'
import type { BatchStore } from '../../models/batch/batch-store.ts'
import type { BudgetMeter } from '../../models/budget-meter.ts'
import type { RequestImages, ResolvedEndpoint } from '../../models/endpoint.ts'
import { createEngine } from '../../models/engine.ts'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import type { ReplyStore } from '../../models/reply-store.ts'
import type { DataStep, StepContext } from '../steps/step.ts'
import { parseOptions, rowsAtOnce, runShard } from './run-shard.ts'
import type { RunShardOptions, ShardContext, ShardCounts, ShardOutcome } from './run-shard.ts'

/** An outcome as stores keep it: a row that failed changes nothing. */
export type StoredOutcome = Pick<Outcome, 'parentId' | 'changes' | 'requestKeys'> &
  Pick<ShardOutcome, 'status' | 'reason' | 'outIndex'> & { detail?: string }

export interface RunStretchOptions
  extends Pick<RunShardOptions, 'onProgress' | 'signal'>, Pick<EngineOptions, 'onWarning'> {
  step: DataStep
  rows: AsyncIterable<readonly Row[]>
  context: ShardContext & Required<Pick<StepContext<unknown>, 'overview' | 'fingerprintsOf'>>
  /** The endpoints that the step's options name. */
  endpoints: readonly ResolvedEndpoint[]
  replies: ReplyStore
  images: RequestImages
  /** Where batches of endpoints in `batch` mode are kept. */
  batches: BatchStore
  /**
   * Looked at before each row, and at the end: a stretch with rows that were not begun is not done.
   */
  meter: BudgetMeter
  commit(outcomes: readonly StoredOutcome[]): Promise<void>
  /** Given the engine when it is there, to look at what its requests wait for. */
  watch?: (engine: Pick<Engine, 'waiting'>) => void
}

/**
 * Runs a campaign's step over the rows of a stretch, as one window. Throws BudgetReached once a
 * limit is reached.
 */
export async function runStretch(options: RunStretchOptions): Promise<ShardCounts> {
  const { step, rows, context, endpoints, replies, images, batches, meter, signal } = options
  const engine = createEngine({
    endpoints,
    replies,
    images,
    batches,
    signal,
    onUsage: (usage) => meter.onUsage(usage),
    ...(options.onWarning && { onWarning: options.onWarning }),
    priority: parseOptions(step, context.options).priority ?? 0,
  })
  options.watch?.(engine)
  try {
    const counts = await runShard({
      step,
      rows,
      context: {
        ...context,
        ask: (request) => engine.ask(request),
        modelOf: (name) => endpoints.find((endpoint) => endpoint.name === name)?.model ?? name,
      },
      concurrency: rowsAtOnce(endpoints),
      commit: (outcomes) => options.commit(outcomes.map(storedOutcome)),
      ...(options.onProgress && { onProgress: options.onProgress }),
      admits: () => meter.admits(),
      signal,
    })
    meter.check()
    return counts
  } catch (error) {
    // The server refuses every request. Some may be under way and paid for: their replies are kept.
    if (error instanceof HoneError && error.type === 'EndpointRefused') await engine.settled()
    throw error
  } finally {
    await engine.close()
  }
}

const storedOutcome = (outcome: ShardOutcome): StoredOutcome =>
  outcome.status === 'failed' ? { ...outcome, changes: {}, requestKeys: [] } : outcome
