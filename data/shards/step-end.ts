import { HoneError } from '../../domain/errors.ts'

/** What became of all rows of a data step. */
export interface StepEnd {
  campaign: string
  step: string
  rowsIn: number
  kept: number
  failed: number
  droppedByReason: Readonly<Record<string, number>>
  failedByReason: Readonly<Record<string, number>>
  /** Rows that have no outcome. */
  missing: number
}

/**
 * Why a data step did not end well, or null: too many rows failed, rows are missing, or no row was
 * kept.
 */
export function stepEndRefusal(end: StepEnd, { failedRowsPercent }: { failedRowsPercent: number }): HoneError | null {
  const { campaign, step, rowsIn, kept, failed, missing } = end
  if ((100 * failed) / Math.max(1, rowsIn) > failedRowsPercent)
    return new HoneError({
      type: 'TooManyFailedRows',
      message: `${failed} of ${rowsIn} rows of ${step} failed (${reasonsText(end.failedByReason)}); the limit is ${failedRowsPercent} %`,
      nextStep: 'mend the cause, or raise limits.failedRowsPercent in the recipe of a new campaign',
    })
  if (missing > 0)
    return new HoneError({
      type: 'StepIncomplete',
      message: `${missing} of ${rowsIn} rows of ${step} have no outcome`,
      nextStep: `go on with it: hone resume ${campaign}; rows that are done stay done`,
    })
  if (kept === 0)
    return new HoneError({
      type: 'EmptyDataset',
      message: `${step} kept none of ${rowsIn} rows (${reasonsText({ ...end.droppedByReason, ...end.failedByReason })})`,
      nextStep: 'look at its rows with `hone show`; the step before it or its options do not fit the data',
    })
  return null
}

const reasonsText = (reasons: Readonly<Record<string, number>>): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || 'no rows came in'
