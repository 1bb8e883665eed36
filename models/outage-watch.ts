import type { Clock } from './clock.ts'
import type { Outage } from './failures.ts'
import { outageNow, outageOf, waitingOf } from './outage.ts'
import type { OutageState, Waiting } from './outage.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Roster } from './roster.ts'

interface Watched {
  roster: Roster
  rate: RateLimit
  clock: Clock
  /** An outage is waited for so long, in milliseconds. */
  limitMs: number
}

/** Says whether all replicas of an endpoint are away, and when the wait for them must end. */
export class OutageWatch {
  limitMs: number
  readonly #watched: Watched
  /** What the last call that ended badly said. */
  #detail = ''
  /** Since when requests have been under way without a break. */
  #busySince: number | undefined

  constructor(watched: Watched) {
    this.#watched = watched
    this.limitMs = watched.limitMs
  }

  /** A call ended badly, and the server said this. */
  heard(detail: string): void {
    if (detail !== '') this.#detail = detail
  }

  /**
   * Requests are under way from now on. An outage that began while nobody asked is waited for from
   * here: the server may be on its way back.
   */
  busy(): void {
    this.#busySince = this.#watched.clock.now()
  }

  /**
   * The error that must end all waits at the time `now`: all replicas have been away for too long,
   * or they take no call for longer than that. Then the next request may try them all at once.
   * `graceMs` is waited for beyond the limit.
   */
  end(now: number, graceMs = 0): Outage | undefined {
    const state = this.#stateAt(now)
    if (!state || (state.leftMs > -graceMs && !state.isLong)) return undefined
    const { roster, rate } = this.#watched
    for (const replica of roster.usable(now)) replica.forgive()
    rate.release()
    return outageOf(state, Date.now())
  }

  /** What all requests wait for, and until when; null while a replica works. */
  get waiting(): Waiting | null {
    const state = this.#stateAt(this.#watched.clock.now())
    return state && waitingOf(state, Date.now())
  }

  #stateAt(now: number): OutageState | null {
    const { roster, rate } = this.#watched
    const busyForMs = this.#busySince === undefined ? Number.POSITIVE_INFINITY : now - this.#busySince
    const look = { now, limitMs: this.limitMs, heldMs: rate.heldFor(now), busyForMs, detail: this.#detail }
    return outageNow(roster.usable(now), look)
  }
}
