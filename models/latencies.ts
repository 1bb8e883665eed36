const kept = 500
const enough = 50
const atMost = 0.05

/**
 * How long recent calls of an endpoint took, and how many had a second copy. Hedged calls (the
 * endpoint's option `hedge`, docs/endpoints.md) need both.
 */
export class Latencies {
  readonly #ring: number[] = []
  #next = 0
  #calls = 0
  #copies = 0
  #sorted: number[] | undefined

  /** A call that brought a reply, in milliseconds. */
  note(ms: number): void {
    this.#ring[this.#next] = ms
    this.#next = (this.#next + 1) % kept
    if (this.#next % 25 === 0) this.#sorted = undefined
  }

  /** Counts a call without its copy. */
  began(): void {
    this.#calls++
  }

  /** Books a second copy if at most one call in twenty has one then. */
  mayCopy(): boolean {
    if (this.#copies + 1 > atMost * this.#calls) return false
    this.#copies++
    return true
  }

  /** A copy was not sent after all. */
  noCopy(): void {
    this.#copies--
  }

  /** Undefined until 50 calls were seen. */
  percentile(percent: number): number | undefined {
    if (this.#ring.length < enough) return undefined
    this.#sorted ??= [...this.#ring].sort((a, b) => a - b)
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.floor((percent / 100) * this.#sorted.length))]
  }
}
