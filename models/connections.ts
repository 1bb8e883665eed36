import http from 'node:http'
import https from 'node:https'

/** Closed when nothing was sent over it for so long; a server's own Keep-Alive header may ask for less. Milliseconds. */
const idleMs = 30_000

/** Kept-alive connections of one process by origin: an engine lives for one shard, its connections for the next ones too. */
export class Connections {
  readonly #agents = new Map<string, http.Agent>()
  readonly #idleMs: number

  constructor(options: { idleMs?: number } = {}) {
    this.#idleMs = options.idleMs ?? idleMs
  }

  agentFor(url: URL): http.Agent {
    let agent = this.#agents.get(url.origin)
    if (!agent) {
      const { Agent } = url.protocol === 'https:' ? https : http
      // The limiter bounds how many there are; `timeout` closes idle ones and only tells of busy ones, which no one hears.
      agent = new Agent({ keepAlive: true, maxFreeSockets: 4096, timeout: this.#idleMs })
      this.#agents.set(url.origin, agent)
    }
    return agent
  }

  /** Closes all connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }
}

/** The registry that a process shares by default. */
export const sharedConnections = new Connections()
