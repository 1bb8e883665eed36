/** Summary of many sizes, in their own unit. */
export interface LengthSummary {
  mean: number
  median: number
  p95: number
}

/**
 * Mean and quantiles of whole numbers in one pass. They are exact: the class counts each length.
 * Memory grows with the distinct lengths, not with the number of things.
 */
export class Lengths {
  readonly #counts = new Map<number, number>()
  #n = 0
  #sum = 0

  add(length: number): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + 1)
    this.#n += 1
    this.#sum += length
  }

  get count(): number {
    return this.#n
  }

  /** Null without a length. */
  summary(): LengthSummary | null {
    if (this.#n === 0) return null
    const sorted = [...this.#counts].sort(([a], [b]) => a - b)
    return { mean: this.#sum / this.#n, median: this.#quantile(sorted, 0.5), p95: this.#quantile(sorted, 0.95) }
  }

  /** Interpolates between the two nearest values: the median of 1 and 2 is 1.5. */
  #quantile(sorted: readonly (readonly [length: number, count: number])[], share: number): number {
    const place = share * (this.#n - 1)
    const low = at(sorted, Math.floor(place))
    return low + (at(sorted, Math.ceil(place)) - low) * (place - Math.floor(place))
  }
}

/** The sorted length at a place, counted from 0. */
function at(sorted: readonly (readonly [length: number, count: number])[], place: number): number {
  let passed = 0
  for (const [length, count] of sorted) {
    passed += count
    if (place < passed) return length
  }
  return sorted.at(-1)?.[0] ?? 0
}
