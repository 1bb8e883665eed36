import { abortReason, type Clock, systemClock } from './clock.ts'
import { Outage } from './failures.ts'

/**
 * How a call went, as far as the endpoint's health goes. `failed`: it answered, but not with a reply. `silent`: it timed
 * out, which may be the row's fault or the server's.
 */
export type CallHealth = 'ok' | 'failed' | 'silent' | 'overloaded' | 'unreachable'

export interface Permit {
  /**
   * Gives the slot back, once. `retryAfterMs` is the server's own wish; `detail` is quoted when the endpoint is given up.
   * Returns the outage when this call was the last straw.
   */
  release(health: CallHealth, retryAfterMs?: number, detail?: string): Outage | undefined
}

export interface LimiterOptions {
  /** Shown in messages: where the requests go. */
  url: string
  concurrency: number
  clock?: Clock
  random?: () => number
  /** Nothing succeeded for so long, server-asked pauses aside: everyone who waits is told. Milliseconds. */
  downLimitMs?: number
}

interface Waiter {
  grant(permit: Permit): void
  refuse(error: Error): void
}

/** A run of calls without a success. `since` moves on by the pauses that the server itself asked for. */
interface Streak {
  since: number
  rejections: number
  pauses: number
}

// AIMD as in TCP (Chiu & Jain 1989); 0.7 gives up less than one half does, because one server's capacity rarely changes.
const decreaseFactor = 0.7
const firstPauseMs = 250
const longestPauseMs = 10_000

/**
 * Slots of one endpoint, shared by all shards of the process: a sliding window, no batches. The window shrinks once a
 * burst of 429/503 (calls that began before the last decrease do not count again) and grows by one a full window of
 * successes. An endpoint that cannot be reached, or that refuses a whole window, is paused with growing back-off and
 * probed by one call at a time, so that an outage burns no attempts.
 */
export class Limiter {
  readonly #url: string
  readonly #clock: Clock
  readonly #random: () => number
  readonly #downLimitMs: number
  readonly #waiting: Waiter[] = []
  #configured: number
  #window: number
  #inFlight = 0
  #successes = 0
  #granted = 0
  #grantedAtDecrease = 0
  #streak: Streak | undefined
  #probing = false
  #resumeAt = 0
  #cancelWake: (() => void) | undefined

  constructor({ url, concurrency, clock = systemClock, random = Math.random, downLimitMs = 60_000 }: LimiterOptions) {
    this.#url = url
    this.#clock = clock
    this.#random = random
    this.#downLimitMs = downLimitMs
    this.#configured = concurrency
    this.#window = concurrency
  }

  /** Slots in use and allowed right now, and callers that wait. */
  get state(): { inFlight: number; window: number; waiting: number } {
    return { inFlight: this.#inFlight, window: this.#probing ? 1 : this.#window, waiting: this.#waiting.length }
  }

  /** Another recipe may know the same endpoint with another limit: the latest one counts. */
  configure(concurrency: number): void {
    if (concurrency === this.#configured) return
    this.#configured = concurrency
    this.#window = concurrency
    this.#admit()
  }

  /**
   * Waits for a slot. A `retry` goes before new work, so that the slowest rows do not pile up at the end of a step.
   * Rejects with the signal's reason, or with an {@link Outage} when the endpoint stays away.
   */
  acquire(signal: AbortSignal, retry = false): Promise<Permit> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal))
      const leave = () => signal.removeEventListener('abort', onAbort)
      const waiter: Waiter = {
        grant: (permit) => (leave(), resolve(permit)),
        refuse: (error) => (leave(), reject(error)),
      }
      const onAbort = () => {
        const at = this.#waiting.indexOf(waiter)
        if (at >= 0) this.#waiting.splice(at, 1)
        reject(abortReason(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      if (retry) this.#waiting.unshift(waiter)
      else this.#waiting.push(waiter)
      this.#admit()
    })
  }

