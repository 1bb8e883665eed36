import http from 'node:http'
import https from 'node:https'
import { type Clock, systemClock } from './clock.ts'

/** Closed when nothing was sent over it for so long; a server's own Keep-Alive header may ask for less. Milliseconds. */
const idleMs = 30_000
// A checkpoint that is served has a port of its own, so that a long-lived worker meets ever new origins.
const keptForMs = 3_600_000

/** Kept-alive connections of one process by origin: an engine lives for one shard, its connections for the next ones too. */
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
    // The limiter bounds how many there are; `timeout` closes idle ones and only tells of busy ones, which no one hears.
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 4096, timeout: this.#idleMs })
    this.#agents.set(url.origin, { agent, usedAt: now })
    return agent
  }

  /** Lets go of those that nobody opened for an hour and that have no connection. Who still has one may use it all the same. */
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

/** The registry that a process shares by default. */
export const sharedConnections = new Connections()
