import http from 'node:http'
import https from 'node:https'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'

/**
 * Milliseconds without traffic after which a connection is closed. A server's Keep-Alive header may
 * ask for less.
 */
const idleMs = 30_000
// A served checkpoint has a port of its own, so a long-lived worker meets ever new origins.
const keptForMs = 3_600_000

/**
 * Kept-alive connections of one process by origin. An engine lives for one shard; its connections
 * serve the next shards too.
 */
export class Connections {
  readonly #agents = new Map<string, { agent: http.Agent; usedAt: number }>()
  readonly #idleMs: number
  readonly #clock: Clock

  constructor(options: { idleMs?: number; clock?: Clock } = {}) {
    this.#idleMs = options.idleMs ?? idleMs
    this.#clock = options.clock ?? systemClock
  }

  /** How many origins it knows. */
  get size(): number {
    return this.#agents.size
  }

  agentFor(url: URL): http.Agent {
    const now = this.#clock.now()
    this.#forget(now)
    const known = this.#agents.get(url.origin)
    if (known) {
      known.usedAt = now
      return known.agent
    }
    const { Agent } = url.protocol === 'https:' ? https : http
    // The limiter bounds the number of connections. `timeout` closes idle ones. For a busy one it
    // only emits an event, and nothing listens for it.
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 4096, timeout: this.#idleMs })
    this.#agents.set(url.origin, { agent, usedAt: now })
    return agent
  }

  /**
   * Forgets origins that nobody asked for in an hour and that have no connection. An engine that
   * still holds such an agent may go on using it.
   */
  #forget(now: number): void {
    for (const [origin, { agent, usedAt }] of this.#agents) {
      const isEmpty = [agent.sockets, agent.freeSockets, agent.requests].every((all) => Object.keys(all).length === 0)
      if (isEmpty && now - usedAt >= keptForMs) this.#agents.delete(origin)
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
