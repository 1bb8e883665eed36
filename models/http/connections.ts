import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { trustIn } from './authorities.ts'
import { Keys } from './keys.ts'
import type { Route } from './route.ts'
import { StreamModes } from './stream-modes.ts'

/**
 * Milliseconds without traffic after which a connection is closed. A server's Keep-Alive header may
 * ask for less.
 */
const idleMs = 30_000
// Of a host with several addresses each gets so long before the next. Node's own 250 ms are less
// than a lost packet takes on the way to another continent, and then no address is reached.
const addressMs = 1000
// A served checkpoint has a port of its own, so a long-lived worker meets ever new origins.
const keptForMs = 3_600_000

/**
 * What one process shares for its model calls: kept-alive connections by origin, proxy and
 * certificate authorities; keys; and what it has learned about streams. An engine lives for one
 * shard, and all this serves the next shards too.
 */
export class Connections {
  readonly keys: Keys
  readonly streams = new StreamModes()
  readonly #agents = new Map<string, { agent: http.Agent; usedAt: number }>()
  readonly #idleMs: number
  readonly #clock: Clock

  constructor(options: { idleMs?: number; clock?: Clock } = {}) {
    this.#idleMs = options.idleMs ?? idleMs
    this.#clock = options.clock ?? systemClock
    this.keys = new Keys(this.#clock)
  }

  /** How many origins it knows. */
  get size(): number {
    return this.#agents.size
  }

  /** Throws HoneError InvalidRecipe for a file of certificate authorities that cannot be used. */
  agentFor(url: URL, route: Route = { secrets: [] }): http.Agent {
    const now = this.#clock.now()
    this.#forget(now)
    const key = `${url.origin} ${route.proxy?.href ?? ''} ${route.caFile ?? ''}`
    const known = this.#agents.get(key)
    if (known) {
      known.usedAt = now
      return known.agent
    }
    const agent = this.#open(url, route)
    this.#agents.set(key, { agent, usedAt: now })
    return agent
  }

  #open({ protocol, hostname }: URL, { proxy, caFile }: Route): http.Agent {
    // The limiter bounds the number of connections. `timeout` closes idle ones. For a busy one it
    // only emits an event, and nothing listens for it.
    const timing = { timeout: this.#idleMs, autoSelectFamilyAttemptTimeout: addressMs }
    const kept = { keepAlive: true, maxFreeSockets: 4096, ...timing }
    const options = caFile === undefined ? kept : { ...kept, secureContext: trustIn(caFile) }
    const isSecure = protocol === 'https:'
    if (!proxy) return isSecure ? new https.Agent(options) : new http.Agent(options)
    if (!isSecure) return new HttpProxyAgent(proxy, options)
    const agent = new HttpsProxyAgent(proxy, options)
    // The constructor throws away the options for the server behind the proxy, with the limit for
    // idle connections. A tunnel does not know its server's name when the name is an IP address.
    const host = hostname.replace(/^\[|\]$/g, '')
    const checkServerIdentity = (_: string, certificate: PeerCertificate) => tls.checkServerIdentity(host, certificate)
    Object.assign(agent.options, options, { checkServerIdentity })
    return agent
  }

  /**
   * Forgets origins that nobody asked for in an hour and that have no connection. An engine that
   * still holds such an agent may go on using it.
   */
  #forget(now: number): void {
    for (const [key, { agent, usedAt }] of this.#agents) {
      const isEmpty = [agent.sockets, agent.freeSockets, agent.requests].every((all) => Object.keys(all).length === 0)
      if (isEmpty && now - usedAt >= keptForMs) this.#agents.delete(key)
    }
  }

  /** Closes all connections. */
  close(): void {
    for (const { agent } of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }
}

/**
 * The registry of a process. It is shared on purpose: two workers in one process ask the same
 * servers over the same connections.
 */
export const sharedConnections = new Connections()
