/** A number that may not be known before a run. */
export type Count = number | null

/** A whole number with thousands marked: 12,345. */
export const counted = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')

/** A function of counts: its value is unknown as soon as one of the counts is. */
export function known(counts: readonly Count[], make: (...values: number[]) => number): Count {
  const values = counts.filter((count) => count !== null)
  return values.length === counts.length ? make(...values) : null
}

/** A total with parts that may be unknown. */
export interface Sum {
  /** Sum of the parts that are known. */
  known: number
  /** Whether all parts are known. */
  complete: boolean
}

/** Adds counts up. Unknown counts are left out, and `complete` is false. */
export const sum = (counts: readonly Count[]): Sum => ({
  known: counts.reduce<number>((total, count) => total + (count ?? 0), 0),
  complete: !counts.includes(null),
})

/** A sum, a number of times. */
export const times = (factor: number, { known, complete }: Sum): Sum => ({ known: factor * known, complete })

/** Several sums as one. */
export const together = (sums: readonly Sum[]): Sum => ({
  known: sums.reduce((total, { known }) => total + known, 0),
  complete: sums.every(({ complete }) => complete),
})
