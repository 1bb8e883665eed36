import type { Clock } from './clock.ts'
import type { Replica } from './replica.ts'

/** What `remove` did with a replica that refuses everyone. */
export type Removal = 'removed' | 'was-removed' | 'last'

const removedForMs = 10 * 60_000
// Milliseconds in which all other callers get the same error unasked, because a whole shard may be
// on its way. Not longer, because a replica may be starting.
const refusedForMs = 1000
const enoughDisproved = 3

/** The replicas of one endpoint, and which of them are out because they refuse everyone. */
export class Roster {
  readonly replicas: readonly Replica[]
  readonly #clock: Clock
  readonly #removed = new Map<Replica, number>()
  /** Refusals of a replica in a row that another replica proved wrong. */
  readonly #disproved = new Map<Replica, number>()
  /** Every replica refused everyone a moment ago. */
  #refusal: { error: Error; until: number } | undefined

  constructor(replicas: readonly Replica[], clock: Clock) {
    this.replicas = replicas
    this.#clock = clock
  }

  /** Replicas that are not out at the time `now`. */
  usable(now = this.#clock.now()): readonly Replica[] {
    if (this.#removed.size === 0) return this.replicas
    for (const [replica, until] of this.#removed) if (until <= now) this.#removed.delete(replica)
    return this.replicas.filter((replica) => !this.#removed.has(replica))
  }

  /** Usable replicas with a free slot at the time `now`. */
  free(now: number): Replica[] {
    return this.usable(now).filter((replica) => replica.room(now) > 0)
  }

  /** When the first replica that is out may be tried again. Undefined when no replica is out. */
  get returnsAt(): number | undefined {
    return this.#removed.size === 0 ? undefined : Math.min(...this.#removed.values())
  }

  /** The error of all replicas a moment ago; undefined while one may work. */
  get refusal(): Error | undefined {
    return this.#refusal && this.#clock.now() < this.#refusal.until ? this.#refusal.error : undefined
  }

  /**
   * Takes a replica out for ten minutes. `last` when no other is left: then the next caller may try
   * all of them again.
   */
  remove(replica: Replica, error: Error): Removal {
    if (this.refusal) return 'last'
    const usable = this.usable()
    if (!usable.includes(replica)) return 'was-removed'
    if (usable.length === 1) {
      this.#removed.clear()
      this.#refusal = { error, until: this.#clock.now() + refusedForMs }
      return 'last'
    }
    this.#removed.set(replica, this.#clock.now() + removedForMs)
    return 'removed'
  }

  /**
   * Another replica served a request that this one had refused. True when it did so too often, and
   * this replica must be taken out: refusals are fast, so it would get most of the requests.
   */
  disproved(replica: Replica): boolean {
    const count = (this.#disproved.get(replica) ?? 0) + 1
    this.#disproved.set(replica, count)
    return count >= enoughDisproved
  }

  /** A replica served a call, so its refusals are about their rows. */
  served(replica: Replica): void {
    this.forgive()
    this.#disproved.delete(replica)
    replica.refusals.served()
  }

  /** A caller may have mended the key. */
  forgive(): void {
    this.#refusal = undefined
  }
}
