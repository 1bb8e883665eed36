import type { Clock } from './clock.ts'
import type { Replica } from './replica.ts'

/** What `remove` did with a replica that refuses everyone. */
export type Removal = 'removed' | 'was-removed' | 'last'

const removedForMs = 10 * 60_000
// Milliseconds in which all other callers get the same error unasked, because a whole shard may be
// on its way. Not longer, because a replica may be starting.
const refusedForMs = 1000
const enoughDisproved = 3
/** So many refusals in a row keep new requests from a replica, until others have judged them. */
const enoughInDoubt = 8
// Requests that wait for another replica's word may be cancelled, so that no word comes.
const doubtedForMs = 60_000

/** The replicas of one endpoint, and which of them are out because they refuse everyone. */
export class Roster {
  readonly replicas: readonly Replica[]
  readonly #clock: Clock
  readonly #removed = new Map<Replica, number>()
  /** Refusals of a replica in a row that another replica proved wrong. */
  readonly #disproved = new Map<Replica, number>()
  /** Refusals of a replica in a row that no other replica has judged yet. */
  readonly #inDoubt = new Map<Replica, { count: number; at: number }>()
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

  /**
   * The replicas that requests may go to at the time `now`: no replica whose refusals are in doubt,
   * while another one works. It refuses at once, so it would get every request before the other one
   * has answered the first.
   */
  open(now: number): readonly Replica[] {
    const usable = this.usable(now)
    if (this.#inDoubt.size === 0) return usable
    const sound = usable.filter((replica) => !this.#isInDoubt(replica, now))
    return sound.some((replica) => !replica.isAway) ? sound : usable
  }

  /** Replicas that requests may go to, with a free slot at the time `now`. */
  free(now: number): Replica[] {
    return this.open(now).filter((replica) => replica.room(now) > 0)
  }

  #isInDoubt(replica: Replica, now: number): boolean {
    const doubt = this.#inDoubt.get(replica)
    return doubt !== undefined && doubt.count >= enoughInDoubt && now < doubt.at + doubtedForMs
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

  /** A replica refused a request, which another one gets now. */
  refused(replica: Replica): void {
    const count = (this.#inDoubt.get(replica)?.count ?? 0) + 1
    this.#inDoubt.set(replica, { count, at: this.#clock.now() })
  }

  /** Another replica refused the request too. */
  confirmed(replica: Replica): void {
    this.#inDoubt.delete(replica)
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

  /** A replica served a call, so earlier refusals were about their rows. */
  served(replica: Replica): void {
    this.forgive()
    this.#disproved.delete(replica)
    this.#inDoubt.delete(replica)
    replica.refusals.served()
  }

  /** Whether a replica works that is not among these. */
  hasOther(tried: ReadonlySet<Replica>): boolean {
    return this.open(this.#clock.now()).some((replica) => !tried.has(replica) && !replica.isAway)
  }

  /** A caller may have mended the key. */
  forgive(): void {
    this.#refusal = undefined
  }
}
