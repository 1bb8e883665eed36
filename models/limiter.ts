import { byAffinity } from './affinity.ts'
import { type Clock, systemClock } from './clock.ts'
import { Outage } from './failures.ts'
import { Latencies } from './latencies.ts'
import { type Counted, type Estimate, RateLimit, type RateLimits } from './rate-limit.ts'
import { type Removal, Roster } from './roster.ts'
import type { Scope } from './scope.ts'
import type { CallHealth, Server } from './replica.ts'
import { type Waiter, WaitingLine } from './waiting-line.ts'

/** How a call ended, for its server and its endpoint. */
export interface Release {
  health: CallHealth
  /** The server's own wish, in milliseconds. */
  retryAfterMs?: number | undefined
  /** Quoted when the endpoint is given up. */
  detail?: string
  /** Tokens that a reply took. */
  counted?: Counted
  /** The call left a reply: its slot is free again with {@link Limiter.saved}. */
  isUnsaved?: boolean
}

export interface Permit {
  readonly server: Server
  /** Gives the slot back, once. Returns the outage when this call was the last straw. */
  release(how: Release): Outage | undefined
}

/** What someone asks a slot for. */
export interface SlotRequest {
  scope: Scope
  /** Owners of one priority take turns. */
  owner: object
  /** Higher ones go first; 0 where absent. */
  priority?: number
  /** Goes before new work, so that the slowest rows do not pile up at the end of a step. */
  isRetry?: boolean
  /** Requests that begin alike go to one server while it has room. */
  prefix?: string
  /** The server that failed it last: another one goes before it. */
  avoid?: Server | undefined
  estimate?: Estimate
}

export interface LimiterOptions extends RateLimits {
  servers: readonly Server[]
  clock?: Clock
  /** Nothing succeeded for so long, server-asked pauses aside: everyone who waits is told. Milliseconds. */
  downLimitMs?: number
}

interface Waiting extends Waiter {
  avoid: Server | undefined
  estimate: Estimate
  /** Servers in the order in which it likes them. */
  likes: Server[] | undefined
  grant(permit: Permit): void
  refuse(error: Error): void
}

const nothing: Estimate = { promptTokens: 0, maxTokens: 0 }
/** Pause before the line is looked at again when no event is known that would wake it. */
const lookAgainMs = 20

/**
 * Slots of one endpoint, shared by the whole process: a sliding window over its servers, no batches. Who waits stands in one line
 * for all servers, so that what waited for one that is away goes to the others at once.
 */
export class Limiter {
  readonly latencies = new Latencies()
  readonly #roster: Roster
  readonly #clock: Clock
  readonly #downLimitMs: number
  readonly #rate: RateLimit
  readonly #line = new WaitingLine<Waiting>()
  /** Requests that wait, run or will be tried again. */
  #underWay = 0
  #cancelWake: (() => void) | undefined
  /** Own calls, on servers that others may share. */
  #inFlight = 0
  #unsaved = 0

  constructor({ servers, clock = systemClock, downLimitMs = 60_000, ...limits }: LimiterOptions) {
    this.#roster = new Roster(servers, clock)
    this.#clock = clock
    this.#downLimitMs = downLimitMs
    this.#rate = new RateLimit(clock, limits)
  }

