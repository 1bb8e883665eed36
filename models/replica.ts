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

/** Calls in a row without a success. */
interface Streak {
  began: number
  /**
   * `began`, moved on by the pauses that an overloaded replica asked for: it works, and is busy.
   */
  since: number
  rejections: number
  pauses: number
}

/** How a call ended, for its replica. */
export interface Noted {
  start: Start
  health: CallHealth
  /** Milliseconds that the replica asks for. */
  retryAfterMs?: number | undefined
  /** Whether another replica of the endpoint works. */
  hasOthers: boolean
  /**
   * Whether a bad call says something about the replica: it was the first call of its request, or
   * requests wait that were never called.
   */
  tells: boolean
  /** Whether the replica takes no call for longer than an outage is waited for. */
  isLong: boolean
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
 * This many bad calls in a row, and at least a whole window of them, make a replica sick. Without
 * another replica, retries count only while requests wait that were never called: the last rows of
 * a step may be bad rows, whose retries say nothing about the replica.
 */
const sickAfter = 8

/**
 * One server of an endpoint, with its window, its calls in flight and its health. A replica that
 * cannot be reached, that refuses a whole window, or whose calls all end badly is away: it is
 * paused with growing back-off and probed by one call at a time, so that an outage burns no
 * attempts. The process has one replica for each URL and model.
 */
export class Replica {
  readonly url: string
  readonly window: Window
  readonly refusals = new Refusals((first) => this.#stillRunning(first))
  /** Limiters that wait for its slots. They are told when a slot is free. */
  readonly watchers = new Set<{ readonly topPriority: number; admit(): void }>()
  readonly #clock: Clock
  readonly #random: () => number
  /** Ordinals of the calls in flight, the oldest first. */
  readonly #running = new Set<number>()
  #granted = 0
  #badInARow = 0
  #streak: Streak | undefined
  #probing = false
  #resumeAt = 0
  /** The end of the pause that the replica itself asked for. */
  #askedUntil = 0
  #successes = 0

  constructor({ url, concurrency, clock, random }: ReplicaOptions) {
    this.url = url
    this.window = new Window(concurrency)
    this.#clock = clock
    this.#random = random
  }

  get inFlight(): number {
    return this.#running.size
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
    if (now < this.#resumeAt || (this.refusals.isPending && this.#running.size > 0)) return 0
    return (this.#probing ? 1 : this.window.size) - this.#running.size
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

  /** Milliseconds without a success until `now`, with every pause; 0 while it works. */
  deadForMs(now: number): number {
    return this.#probing && this.#streak ? now - this.#streak.began : 0
  }

  /** Milliseconds from `now` to the end of the pause that the replica asked for. */
  asksForMs(now: number): number {
    return Math.max(0, this.#askedUntil - now)
  }

  /** Calls that succeeded since the process began. */
  get successes(): number {
    return this.#successes
  }

  take(): Start {
    this.#running.add(++this.#granted)
    return { level: this.#running.size, ordinal: this.#granted }
  }

  /** How many of its first calls run. */
  #stillRunning(first: number): number {
    let count = 0
    for (const ordinal of this.#running) {
      if (ordinal > first) break
      count++
    }
    return count
  }

  /** Gives a slot back. True when the replica is away because of this call, or still away. */
  note({ start, health, retryAfterMs, hasOthers, tells, isLong }: Noted): boolean {
    this.#running.delete(start.ordinal)
    switch (health) {
      case 'ok':
        this.#answered()
        this.#successes++
        this.#badInARow = 0
        this.window.passed(start)
        return false
      case 'failed':
        this.window.taken(start)
        if (this.#isSick(hasOthers, tells) || isLong) return this.#pause(retryAfterMs)
        this.#answered()
        return false
      case 'silent':
        this.window.silent(start, this.#granted)
        // A probe without an answer leaves the replica away.
        return (this.#isSick(hasOthers, tells) || this.#probing) && this.#pause(undefined)
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
        return this.#pause(retryAfterMs)
      case 'overloaded':
        return this.#overloaded(start, retryAfterMs, isLong)
      case 'left':
        break
    }
    return false
  }

  /**
   * The next call starts a new count with a probe at once, because the outage may be over by then.
   * Without this, who asks again would wait until tomorrow for the end of a daily limit.
   */
  forgive(): void {
    this.#streak = undefined
    this.#resumeAt = 0
    this.#askedUntil = 0
  }

  /** Limiters that wait for this replica get their turns, the highest priority first. */
  tellWatchers(): void {
    const { watchers } = this
    if (watchers.size === 0) return
    if (watchers.size === 1) return [...watchers][0]?.admit()
    for (const watcher of [...watchers].sort((a, b) => b.topPriority - a.topPriority)) {
      // It is asked last the next time, so that two limiters of one priority take turns.
      if (watchers.delete(watcher)) watchers.add(watcher)
      watcher.admit()
    }
  }

  #answered(): void {
    this.#streak = undefined
    this.#probing = false
    // It works, so a call that waited for the end of a pause may go.
    this.#resumeAt = 0
    this.#askedUntil = 0
  }

  /**
   * Counts a call that ended badly. Whether so many did in a row that the replica is at fault.
   *
   * The last requests of a step may be bad requests. When no other replica and no other request can
   * tell, and this replica has served before, they are called side by side, and each call counts
   * against its request. Without this, a request that makes its server fail would end each new try
   * of its step.
   */
  #isSick(hasOthers: boolean, tells: boolean): boolean {
    if (this.#probing && !hasOthers && !tells && this.#successes > 0) {
      this.#answered()
      this.#badInARow = 0
      return false
    }
    if (hasOthers || tells || this.#probing) this.#badInARow++
    return this.#badInARow >= Math.max(sickAfter, this.window.size)
  }

  #overloaded(start: Start, retryAfterMs: number | undefined, isLong: boolean): boolean {
    this.window.refused(start, this.#granted)
    const streak = this.#streakNow()
    streak.rejections++
    // While other calls run, the replica works and only the surplus has to wait. Without other
    // calls, or after it refused a whole window, it takes nothing at the moment.
    if (!isLong && this.#running.size > 0 && streak.rejections < this.window.configured) return false
    const isPaused = this.#pause(retryAfterMs)
    if (isPaused) streak.since += retryAfterMs ?? 0
    return isPaused
  }

  #streakNow(): Streak {
    if (this.#streak) return this.#streak
    const now = this.#clock.now()
    this.#streak = { began: now, since: now, rejections: 0, pauses: 0 }
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
    this.#askedUntil = now + (retryAfterMs ?? 0)
    return true
  }
}
