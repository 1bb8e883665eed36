import { type Clock, systemClock } from './clock.ts'
import { Limiter } from './limiter.ts'
import type { RateLimits } from './rate-limit.ts'
import { Server } from './replica.ts'

/** What a limiter is found by. */
export interface LimitedEndpoint extends RateLimits {
  baseUrls: readonly string[]
  model: string
  apiKeyEnv?: string | undefined
  /** Calls at one time, of each server. */
  concurrency: number
}

// A checkpoint that is served has a port of its own, so that a long-lived worker meets ever new servers. What was learnt of one
// outlives the pause between two steps.
const keptForMs = 3_600_000

/**
 * Limiters of one process: shards and campaigns that use the same servers with the same key share their slots, and endpoints that
 * share but some servers share these.
 */
export class Limiters {
  readonly #limiters = new Map<string, Kept>()
  /** Each lives as long as a limiter that has it. */
  readonly #servers = new Map<string, WeakRef<Server>>()

  /** How many endpoints and servers it knows. */
  get size(): number {
    return this.#limiters.size + this.#servers.size
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
      const servers = urls.map((url) => this.#server(url, endpoint, clock, random))
      limiter = new Limiter({ servers, clock, ...(downLimitMs === undefined ? {} : { downLimitMs }) })
    }
    this.#limiters.set(key, { held: limiter, ref: new WeakRef(limiter), usedAt: now })
    limiter.configure(endpoint.concurrency, endpoint)
    return limiter
  }

  #server(url: string, { model, concurrency }: LimitedEndpoint, clock: Clock, random: () => number): Server {
    const key = `${url} ${model}`
    let server = this.#servers.get(key)?.deref()
    if (!server) {
      server = new Server({ url, concurrency, clock, random })
      this.#servers.set(key, new WeakRef(server))
    }
    return server
  }

  /** Lets go of what nobody opened for an hour. An engine that still has it keeps it alive, and then it is found again. */
  #forget(now: number): void {
    for (const [key, kept] of this.#limiters) {
      if (now - kept.usedAt < keptForMs) continue
      if (kept.ref.deref()) kept.held = undefined
      else this.#limiters.delete(key)
    }
    for (const [key, server] of this.#servers) if (!server.deref()) this.#servers.delete(key)
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

/** The registry that a worker process shares by default. */
export const sharedLimiters = new Limiters()
