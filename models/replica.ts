import type { Clock } from './clock.ts'
import { Refusals } from './refusals.ts'
import { Window } from './window.ts'
import type { Start } from './window.ts'

/**
 * How a call went for the health of its replica. `answered`: the replica works and the request was
 * wrong. `failed`: no reply came. `silent`: the call timed out, which may be the fault of the row
 * or of the replica. `limited`: the replica keeps to a rate and says when to come back. `left`: the
 * caller gave up.
 */
export type CallHealth = 'ok' | 'answered' | 'failed' | 'silent' | 'overloaded' | 'unreachable' | 'limited' | 'left'

/**
 * Calls in a row without a success. `since` moves on by the pauses that the replica itself asked
 * for.
 */
interface Streak {
  since: number
  rejections: number
  pauses: number
}

export interface ReplicaOptions {
  url: string
  /** Calls at one time. */
  concurrency: number
  clock: Clock
  random: () => number
}

const firstPauseMs = 250
// With the jitter at most 5 s, so that a replica that works again is found within ten.
const longestPauseMs = 4_000
/**
 * This many bad calls in a row, and at least a whole window of them, take a replica out if another
 * replica works.
 */
const sickAfter = 8

/**
 * One server of an endpoint, with its window, its calls in flight and its health. A replica that
 * cannot be reached, or that refuses a whole window, is away: it is paused with growing back-off
 * and probed by one call at a time, so that an outage burns no attempts. The process has one
 * replica for each URL and model.
 */
export class Replica {
  readonly url: string
  readonly window: Window
  readonly refusals = new Refusals()
  /** Limiters that wait for its slots. They are told when a slot is free. */
  readonly watchers = new Set<{ readonly topPriority: number; admit(): void }>()
  readonly #clock: Clock
  readonly #random: () => number
  #inFlight = 0
  #granted = 0
  #badInARow = 0
  #streak: Streak | undefined
  #probing = false
  #resumeAt = 0

  constructor({ url, concurrency, clock, random }: ReplicaOptions) {
    this.url = url
    this.window = new Window(concurrency)
    this.#clock = clock
    this.#random = random
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** It gets probes only. */
  get isAway(): boolean {
    return this.#probing
  }

  /**
   * Free slots at the time `now`. The caller gives the time, so that one decision has one time: a
   * pause that ended between two readings of the clock once left a line asleep for ever.
   */
  room(now: number): number {
    if (now < this.#resumeAt) return 0
    return (this.#probing ? 1 : this.window.size) - this.#inFlight
  }

  /** When a paused replica may be probed; undefined when it is not paused at the time `now`. */
  resumesAt(now: number): number | undefined {
    return now < this.#resumeAt ? this.#resumeAt : undefined
  }

  /**
   * Milliseconds without a success until `now`, without the pauses that an overloaded replica asked
   * for; 0 while it works.
   */
  downForMs(now: number): number {
    return this.#probing && this.#streak ? now - this.#streak.since : 0
  }

  take(): Start {
    return { level: ++this.#inFlight, ordinal: ++this.#granted }
  }

  /** Gives a slot back. True when the replica is away because of this call, or still away. */
  note(start: Start, health: CallHealth, retryAfterMs: number | undefined, hasOthers: boolean): boolean {
    this.#inFlight--
    switch (health) {
      case 'ok':
        this.#answered()
        this.#badInARow = 0
        this.window.passed(start)
        return false
      case 'failed':
        this.#answered()
        this.window.taken(start)
        return this.#bad(hasOthers)
      case 'silent':
        this.window.silent(start, this.#granted)
        return this.#bad(hasOthers)
      case 'answered':
        this.window.taken(start)
        this.#answered()
        this.#badInARow = 0
        return false
      case 'limited':
        this.#answered()
        this.#badInARow = 0
        return false
      case 'unreachable':
        return this.#pause(undefined)
      case 'overloaded':
        return this.#overloaded(start, retryAfterMs)
      case 'left':
        break
    }
    return false
  }

  /** The next call starts a new count with a probe, because the outage may be over by then. */
  forgive(): void {
    this.#streak = undefined
  }

  #answered(): void {
    this.#streak = undefined
    this.#probing = false
    // It works, so a call that waited for the end of a pause may go.
    this.#resumeAt = 0
  }

  #bad(hasOthers: boolean): boolean {
    this.#badInARow++
    // Without another replica the rows fail one by one, each with its reason.
    if (!hasOthers || this.#badInARow < Math.max(sickAfter, this.window.size)) return false
    return this.#pause(undefined)
  }

  #overloaded(start: Start, retryAfterMs: number | undefined): boolean {
    this.window.refused(start, this.#granted)
    const streak = this.#streakNow()
    streak.rejections++
    // While other calls run, the replica works and only the surplus has to wait. Without other
    // calls, or after it refused a whole window, it takes nothing at the moment.
    if (this.#inFlight > 0 && streak.rejections < this.window.configured) return false
    return this.#pause(retryAfterMs)
  }

  #streakNow(): Streak {
    this.#streak ??= { since: this.#clock.now(), rejections: 0, pauses: 0 }
    return this.#streak
  }

  #pause(retryAfterMs: number | undefined): boolean {
    const streak = this.#streakNow()
    const now = this.#clock.now()
    if (now < this.#resumeAt) return false
    this.#probing = true
    const backOff = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(streak.pauses, 10))
    const jittered = backOff * (0.75 + this.#random() / 2)
    streak.pauses++
    this.#resumeAt = now + Math.max(jittered, retryAfterMs ?? 0)
    streak.since += retryAfterMs ?? 0
    return true
  }
}
