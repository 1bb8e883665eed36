/** A number that may not be known before a run. */
export type Count = number | null

/** A whole number with thousands marked: 12,345. */
export const counted = (value: number): string => String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')

/** A function of numbers over counts: unknown as soon as one of them is. */
export function known(counts: readonly Count[], make: (...values: number[]) => number): Count {
  const values = counts.filter((count) => count !== null)
  return values.length === counts.length ? make(...values) : null
}

/** A total with parts that may be unknown. */
export interface Sum {
  /** Sum of the parts that are known. */
  known: number
  /** Whether that is all of them. */
  complete: boolean
}

/** Adds counts up; what is unknown is left out and said. */
export const sum = (counts: readonly Count[]): Sum => ({
  known: counts.reduce<number>((total, count) => total + (count ?? 0), 0),
  complete: !counts.includes(null),
})

/** So many times the same. */
export const times = (factor: number, { known, complete }: Sum): Sum => ({ known: factor * known, complete })

/** Sums of parts as one. */
export const together = (sums: readonly Sum[]): Sum => ({
  known: sums.reduce((total, { known }) => total + known, 0),
  complete: sums.every(({ complete }) => complete),
})
