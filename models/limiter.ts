import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Outage } from './failures.ts'
import { Latencies } from './latencies.ts'
import { outageNow, outageOf, waitingOf } from './outage.ts'
import type { OutageState, Waiting } from './outage.ts'
import { Placement } from './placement.ts'
import type { Placed } from './placement.ts'
import { RateLimit } from './rate-limit.ts'
import type { Estimate, RateLimits } from './rate-limit.ts'
import type { CallHealth, Replica } from './replica.ts'
import type { Refusal } from './refusals.ts'
import { Roster } from './roster.ts'
import type { Removal } from './roster.ts'
import type { Scope } from './scope.ts'
import type { Permit, SlotRequest } from './slots.ts'
import { whenSomeCallEnds, WakeUp } from './wake-up.ts'
import { WaitingLine } from './waiting-line.ts'
import type { Waiter as Queued } from './waiting-line.ts'

export interface LimiterOptions extends RateLimits {
  replicas: readonly Replica[]
  clock?: Clock
  /**
   * Milliseconds without any success, without pauses that servers asked for, after which all
   * waiting requests get an {@link Outage}.
   */
  downLimitMs?: number
  /** Called when requests wait and nothing would wake them. A warning where absent. */
  onLostWake?: () => void
}

interface Waiter extends Queued, Placed {
  isFirst: boolean
  estimate: Estimate
  grant(permit: Permit): void
  refuse(error: Error): void
}

/** Calls that the server did not take cost it no tokens. */
const notTaken = new Set<CallHealth>(['overloaded', 'limited', 'unreachable'])
const noReplica: ReadonlySet<Replica> = new Set()
const nothing: Estimate = { promptTokens: 0, maxTokens: 0 }

/**
 * The slots of one endpoint, shared by the whole process: a sliding window over its replicas,
 * without batches. Requests wait in one line for all replicas, so that requests of a replica that
 * is away go to the others at once.
 */
export class Limiter {
  readonly latencies = new Latencies()
  readonly #roster: Roster
  readonly #placement: Placement
  readonly #clock: Clock
  #downLimitMs: number
  readonly #wakeUp: WakeUp
  readonly #rate: RateLimit
  readonly #line = new WaitingLine<Waiter>()
  /** Requests that wait, run or will be tried again. */
  #underWay = 0
  /** Calls of this endpoint. Other endpoints may share its replicas. */
  #inFlight = 0
  #unsaved = 0
  /** What the last call that ended badly said. */
  #detail = ''

  constructor(options: LimiterOptions) {
    const { replicas, clock = systemClock, downLimitMs = 60_000, onLostWake, ...limits } = options
    this.#roster = new Roster(replicas, clock)
    this.#placement = new Placement(this.#roster)
    this.#clock = clock
    this.#downLimitMs = downLimitMs
    this.#wakeUp = new WakeUp(clock, () => this.admit(), onLostWake)
    this.#rate = new RateLimit(clock, limits)
  }

  /**
   * Over all replicas: slots in use, and slots allowed right now. Also replies that are not saved
   * yet, and requests that wait.
   */
  get state(): { inFlight: number; window: number; unsaved: number; waiting: number } {
    const sum = (of: (replica: Replica) => number) =>
      this.#roster.usable().reduce((total, replica) => total + of(replica), 0)
    return {
      inFlight: sum(({ inFlight }) => inFlight),
      window: sum(({ isAway, window }) => (isAway ? 1 : window.size)),
      unsaved: this.#unsaved,
      waiting: this.#line.size,
    }
  }

  get topPriority(): number {
    return this.#line.topPriority
  }