  #admit(): void {
    const wait = this.#resumeAt - this.#clock.now()
    if (wait > 0) {
      if (this.#waiting.length > 0) this.#wakeAfter(wait)
      return
    }
    while (this.#waiting.length > 0 && this.#inFlight < (this.#probing ? 1 : this.#window)) {
      const waiter = this.#waiting.shift()
      if (!waiter) return
      this.#inFlight++
      waiter.grant(this.#permit())
    }
  }

  #wakeAfter(ms: number): void {
    this.#cancelWake?.()
    this.#cancelWake = this.#clock.after(ms, () => {
      this.#cancelWake = undefined
      this.#admit()
    })
  }

  #permit(): Permit {
    const ordinal = ++this.#granted
    let released = false
    return {
      release: (health, retryAfterMs, detail = '') => {
        if (released) return undefined
        released = true
        this.#inFlight--
        const outage = this.#note(health, ordinal, retryAfterMs, detail)
        this.#admit()
        return outage
      },
    }
  }

  #note(health: CallHealth, ordinal: number, retryAfterMs: number | undefined, detail: string): Outage | undefined {
    if (health === 'ok') this.#succeeded()
    else if (health === 'failed') this.#answered()
    else if (health === 'unreachable') return this.#pause(undefined, detail)
    else if (health === 'overloaded') return this.#overloaded(ordinal, retryAfterMs, detail)
    return undefined
  }

  #answered(): void {
    this.#streak = undefined
    this.#probing = false
  }

  #succeeded(): void {
    this.#answered()
    this.#successes++
    if (this.#successes < this.#window) return
    this.#successes = 0
    this.#window = Math.min(this.#configured, this.#window + 1)
  }

  #overloaded(ordinal: number, retryAfterMs: number | undefined, detail: string): Outage | undefined {
    this.#successes = 0
    if (ordinal > this.#grantedAtDecrease) {
      this.#window = Math.max(1, Math.floor(this.#window * decreaseFactor))
      this.#grantedAtDecrease = this.#granted
    }
    const streak = this.#streakNow()
    streak.rejections++
    // While other calls run, the server works and only the surplus has to wait. Without any, or when it refused a whole
    // window, it takes nothing at all at the moment.
    if (this.#inFlight === 0 || streak.rejections >= this.#configured) return this.#pause(retryAfterMs, detail)
    return undefined
  }

  #streakNow(): Streak {
    this.#streak ??= { since: this.#clock.now(), rejections: 0, pauses: 0 }
    return this.#streak
  }

  #pause(retryAfterMs: number | undefined, detail: string): Outage | undefined {
    const streak = this.#streakNow()
    const now = this.#clock.now()
    if (now < this.#resumeAt) return undefined
    this.#probing = true
    if (now - streak.since >= this.#downLimitMs) return this.#giveUp(streak, detail)
    const backOff = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(streak.pauses, 10))
    const jittered = backOff * (0.75 + this.#random() / 2)
    streak.pauses++
    this.#resumeAt = now + Math.max(jittered, retryAfterMs ?? 0)
    streak.since += retryAfterMs ?? 0
    return undefined
  }

  #giveUp(streak: Streak, detail: string): Outage {
    const seconds = Math.round((this.#clock.now() - streak.since) / 1000)
    const error = new Outage(
      `${this.#url} has answered nothing for ${seconds} s${detail ? `: ${detail}` : ''}. ` +
        'Check that the model server runs and that the recipe has its right URL; the rows are tried again.',
    )
    // Who comes next starts a new count with a probe: the outage may be over by then.
    this.#streak = undefined
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(error)
    return error
  }
}

/** Limiters of one process by base URL and model: shards that use the same server share its slots. */
export class Limiters {
  readonly #limiters = new Map<string, Limiter>()

  for(
    endpoint: { baseUrl: string; model: string; concurrency: number },
    options: Omit<LimiterOptions, 'url' | 'concurrency'>,
  ) {
    const key = `${endpoint.baseUrl} ${endpoint.model}`
    let limiter = this.#limiters.get(key)
    if (!limiter) {
      limiter = new Limiter({ ...options, url: endpoint.baseUrl, concurrency: endpoint.concurrency })
      this.#limiters.set(key, limiter)
    }
    limiter.configure(endpoint.concurrency)
    return limiter
  }
}

/** The registry that a worker process shares by default. */
export const sharedLimiters = new Limiters()
