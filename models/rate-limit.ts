import type { Clock } from './clock.ts'

/**
 * A token bucket that lets through at most `perMinute` in any minute: it holds the amount of one
 * second, and refills by the rest of the minute. Guessed costs are corrected later, so the bucket
 * may be in debt.
 */
class Bucket {
  readonly #capacity: number
  readonly #perMs: number
  readonly #clock: Clock
  #level: number
  #at: number

  constructor(perMinute: number, clock: Clock) {
    this.#capacity = Math.max(1, perMinute / 60)
    this.#perMs = Math.min(perMinute, perMinute - this.#capacity + 1) / 60_000
    this.#clock = clock
    this.#level = this.#capacity
    this.#at = clock.now()
  }

  /**
   * Milliseconds until `cost` may be taken. A cost that is larger than the bucket may go when the
   * bucket is full.
   */
  waitFor(cost: number, now: number): number {
    this.#refill(now)
    const missing = Math.min(cost, this.#capacity) - this.#level
    // A millionth less is a rounding error of the clock, and would wake the same caller for ever.
    return missing <= 1e-6 ? 0 : Math.max(1, Math.ceil(missing / this.#perMs))
  }

  /** Negative amounts give back. */
  take(amount: number): void {
    this.#refill(this.#clock.now())
    this.#level = Math.min(this.#capacity, this.#level - amount)
  }

  #refill(now: number): void {
    // A decision may look with a time that it read before another call was booked.
    if (now <= this.#at) return
    this.#level = Math.min(this.#capacity, this.#level + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}

/** What a call will take. Tokens are guessed from the size of the request. */
export interface Estimate {
  promptTokens: number
  maxTokens: number
}

/** What a call took, if the server counted. */
export interface Counted {
  promptTokens: number
  completionTokens: number
}

export interface RateLimits {
  requestsPerMinute?: number | undefined
  tokensPerMinute?: number | undefined
}

// Weight of the newest reply in the factors that are learnt.
const learningRate = 0.05

/**
 * An endpoint's limits by the minute, over all its servers. Replies correct the guess of their own
 * call, and later guesses.
 */
export class RateLimit {
  readonly #clock: Clock
  #limits: RateLimits = {}
  #requests: Bucket | undefined
  #tokens: Bucket | undefined
  #heldUntil = 0
  /**
   * Ratio of real to guessed prompt tokens, and of completion tokens to the most that were allowed.
   */
  #promptFactor = 1
  #completionShare = 0.5

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock
    this.configure(limits)
  }

  configure(limits: RateLimits): void {
    const { requestsPerMinute, tokensPerMinute } = limits
    if (requestsPerMinute !== this.#limits.requestsPerMinute)
      this.#requests = requestsPerMinute === undefined ? undefined : new Bucket(requestsPerMinute, this.#clock)
    if (tokensPerMinute !== this.#limits.tokensPerMinute)
      this.#tokens = tokensPerMinute === undefined ? undefined : new Bucket(tokensPerMinute, this.#clock)
    this.#limits = { requestsPerMinute, tokensPerMinute }
  }

  /** Sends nothing for `ms` milliseconds: the server said when its own limit is free again. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now() + ms)
  }

  /** Milliseconds for which nothing is sent. */
  heldFor(now: number): number {
    return Math.max(0, this.#heldUntil - now)
  }

  /** Ends a hold: who asks after an outage may try at once. */
  release(): void {
    this.#heldUntil = 0
  }

  /** Milliseconds from `now` until a call of this size may go. */
  waitFor(estimate: Estimate, now = this.#clock.now()): number {
    const held = Math.max(0, this.#heldUntil - now)
    return Math.max(held, this.#requests?.waitFor(1, now) ?? 0, this.#tokens?.waitFor(this.#guess(estimate), now) ?? 0)
  }

  /**
   * Books a call. Call the result once to correct the booking, with null for a call that the server
   * did not take.
   */
  take(estimate: Estimate): (counted: Counted | null | undefined) => void {
    const guess = this.#guess(estimate)
    this.#requests?.take(1)
    this.#tokens?.take(guess)
    return (counted) => {
      if (counted === undefined) return
      const tokens = counted === null ? 0 : counted.promptTokens + counted.completionTokens
      // A server that does not count leaves the guess as it is.
      if (counted !== null && tokens === 0) return
      this.#tokens?.take(tokens - guess)
      if (counted !== null) this.#learn(estimate, counted)
    }
  }

  #guess({ promptTokens, maxTokens }: Estimate): number {
    return promptTokens * this.#promptFactor + maxTokens * this.#completionShare
  }

  #learn({ promptTokens, maxTokens }: Estimate, counted: Counted): void {
    const toward = (before: number, now: number) => before + learningRate * (now - before)
    if (promptTokens > 0) this.#promptFactor = toward(this.#promptFactor, counted.promptTokens / promptTokens)
    if (maxTokens > 0) this.#completionShare = toward(this.#completionShare, counted.completionTokens / maxTokens)
  }
}
