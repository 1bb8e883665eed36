import type { Clock } from './clock.ts'
import { Refusals } from './refusals.ts'
import { type Start, Window } from './window.ts'

/**
 * How a call went, as far as the server's health goes. `answered`: the server works, the request was wrong. `failed`: no reply came of it. `silent`: it timed out,
 * which may be the row's fault or the server's. `limited`: it keeps to a rate and says when to come back. `left`: the caller went.
 */
export type CallHealth = 'ok' | 'answered' | 'failed' | 'silent' | 'overloaded' | 'unreachable' | 'limited' | 'left'

/** A run of calls without a success. `since` moves on by the pauses that the server itself asked for. */
interface Streak {
  since: number
  rejections: number
  pauses: number
}

export interface ServerOptions {
  url: string
  /** Calls at one time. */
  concurrency: number
  clock: Clock
  random: () => number
}

const firstPauseMs = 250
// With the jitter at most 5 s, so that a server that is back is found within ten.
const longestPauseMs = 4_000
/** So many calls in a row that went badly, and no fewer than the window holds, take a server out where another works. */
const sickAfter = 8

/**
 * One server of an endpoint: its window, its calls in flight and its health. A server that cannot be reached, or that refuses a
 * whole window, is away: it is paused with growing back-off and probed by one call at a time, so that an outage burns no
 * attempts. The process has one for each URL and model.
 */
export class Server {
  readonly url: string
  readonly window: Window
  readonly refusals = new Refusals()
  /** Those who wait for its slots: told when one is free. */
  readonly watchers = new Set<{ readonly topPriority: number; admit(): void }>()
  readonly #clock: Clock
  readonly #random: () => number
  #inFlight = 0
  #granted = 0
  #badInARow = 0
  #streak: Streak | undefined
  #probing = false
  #resumeAt = 0

  constructor({ url, concurrency, clock, random }: ServerOptions) {
    this.url = url
    this.window = new Window(concurrency)
    this.#clock = clock
    this.#random = random
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Nothing goes there but probes. */
  get isAway(): boolean {
    return this.#probing
  }

  /** Free slots at this moment. */
  get room(): number {
    if (this.#clock.now() < this.#resumeAt) return 0
    return (this.#probing ? 1 : this.window.size) - this.#inFlight
  }

  /** When a paused server may be probed; undefined when it is not paused. */
  get resumesAt(): number | undefined {
    return this.#clock.now() < this.#resumeAt ? this.#resumeAt : undefined
  }

  /** For how long nothing succeeded, pauses that the server asked for aside; 0 while it works. Milliseconds. */
  get downForMs(): number {
    return this.#probing && this.#streak ? this.#clock.now() - this.#streak.since : 0
  }

  take(): Start {
    return { level: ++this.#inFlight, ordinal: ++this.#granted }
  }

  /** Gives a slot back. True when this call sent the server away, or found it away still. */
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

  /** Who comes next starts a new count with a probe: the outage may be over by then. */
  forgive(): void {
    this.#streak = undefined
  }

  #answered(): void {
    this.#streak = undefined
    this.#probing = false
    // It works: whoever waits for it as for one that is not away must find it open.
    this.#resumeAt = 0
  }

  #bad(hasOthers: boolean): boolean {
    this.#badInARow++
    // With nobody else to ask, its rows fail one by one with their reasons.
    if (!hasOthers || this.#badInARow < Math.max(sickAfter, this.window.size)) return false
    return this.#pause(undefined)
  }

  #overloaded(start: Start, retryAfterMs: number | undefined): boolean {
    this.window.refused(start, this.#granted)
    const streak = this.#streakNow()
    streak.rejections++
    // While other calls run, the server works and only the surplus has to wait. Without any, or when it refused a whole
    // window, it takes nothing at all at the moment.
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
