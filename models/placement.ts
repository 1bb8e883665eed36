import { byAffinity } from './affinity.ts'
import type { Replica } from './replica.ts'
import type { Roster } from './roster.ts'

/** A request that waits for a replica. */
export interface Placed {
  prefix: string
  isRetry: boolean
  /** Replicas that failed it or refused it. Others are preferred. */
  avoid: ReadonlySet<Replica>
  /** Replicas in the order in which it prefers them; filled when it is first looked at. */
  likes: Replica[] | undefined
}

/** Says which replica of an endpoint a request goes to. */
export class Placement {
  readonly #roster: Roster

  constructor(roster: Roster) {
    this.#roster = roster
  }

  /**
   * Whether one of the free replicas is the right one. New work prefers to wait for its favourite
   * among the replicas that work. A retry goes to any but the replica that failed it.
   */
  suits(request: Placed, free: readonly Replica[], now: number): boolean {
    const works = (replica: Replica) => !request.avoid.has(replica) && !replica.isAway
    const usable = this.#roster.open(now)
    if (request.isRetry) return free.some(works) || !usable.some(works)
    const home = this.#likes(request).find((replica) => works(replica) && usable.includes(replica))
    return home === undefined || free.includes(home)
  }

  /**
   * The best of the free replicas: a replica that works before a probe, then another one than the
   * replica that failed the request, then the favourite.
   */
  choose(request: Placed, free: readonly Replica[]): Replica | undefined {
    if (free.length < 2) return free[0]
    const rank = (replica: Replica) => (replica.isAway ? 2 : 0) + (request.avoid.has(replica) ? 1 : 0)
    return this.#likes(request)
      .filter((replica) => free.includes(replica))
      .sort((a, b) => rank(a) - rank(b))[0]
  }

  #likes(request: Placed): Replica[] {
    request.likes ??= byAffinity(request.prefix, this.#roster.replicas)
    return request.likes
  }
}
