import { HoneError } from '../domain/errors.ts'
import { AskFailure } from './ask.ts'
import type { Attempts } from './target.ts'
import type { CallResult } from './call-result.ts'
import type { Outage } from './failures.ts'
import type { Refusal } from './refusals.ts'
import type { Replica } from './replica.ts'
import type { Removal } from './roster.ts'
import type { Scope } from './scope.ts'
import type { SlotRequest } from './slots.ts'

// A request that is refused again and again while others pass would wait for ever. 64 refusals take
// hours.
const maxRejections = 64
const longestDelayMs = 30_000
/** A row fails when two replicas refuse it, and not before, if there are two. */
const enoughRefusers = 2

type BadResult = Exclude<CallResult, { kind: 'ok' }>
type Refused = Extract<CallResult, { kind: 'refused' | 'doubtful' }>

/** What one request has been through, and what it does after a call that brought no reply. */
export class Course {
  calls = 0
  readonly #attempts: Attempts
  readonly #scope: Scope
  #failures = 0
  #rejections = 0
  /** The replica of the last call. */
  #last: Replica | undefined
  /** Replicas that refused the request, with what they said. */
  readonly #refusers = new Map<Replica, Refused>()
  /** Successes of a replica when it was away for this request. */
  readonly #awayAt = new Map<Replica, number>()
  /** The last call ended badly because its replica is away. */
  #wasAway = false

  constructor(attempts: Attempts, scope: Scope) {
    this.#attempts = attempts
    this.#scope = scope
  }

  /**
   * The slot that the next call wishes for. After an outage the request goes back to the end of the
   * line, so that each probe is another request: a request that makes its server fail must not hold
   * up the probe that would succeed.
   */
  get wish(): Pick<SlotRequest, 'isRetry' | 'isFirst' | 'avoid'> {
    const avoid = new Set(this.#refusers.keys())
    if (this.#last && avoid.size === 0) avoid.add(this.#last)
    return { isRetry: this.calls > 0 && !this.#wasAway, isFirst: this.calls === 0, avoid }
  }

  /**
   * Decides after a bad call. Returns the milliseconds to wait before the next call. Throws
   * AskFailure when the request has failed, and HoneError when every request is refused.
   */
  async next(replica: Replica, result: BadResult): Promise<number> {
    this.#last = replica
    this.#wasAway = false
    switch (result.kind) {
      case 'away':
        return this.#away(replica, result)
      case 'refused':
      case 'doubtful':
        return await this.#refused(replica, result)
      case 'fatal':
        return this.#refusedByAll(replica, result.error)
      case 'overloaded':
      case 'limited':
        if (++this.#rejections >= maxRejections) throw this.#failure(`http-${result.status}`, result.detail)
        return this.#delay(result.retryAfterMs)
      case 'silent':
      case 'failed':
        break
    }
    this.#wasAway = replica.isAway
    if (replica.isAway) return 0
    return this.#failed(result.reason, result.detail, 'retryAfterMs' in result ? result.retryAfterMs : undefined)
  }

  /** A call succeeded: replicas that had refused the request were wrong. */
  served(): void {
    const { target } = this.#attempts
    for (const [replica, { error }] of this.#refusers) {
      if (!target.limiter.roster.disproved(replica)) continue
      const message = `endpoint "${target.endpoint.name}": ${replica.url} refuses requests that another server takes: ${error.message}`
      const nextStep = `mend ${replica.url}, or take it out of the endpoint's URLs`
      this.#takeOut(replica, new HoneError({ type: 'EndpointRefused', message, nextStep }))
    }
  }

  /**
   * What an outage is for this request. A server that served others, and is away for a single last
   * request alone, is at fault for that row only: else a row that makes its server fail would end
   * each new try of its step.
   */
  endOf(outage: Outage, replica: Replica, result: BadResult): Error {
    const isRows =
      result.kind === 'away' &&
      result.reason.startsWith('http-') &&
      replica.successes > 0 &&
      this.#attempts.target.limiter.underWay.isAlone
    return isRows && outage.retryAt === undefined ? this.#failure(result.reason, result.detail) : outage
  }

  /** An outage costs the request nothing, unless the replica served others between two outages. */
  #away(replica: Replica, { reason, detail }: Extract<CallResult, { kind: 'away' }>): number {
    this.#wasAway = true
    const before = this.#awayAt.get(replica)
    this.#awayAt.set(replica, replica.successes)
    return before !== undefined && replica.successes > before ? this.#failed(reason, detail, undefined) : 0
  }

  async #refused(replica: Replica, result: Refused): Promise<number> {
    const { limiter } = this.#attempts.target
    this.#refusers.set(replica, result)
    const { roster } = limiter
    const goesOn = this.#refusers.size < enoughRefusers && roster.hasOther(new Set(this.#refusers.keys()))
    if (goesOn) roster.refused(replica)
    else if (this.#refusers.size > 1) for (const refuser of this.#refusers.keys()) roster.confirmed(refuser)
    if (result.kind === 'refused') {
      if (goesOn) return 0
      throw result.error
    }
    const { error, fatal } = result
    const refusal = refusalOf(result)
    if (goesOn) return replica.refusals.note(refusal) ? this.#refusedByAll(replica, fatal) : 0
    if (await limiter.underWay.judge(replica, refusal, this.#scope)) return this.#refusedByAll(replica, fatal)
    // A key that works for others is refused for no row: a gateway lost its way once.
    if (refusal.isOfKey) return this.#failed(error.reason, error.message, undefined)
    throw error
  }

  #refusedByAll(replica: Replica, fatal: HoneError): number {
    if (this.#takeOut(replica, fatal) === 'last') throw fatal
    return 0
  }

  #takeOut(replica: Replica, error: HoneError): Removal {
    const removal = this.#attempts.target.limiter.remove(replica, error)
    if (removal === 'removed') this.#attempts.onWarning(`${error.message}. The other servers go on without it`)
    return removal
  }

  #failed(reason: string, detail: string, retryAfterMs: number | undefined): number {
    if (++this.#failures >= this.#attempts.retries.attempts) throw this.#failure(reason, detail)
    return this.#delay(retryAfterMs)
  }

  /** A server that takes no call for longer is an outage, which the limiter ends. */
  #delay(retryAfterMs = 0): number {
    return Math.max(this.#backOff(), Math.min(retryAfterMs, this.#attempts.target.limiter.downLimitMs))
  }

  #failure(reason: string, detail: string): AskFailure {
    return new AskFailure(reason, `${detail} (after ${this.calls} calls)`)
  }

  #backOff(): number {
    const { retries, random } = this.#attempts
    const backOff = Math.min(longestDelayMs, retries.baseMs * 2 ** (Math.max(this.#failures, this.#rejections) - 1))
    // Jitter on the upper half: enough to spread a burst, and never a retry at once.
    return backOff * (0.5 + random() / 2)
  }
}

function refusalOf({ error, words }: Extract<Refused, { kind: 'doubtful' }>): Refusal {
  const isOfKey = error.reason === 'http-401'
  return { words, isOfKey, isOfAccess: isOfKey || error.reason === 'http-403' || error.reason === 'http-404' }
}
