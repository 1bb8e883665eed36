import { createRandom } from '../../demo/random.ts'

/** Draws that depend only on the seed, so that every run of the bench sees the same pairs. */
export class Draw {
  #random

  constructor(seed: number) {
    this.#random = createRandom(seed)
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + this.#random.integer(high - low + 1)
  }

  /** An integer from −most to most, never 0. */
  nonZero(most: number): number {
    return this.int(1, most) * (this.chance(0.5) ? 1 : -1)
  }

  chance(share: number): boolean {
    return this.#random.chance(share)
  }

  /** One of the values. */
  of<T>(first: T, ...others: readonly T[]): T {
    return others[this.int(0, others.length) - 1] ?? first
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, at: this.#random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value)
  }
}
