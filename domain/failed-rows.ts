/** How many rows may fail: a number of rows, or a share of all rows from 0 to 1. */
export type FailedRowsLimit = { rows: number } | { share: number }

/** Whether more rows failed than may fail. */
export const areTooMany = (failed: number, total: number, limit: FailedRowsLimit): boolean =>
  failed > ('rows' in limit ? limit.rows : limit.share * total)

/** `5 %`, `12 rows` */
export const limitText = (limit: FailedRowsLimit): string =>
  'rows' in limit ? `${limit.rows} rows` : `${Number((100 * limit.share).toFixed(4))} %`