  /** Slots in use and allowed right now on all servers, replies that are not saved yet, and callers that wait. */
  get state(): { inFlight: number; window: number; unsaved: number; waiting: number } {
    const sum = (of: (server: Server) => number) =>
      this.#roster.usable().reduce((total, server) => total + of(server), 0)
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

  /** Another recipe may know the same endpoint with other limits: the latest ones count. `concurrency` is of each server. */
  configure(concurrency: number, limits: RateLimits = {}): void {
    for (const { window } of this.#roster.servers) window.configure(concurrency)
    this.#rate.configure(limits)
    // Who opens it anew has perhaps mended the key.
    this.#roster.forgive()
    this.admit()
  }

  /** A request begins, with all the calls that it may take; the result ends it. */
  begin(): () => void {
    this.#underWay++
    return () => {
      this.#underWay--
      this.#noteIdle()
    }
  }

  /** Waits for a slot. Rejects with the scope's reason, or with an {@link Outage} when all servers stay away. */
  acquire(request: SlotRequest): Promise<Permit> {
    const { scope, owner, priority = 0, isRetry = false, prefix = '', avoid, estimate = nothing } = request
    return new Promise((resolve, reject) => {
      if (scope.reason) return reject(scope.reason)
      const { refusal } = this.#roster
      if (refusal) return reject(refusal)
      const waiter: Waiting = {
        owner,
        priority,
        isRetry,
        prefix,
        avoid,
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
      for (const server of this.#roster.servers) server.watchers.add(this)
      this.admit()
    })
  }

  /** A slot for a second copy of a running call, of another server where there is one; null when any would be waited for. */
  tryAcquire(estimate: Estimate, running: Server): Permit | null {
    if (this.#line.size > 0 || this.#isFull() || this.#rate.waitFor(estimate) > 0) return null
    const free = this.#roster.free().filter((server) => !server.isAway)
    const server = free.find((each) => each !== running) ?? (this.#roster.usable().length === 1 ? free[0] : undefined)
    return server ? this.#permit(server, estimate) : null
  }

  /**
   * A reply is durable, or given up. Until then it counts as in flight here, though not for its server: a kill pays again for no
   * more requests than there are slots.
   */
  saved(): void {
    this.#unsaved--
    this.admit()
  }

  /** Takes a server that refuses everyone out. `last` when no other is left: who waits is told. */
  remove(server: Server, error: Error): Removal {
    const removal = this.#roster.remove(server, error)
    if (removal === 'last') this.#refuseAll(error)
    else this.admit()
    return removal
  }

  /** Whether a 403 or 404 is the server's answer to everyone, and not to this request alone. */
  refusesAll(server: Server, scope: Scope): Promise<boolean> {
    const judged = server.refusals.judge(scope)
    this.#noteIdle()
    return judged
  }

  /** Fills free slots. */
  admit(): void {
    while (this.#line.size > 0) {
      if (this.#isFull()) return
      const free = this.#roster.free()
      if (free.length === 0) return this.#wakeAtResume()
      const waiter = this.#line.next(this.#roster.servers.length > 1 ? (each) => this.#suits(each, free) : undefined)
      // Retries that wait for a server which works but is paused.
      if (!waiter) return this.#wakeAtResume()
      const wait = this.#rate.waitFor(waiter.estimate)
      if (wait > 0) return this.#wakeAfter(wait)
      const server = this.#choose(waiter, free)
      if (!server) return
      this.#line.leave(waiter)
      this.#line.took(waiter)
      waiter.grant(this.#permit(server, waiter.estimate))
    }
    this.#rest()
  }

  /** Nobody waits: a timer that stayed would keep the process. */
  #rest(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    for (const server of this.#roster.servers) server.watchers.delete(this)
  }

  #refuseAll(error: Error): void {
    for (const waiter of this.#line.clear()) waiter.refuse(error)
    this.#rest()
  }

  /**
   * Whether running calls and unsaved replies fill the slots as configured. Not the windows: they say what the servers take, and
   * measured by them a slow store would look like a smaller server, and shrink them again and again.
   */
  #isFull(): boolean {
    const slots = this.#roster.usable().reduce((sum, { window }) => sum + window.configured, 0)
    return this.#inFlight + this.#unsaved >= slots
  }

  #likes(waiter: Waiting): Server[] {
    waiter.likes ??= byAffinity(waiter.prefix, this.#roster.servers)
    return waiter.likes
  }

  /**
   * Whether one of the free servers is the right one. New work would rather go to the server that it likes best of those that work;
   * a retry to any but the one that failed it.
   */
  #suits(waiter: Waiting, free: readonly Server[]): boolean {
    const works = (server: Server) => server !== waiter.avoid && !server.isAway
    const usable = this.#roster.usable()
    if (waiter.isRetry) return free.some(works) || !usable.some(works)
    const home = this.#likes(waiter).find((server) => works(server) && usable.includes(server))
    return home === undefined || free.includes(home)
  }

  /** Of the servers with room: one that works before a probe, another one before the one that failed it, then as it likes. */
  #choose(waiter: Waiting, free: readonly Server[]): Server | undefined {
    if (free.length < 2) return free[0]
    const rank = (server: Server) => (server.isAway ? 2 : 0) + (server === waiter.avoid ? 1 : 0)
    return this.#likes(waiter)
      .filter((server) => free.includes(server))
      .sort((a, b) => rank(a) - rank(b))[0]
  }

  #permit(server: Server, estimate: Estimate): Permit {
    const start = server.take()
    const book = this.#rate.take(estimate)
    this.#inFlight++
    let isReleased = false
    return {
      server,
      release: ({ health, retryAfterMs, detail = '', counted, isUnsaved = false }) => {
        if (isReleased) return undefined
        isReleased = true
        this.#inFlight--
        if (isUnsaved) this.#unsaved++
        book(
          counted ?? (health === 'overloaded' || health === 'limited' || health === 'unreachable' ? null : undefined),
        )
        if (health === 'limited') this.#rate.hold(retryAfterMs ?? 1000)
        if (health === 'ok') this.#served(server)
        const hasOthers = this.#roster.usable().some((each) => each !== server && !each.isAway)
        const isDown = server.note(start, health, retryAfterMs, hasOthers)
        const outage = isDown ? this.#giveUp(detail) : undefined
        this.#tellWatchers(server)
        return outage
      },
    }
  }

  #served(server: Server): void {
    this.#roster.forgive()
    server.refusals.served()
  }

  /** Who shares the server has its turn too: the highest priority first. */
  #tellWatchers(server: Server): void {
    if (server.watchers.size === 0) return
    if (server.watchers.size === 1) return [...server.watchers][0]?.admit()
    for (const watcher of [...server.watchers].sort((a, b) => b.topPriority - a.topPriority)) {
      // Asked last the next time, so that two of one priority take turns.
      if (server.watchers.delete(watcher)) server.watchers.add(watcher)
      watcher.admit()
    }
  }

  /** When all who are under way wait to know whose fault a refusal was, no answer will tell them. */
  #noteIdle(): void {
    const open = this.#roster.servers.reduce((sum, { refusals }) => sum + refusals.open, 0)
    if (open === 0 || open < this.#underWay) return
    for (const { refusals } of this.#roster.servers) refusals.idle()
  }

  #wakeAtResume(): void {
    const times = this.#roster.usable().flatMap(({ resumesAt }) => resumesAt ?? [])
    if (times.length > 0) this.#wakeAfter(Math.min(...times) - this.#clock.now())
    // A pause that ended between two looks at the clock leaves no time to wake at, and without a call under way
    // nobody else would wake the line.
    else if (this.#underWay === 0 && this.#roster.usable().length > 0) this.#wakeAfter(lookAgainMs)
  }

  #wakeAfter(ms: number): void {
    this.#cancelWake?.()
    this.#cancelWake = this.#clock.after(ms, () => {
      this.#cancelWake = undefined
      this.admit()
    })
  }

  /** Ends everyone's wait once all servers have been away for too long. */
  #giveUp(detail: string): Outage | undefined {
    const servers = this.#roster.usable()
    const downForMs = Math.min(...servers.map((server) => server.downForMs))
    if (downForMs < this.#downLimitMs || servers.some((server) => !server.isAway)) return undefined
    const error = new Outage(
      `${servers.map(({ url }) => url).join(', ')} has answered nothing for ${Math.round(downForMs / 1000)} s` +
        `${detail ? `: ${detail}` : ''}. ` +
        'Check that the model server runs and that the recipe has its right URL; the rows are tried again.',
    )
    for (const server of servers) server.forgive()
    this.#refuseAll(error)
    return error
  }
}
