import { systemClock } from './clock.ts'
import type { Clock } from './clock.ts'
import type { Outage } from './failures.ts'
import { Latencies } from './latencies.ts'
import type { Waiting } from './outage.ts'
import { OutageWatch } from './outage-watch.ts'
import { Placement } from './placement.ts'
import type { Placed } from './placement.ts'
import { RateLimit } from './rate-limit.ts'
import type { Estimate, RateLimits } from './rate-limit.ts'
import type { CallHealth, Replica } from './replica.ts'
import { Roster } from './roster.ts'
import type { Removal } from './roster.ts'
import type { Permit, SlotRequest } from './slots.ts'
import { UnderWay } from './under-way.ts'
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
  estimate: Estimate
  grant(permit: Permit): void
  refuse(error: Error): void
}

/** Calls that the server did not take cost it no tokens. */
const notTaken = new Set<CallHealth>(['overloaded', 'limited', 'unreachable'])
const noReplica: ReadonlySet<Replica> = new Set()
const nothing: Estimate = { promptTokens: 0, maxTokens: 0 }
/** Two of a replica's longest pauses: a limiter gets its turn to probe in that time. */
const othersGraceMs = 10_000

/**
 * The slots of one endpoint, shared by the whole process: a sliding window over its replicas,
 * without batches. Requests wait in one line for all replicas, so that requests of a replica that
 * is away go to the others at once.
 */
export class Limiter {
  readonly latencies = new Latencies()
  readonly roster: Roster
  readonly #placement: Placement
  readonly #clock: Clock
  readonly #outage: OutageWatch
  readonly #wakeUp: WakeUp
  readonly #rate: RateLimit
  readonly #line = new WaitingLine<Waiter>()
  readonly underWay: UnderWay
  /** Calls of this endpoint. Other endpoints may share its replicas. */
  #inFlight = 0
  #unsaved = 0

  constructor(options: LimiterOptions) {
    const { replicas, clock = systemClock, downLimitMs = 60_000, onLostWake, ...limits } = options
    this.roster = new Roster(replicas, clock)
    this.#placement = new Placement(this.roster)
    this.underWay = new UnderWay(replicas)
    this.#clock = clock
    this.#wakeUp = new WakeUp(clock, () => this.admit(), onLostWake)
    this.#rate = new RateLimit(clock, limits)
    this.#outage = new OutageWatch({ roster: this.roster, rate: this.#rate, clock, limitMs: downLimitMs })
  }

  /**
   * Over all replicas: slots in use, and slots allowed right now. Also replies that are not saved
   * yet, and requests that wait.
   */
  get state(): { inFlight: number; window: number; unsaved: number; waiting: number } {
    const sum = (of: (replica: Replica) => number) =>
      this.roster.usable().reduce((total, replica) => total + of(replica), 0)
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
    if (downLimitMs !== undefined) this.#outage.limitMs = downLimitMs
    for (const { window, refusals } of this.roster.replicas) {
      window.configure(concurrency)
      refusals.forget()
    }
    this.#rate.configure(limits)
    // The caller that opens it again may have mended the key.
    this.roster.forgive()
    this.admit()
  }

  /** Begins a request with all its calls. Call the result when the request has ended. */
  begin(): () => void {
    if (this.underWay.count === 0) this.#outage.busy()
    return this.underWay.begin()
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
      const { refusal } = this.roster
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
      for (const replica of this.roster.replicas) replica.watchers.add(this)
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
    const free = this.roster.free(now).filter((replica) => !replica.isAway)
    const isOnly = this.roster.usable(now).length === 1
    const replica = free.find((each) => each !== running) ?? (isOnly ? free[0] : undefined)
    return replica ? this.#permit(replica, estimate) : null
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
    const removal = this.roster.remove(replica, error)
    if (removal === 'last') this.#refuseAll(error)
    else this.admit()
    return removal
  }

  /** Milliseconds for which an outage is waited for. */
  get downLimitMs(): number {
    return this.#outage.limitMs
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
    const free = this.roster.free(now)
    if (free.length === 0) {
      // Another limiter's calls found the replicas away, for longer than this one waits. Its own
      // calls would have told sooner.
      if (this.#inFlight === 0 && this.#giveUp(now, othersGraceMs)) return undefined
      return this.#untilResume(now)
    }
    const suits = (each: Waiter) => this.#placement.suits(each, free, now)
    const waiter = this.#line.next(this.roster.replicas.length > 1 ? suits : undefined)
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
    const times = this.roster.usable(now).flatMap((replica) => replica.resumesAt(now) ?? [])
    return Math.min(whenSomeCallEnds, ...times, this.roster.returnsAt ?? whenSomeCallEnds) - now
  }

  #wait(lookAgainIn: number): void {
    const isSure = this.#inFlight + this.#unsaved > 0 || this.roster.replicas.some(({ inFlight }) => inFlight > 0)
    this.#wakeUp.wait(lookAgainIn, isSure)
  }

  /** Nobody waits, and a timer that stayed would keep the process alive. */
  #rest(): void {
    this.#wakeUp.rest()
    for (const replica of this.roster.replicas) replica.watchers.delete(this)
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
    const slots = this.roster.usable(now).reduce((sum, { window }) => sum + window.configured, 0)
    return this.#inFlight + this.#unsaved >= slots
  }

  #permit(replica: Replica, estimate: Estimate, isFirst = false): Permit {
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
        if (health === 'ok') this.roster.served(replica)
        const isLong = (retryAfterMs ?? 0) > this.#outage.limitMs
        const hasOthers = this.roster.usable().some((each) => each !== replica && !each.isAway)
        const tells = isFirst || this.#line.firsts > 0
        const isDown = replica.note({ start, health, retryAfterMs, hasOthers, tells, isLong })
        this.#outage.heard(detail)
        const outage = isDown || health === 'limited' ? this.#giveUp(this.#clock.now()) : undefined
        replica.tellWatchers()
        return outage
      },
    }
  }

  /** Ends all waits when the replicas have been away for too long, or say that they will be. */
  #giveUp(now: number, graceMs = 0): Outage | undefined {
    const error = this.#outage.end(now, graceMs)
    if (error) this.#refuseAll(error)
    return error
  }

  /** What all requests wait for, and until when; null while a replica works. */
  get waiting(): Waiting | null {
    return this.underWay.count > 0 ? this.#outage.waiting : null
  }
}
