import { type Clock, systemClock } from './clock.ts'
import { Limiter } from './limiter.ts'
import type { RateLimits } from './rate-limit.ts'
import { Server } from './server.ts'

/** What a limiter is found by. */
export interface LimitedEndpoint extends RateLimits {
  baseUrls: readonly string[]
  model: string
  apiKeyEnv?: string | undefined
  /** Calls at one time, of each server. */
  concurrency: number
}

/**
 * Limiters of one process: shards and campaigns that use the same servers with the same key share their slots, and endpoints that
 * share but some servers share these.
 */
export class Limiters {
  readonly #limiters = new Map<string, Limiter>()
  readonly #servers = new Map<string, Server>()

  for(
    endpoint: LimitedEndpoint,
    { clock = systemClock, random = Math.random, downLimitMs }: LimitersOptions = {},
  ): Limiter {
    const urls = endpoint.baseUrls.map((url) => url.replace(/\/+$/, ''))
    const key = JSON.stringify([urls.toSorted(), endpoint.model, endpoint.apiKeyEnv])
    let limiter = this.#limiters.get(key)
    if (!limiter) {
      const servers = urls.map((url) => this.#server(url, endpoint, clock, random))
      limiter = new Limiter({ servers, clock, ...(downLimitMs === undefined ? {} : { downLimitMs }) })
      this.#limiters.set(key, limiter)
    }
    limiter.configure(endpoint.concurrency, endpoint)
    return limiter
  }

  #server(url: string, { model, concurrency }: LimitedEndpoint, clock: Clock, random: () => number): Server {
    const key = `${url} ${model}`
    let server = this.#servers.get(key)
    if (!server) this.#servers.set(key, (server = new Server({ url, concurrency, clock, random })))
    return server
  }
}

interface LimitersOptions {
  clock?: Clock
  random?: () => number
  downLimitMs?: number
}

/** The registry that a worker process shares by default. */
export const sharedLimiters = new Limiters()
