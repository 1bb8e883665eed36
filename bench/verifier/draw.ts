/** Draws that depend on the seed alone, so that every run of the bench sees the same pairs. */
export class Draw {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number in [0, 1). Steps of a 32-bit Weyl sequence, mixed with multiplications and shifts (the splitmix family). */
  unit(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }

  /** An integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1))
  }

  /** An integer from −most to most that is not 0. */
  nonZero(most: number): number {
    return this.int(1, most) * (this.chance(0.5) ? 1 : -1)
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  /** One of the values. */
  of<T>(first: T, ...others: readonly T[]): T {
    return others[this.int(0, others.length) - 1] ?? first
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, at: this.unit() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value)
  }
}