  /**
   * Sets other limits; `concurrency` is of each replica. Another recipe may know the same endpoint
   * with other limits, and the latest ones count.
   */
  configure(concurrency: number, limits: RateLimits = {}, downLimitMs?: number): void {
    if (downLimitMs !== undefined) this.#downLimitMs = downLimitMs
    for (const { window } of this.#roster.replicas) window.configure(concurrency)
    this.#rate.configure(limits)
    // The caller that opens it again may have mended the key.
    this.#roster.forgive()
    this.admit()
  }

  /** Begins a request with all its calls. Call the result when the request has ended. */
  begin(): () => void {
    this.#underWay++
    return () => {
      this.#underWay--
      this.#noteIdle()
    }
  }

  /**
   * Waits for a slot. Rejects with the scope's reason, or with an {@link Outage} when all replicas
   * stay away.
   */
  acquire(request: SlotRequest): Promise<Permit> {
    const { scope, owner, priority = 0, isRetry = false, prefix = '', estimate = nothing } = request
    const { avoid = noReplica, isFirst = !isRetry } = request
    return new Promise((resolve, reject) => {
      if (scope.reason) return reject(scope.reason)
      const { refusal } = this.#roster
      if (refusal) return reject(refusal)
      const waiter: Waiter = {
        owner,
        priority,
        isRetry,
        prefix,
        avoid,
        isFirst,
        estimate,
        passedBy: 0,
        hasLeft: false,
        likes: undefined,
        grant: (permit) => (leave(), resolve(permit)),
        refuse: (error) => (leave(), reject(error)),
      }
      const leave = scope.onCancel((reason) => {
        this.#line.leave(waiter)
        if (this.#line.size === 0) this.#rest()
        reject(reason)
      })
      this.#line.join(waiter)
      for (const replica of this.#roster.replicas) replica.watchers.add(this)
      this.admit()
    })
  }

  /**
   * A slot for a second copy of a running call, on another replica if the endpoint has several.
   * Null when the copy would have to wait.
   */
  tryAcquire(estimate: Estimate, running: Replica): Permit | null {
    const now = this.#clock.now()
    if (this.#line.size > 0 || this.#isFull(now) || this.#rate.waitFor(estimate, now) > 0) return null
    const free = this.#roster.free(now).filter((replica) => !replica.isAway)
    const isOnly = this.#roster.usable(now).length === 1
    const replica = free.find((each) => each !== running) ?? (isOnly ? free[0] : undefined)
    return replica ? this.#permit(replica, estimate, false) : null
  }

  /**
   * A reply is durable, or given up. Until then it counts as in flight here, but not for its
   * replica, so that a kill pays again for no more requests than there are slots.
   */
  saved(): void {
    this.#unsaved--
    this.admit()
  }

  /**
   * Takes out a replica that refuses everyone. When no replica is left (`last`), all waiting
   * requests are refused.
   */
  remove(replica: Replica, error: Error): Removal {
    const removal = this.#roster.remove(replica, error)
    if (removal === 'last') this.#refuseAll(error)
    else this.admit()
    return removal
  }

  /** Whether a refusal is the replica's answer to everyone, and not to this request alone. */
  refusesAll(replica: Replica, refusal: Refusal, scope: Scope): Promise<boolean> {
    const judged = replica.refusals.judge(refusal, scope)
    this.#noteIdle()
    return judged
  }

  /** Whether a replica works that is not among these. */
  hasOther(tried: ReadonlySet<Replica>): boolean {
    return this.#roster.usable().some((replica) => !tried.has(replica) && !replica.isAway)
  }

  /** Another replica served what this one had refused. True when this one must be taken out. */
  disproved(replica: Replica): boolean {
    return this.#roster.disproved(replica)
  }

  /** Milliseconds for which an outage is waited for. */
  get downLimitMs(): number {
    return this.#downLimitMs
  }

  /** Whether one request alone is under way. */
  get isAlone(): boolean {
    return this.#underWay === 1
  }

  /**
   * Fills free slots. Each decision reads the clock once. After it the line is empty, or a timer is
   * set, or a call runs that looks at the line when it ends.
   */
  admit(): void {
    while (this.#line.size > 0) {
      const lookAgainIn = this.#admitNext(this.#clock.now())
      if (lookAgainIn !== undefined) return this.#wait(lookAgainIn)
    }
    this.#rest()
  }

  /**
   * Gives one free slot to the next request. Returns undefined then, and otherwise the milliseconds
   * after which the line must be looked at again, or {@link whenSomeCallEnds}.
   */
  #admitNext(now: number): number | undefined {
    if (this.#isFull(now)) return whenSomeCallEnds
    const free = this.#roster.free(now)
    if (free.length === 0) return this.#untilResume(now)
    const suits = (each: Waiter) => this.#placement.suits(each, free, now)
    const waiter = this.#line.next(this.#roster.replicas.length > 1 ? suits : undefined)
    // Only retries wait, for another replica that works but is full.
    if (!waiter) return this.#untilResume(now)
    const wait = this.#rate.waitFor(waiter.estimate, now)
    if (wait > 0) return wait
    const replica = this.#placement.choose(waiter, free)
    if (!replica) return whenSomeCallEnds
    this.#line.leave(waiter)
    this.#line.took(waiter)
    waiter.grant(this.#permit(replica, waiter.estimate, waiter.isFirst))
    return undefined
  }

  /** Milliseconds until a paused replica may be probed, or until one that is out may be tried. */
  #untilResume(now: number): number {
    const times = this.#roster.usable(now).flatMap((replica) => replica.resumesAt(now) ?? [])
    return Math.min(whenSomeCallEnds, ...times, this.#roster.returnsAt ?? whenSomeCallEnds) - now
  }

  #wait(lookAgainIn: number): void {
    const isSure = this.#inFlight + this.#unsaved > 0 || this.#roster.replicas.some(({ inFlight }) => inFlight > 0)
    this.#wakeUp.wait(lookAgainIn, isSure)
  }

  /** Nobody waits, and a timer that stayed would keep the process alive. */
  #rest(): void {
    this.#wakeUp.rest()
    for (const replica of this.#roster.replicas) replica.watchers.delete(this)
  }

  #refuseAll(error: Error): void {
    for (const waiter of this.#line.clear()) waiter.refuse(error)
    this.#rest()
  }

  /**
   * Whether running calls and unsaved replies fill the configured slots. The windows are not used:
   * they measure what the replicas take, so a slow store would look like a smaller replica and
   * would shrink them again and again.
   */
  #isFull(now: number): boolean {
    const slots = this.#roster.usable(now).reduce((sum, { window }) => sum + window.configured, 0)
    return this.#inFlight + this.#unsaved >= slots
  }

  #permit(replica: Replica, estimate: Estimate, isFirst: boolean): Permit {
    const start = replica.take()
    const book = this.#rate.take(estimate)
    this.#inFlight++
    let isReleased = false
    return {
      replica,
      release: ({ health, retryAfterMs, detail = '', counted, isUnsaved = false }) => {
        if (isReleased) return undefined
        isReleased = true
        this.#inFlight--
        if (isUnsaved) this.#unsaved++
        book(counted ?? (notTaken.has(health) ? null : undefined))
        if (health === 'limited') this.#rate.hold(retryAfterMs ?? 1000)
        if (health === 'ok') this.#roster.served(replica)
        const isLong = (retryAfterMs ?? 0) > this.#downLimitMs
        const hasOthers = this.#roster.usable().some((each) => each !== replica && !each.isAway)
        const isDown = replica.note({ start, health, retryAfterMs, hasOthers, isFirst, isLong })
        if (detail !== '') this.#detail = detail
        const outage = isDown || health === 'limited' ? this.#giveUp() : undefined
        replica.tellWatchers()
        return outage
      },
    }
  }

  /**
   * When all requests under way wait to learn whose fault a refusal was, no answer will tell them.
   */
  #noteIdle(): void {
    const open = this.#roster.replicas.reduce((sum, { refusals }) => sum + refusals.open, 0)
    if (open === 0 || open < this.#underWay) return
    for (const { refusals } of this.#roster.replicas) refusals.idle()
  }

  /**
   * Ends all waits when all replicas have been away for too long, or when the server says that it
   * takes no call for longer than that.
   */
  #giveUp(): Outage | undefined {
    const state = this.#outage(this.#clock.now())
    if (!state || state.leftMs > 0) return undefined
    const error = outageOf(state, Date.now())
    for (const replica of this.#roster.usable()) replica.forgive()
    this.#rate.release()
    this.#refuseAll(error)
    return error
  }

  /** The outage that all requests wait for; null while a replica works. */
  #outage(now: number): OutageState | null {
    const replicas = this.#roster.usable(now)
    return outageNow(replicas, {
      now,
      limitMs: this.#downLimitMs,
      heldMs: this.#rate.heldFor(now),
      detail: this.#detail,
    })
  }

  /** What all requests wait for, and until when; null while a replica works. */
  get waiting(): Waiting | null {
    const state = this.#underWay > 0 ? this.#outage(this.#clock.now()) : null
    return state && waitingOf(state, Date.now())
  }
}
