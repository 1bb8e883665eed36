import type { Readable } from 'node:stream'
import type { Budget } from '../../domain/budget.ts'
import type { FailedRowsLimit } from '../../domain/failed-rows.ts'
import type { Prices } from '../../domain/prices.ts'
import type { EngineOptions } from '../../models/engine.ts'
import type { Tally } from './assembly.ts'
import type { Progress } from './progress.ts'
import type { StepRun } from './open-run.ts'

/** A step on files, with everything that it needs. */
export interface FileStep extends StepRun {
  /** JSONL files; `-` is `stdin`. */
  inputs: readonly string[]
  stdin: Readable
  output: string
  /** Dropped and failed rows go here instead of into `output`. */
  rejects?: string | undefined
  /** Folder with what a later run needs to go on. */
  state: string
  /** A log of replies that other runs share; a log in `state` when absent. */
  replies?: string | undefined
  /** Prices by endpoint. */
  prices: ReadonlyMap<string, Prices>
  /** Limits of all runs on this output together. */
  budget?: Budget | undefined
  /** The run ends when more rows than this have failed. */
  maxFailed?: FailedRowsLimit | undefined
  /** Rows that failed in an earlier run are worked on again. */
  retryFailed?: boolean
  progress: Progress
  signal: AbortSignal
  /** Where keys are looked for, and who is warned. The rest is for tests. */
  engine?: Partial<Pick<EngineOptions, 'retries' | 'downLimitMs' | 'limiters' | 'env' | 'onWarning'>>
}

/**
 * How a run ended: all rows are done, or a limit of the budget is reached. `message` names that
 * limit: `2.00 of 2 USD`.
 */
export type FileStepEnd = { ended: 'done'; passedOver: number; tally: Tally } | { ended: 'budget'; message: string }
