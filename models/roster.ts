import type { Clock } from './clock.ts'
import type { Server } from './replica.ts'

/** What became of a server that refuses everyone. */
export type Removal = 'removed' | 'was-removed' | 'last'

const removedForMs = 10 * 60_000
// So long everyone else is told the same, unasked: a whole shard may be on its way. Not longer, because a server may be starting.
const refusedForMs = 1000

/** The servers of one endpoint, and which of them are out because they refuse everyone. */
export class Roster {
  readonly servers: readonly Server[]
  readonly #clock: Clock
  readonly #removed = new Map<Server, number>()
  /** Every server refused everyone a moment ago. */
  #refusal: { error: Error; until: number } | undefined

  constructor(servers: readonly Server[], clock: Clock) {
    this.servers = servers
    this.#clock = clock
  }

  /** Those that are not out. */
  usable(): readonly Server[] {
    if (this.#removed.size === 0) return this.servers
    const now = this.#clock.now()
    for (const [server, until] of this.#removed) if (until <= now) this.#removed.delete(server)
    return this.servers.filter((server) => !this.#removed.has(server))
  }

  /** Those of them with a free slot. */
  free(): Server[] {
    return this.usable().filter((server) => server.room > 0)
  }

  /** What all servers said a moment ago; undefined while one may work. */
  get refusal(): Error | undefined {
    return this.#refusal && this.#clock.now() < this.#refusal.until ? this.#refusal.error : undefined
  }

  /** Takes a server out for ten minutes. `last` when no other is left: then all may be tried again by who comes next. */
  remove(server: Server, error: Error): Removal {
    if (this.refusal) return 'last'
    const usable = this.usable()
    if (!usable.includes(server)) return 'was-removed'
    if (usable.length === 1) {
      this.#removed.clear()
      this.#refusal = { error, until: this.#clock.now() + refusedForMs }
      return 'last'
    }
    this.#removed.set(server, this.#clock.now() + removedForMs)
    return 'removed'
  }

  /** One of them served someone, or someone comes who has perhaps mended the key. */
  forgive(): void {
    this.#refusal = undefined
  }
}
