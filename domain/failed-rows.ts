/** How many rows may fail: a number of rows, or a share of all rows from 0 to 1. */
export type FailedRowsLimit = { rows: number } | { share: number }

/**
 * Whether more rows failed than may fail. Divided, not multiplied: 0.57 × 100 is a little less than
 * 57.
 */
export const areTooMany = (failed: number, total: number, limit: FailedRowsLimit): boolean =>
  'rows' in limit ? failed > limit.rows : total > 0 && failed / total > limit.share

/** `5 %`, `12 rows` */
export const limitText = (limit: FailedRowsLimit): string =>
  'rows' in limit ? `${limit.rows} rows` : `${Number((100 * limit.share).toFixed(4))} %`
