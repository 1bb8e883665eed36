import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { Limiter } from './limiter.ts'
import type { RateLimits } from './rate-limit.ts'
import { Replica } from './replica.ts'

/** What identifies a limiter. */
export interface LimitedEndpoint extends RateLimits {
  baseUrls: readonly string[]
  model: string
  apiKeyEnv?: string | undefined
  /** Calls at one time, of each replica. */
  concurrency: number
}

// A served checkpoint has a port of its own, so a long-lived worker meets ever new servers. What
// was learnt of a server outlives the pause between two steps.
const keptForMs = 3_600_000

/**
 * Limiters of one process. Shards and campaigns that ask the same servers with the same key share
 * their slots. Endpoints that have only some servers in common share the replicas of these servers.
 */
export class Limiters {
  readonly #limiters = new Map<string, Kept>()
  /** A replica lives as long as a limiter that has it. */
  readonly #replicas = new Map<string, WeakRef<Replica>>()

  /** How many endpoints and replicas it knows. */
  get size(): number {
    return this.#limiters.size + this.#replicas.size
  }

  for(
    endpoint: LimitedEndpoint,
    { clock = systemClock, random = Math.random, downLimitMs }: LimitersOptions = {},
  ): Limiter {
    const urls = endpoint.baseUrls.map((url) => url.replace(/\/+$/, ''))
    const key = JSON.stringify([urls.toSorted(), endpoint.model, endpoint.apiKeyEnv])
    const now = clock.now()
    this.#forget(now)
    let limiter = this.#limiters.get(key)?.ref.deref()
    if (!limiter) {
      const replicas = urls.map((url) => this.#replica(url, endpoint, clock, random))
      limiter = new Limiter({ replicas, clock })
    }
    this.#limiters.set(key, { held: limiter, ref: new WeakRef(limiter), usedAt: now })
    limiter.configure(endpoint.concurrency, endpoint, downLimitMs)
    return limiter
  }

  #replica(url: string, { model, concurrency }: LimitedEndpoint, clock: Clock, random: () => number): Replica {
    const key = `${url} ${model}`
    let replica = this.#replicas.get(key)?.deref()
    if (!replica) {
      replica = new Replica({ url, concurrency, clock, random })
      this.#replicas.set(key, new WeakRef(replica))
    }
    return replica
  }

  /**
   * Forgets limiters that nobody asked for in an hour. An engine that still has one keeps it alive,
   * and then it is found again.
   */
  #forget(now: number): void {
    for (const [key, kept] of this.#limiters) {
      if (now - kept.usedAt < keptForMs) continue
      if (kept.ref.deref()) kept.held = undefined
      else this.#limiters.delete(key)
    }
    for (const [key, replica] of this.#replicas) if (!replica.deref()) this.#replicas.delete(key)
  }
}

interface Kept {
  held: Limiter | undefined
  readonly ref: WeakRef<Limiter>
  readonly usedAt: number
}

interface LimitersOptions {
  clock?: Clock
  random?: () => number
  downLimitMs?: number
}

/**
 * The registry of a process. It is shared on purpose: a server has one limit, however many workers
 * and judges of the process ask it.
 */
export const sharedLimiters = new Limiters()
