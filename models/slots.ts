import type { Outage } from './failures.ts'
import type { Counted, Estimate } from './rate-limit.ts'
import type { CallHealth, Replica } from './replica.ts'
import type { Scope } from './scope.ts'

/** How a call ended, for its replica and its endpoint. */
export interface Release {
  health: CallHealth
  /** Milliseconds that the replica asks for. */
  retryAfterMs?: number | undefined
  /** Quoted in the outage when the endpoint is given up. */
  detail?: string
  /** Tokens that a reply took. */
  counted?: Counted
  /** The call left a reply: its slot is free again with `Limiter.saved`. */
  isUnsaved?: boolean
}

/** A slot of a replica. */
export interface Permit {
  readonly replica: Replica
  /**
   * Gives the slot back, once. Returns the outage if the endpoint counts as away because of this
   * call.
   */
  release(how: Release): Outage | undefined
}

/** A request for a slot. */
export interface SlotRequest {
  scope: Scope
  /** Owners of one priority take turns. */
  owner: object
  /** Higher ones go first; 0 where absent. */
  priority?: number
  /** Goes before new work, so that the slowest rows do not pile up at the end of a step. */
  isRetry?: boolean
  /** Whether it is the first call of its request. False where absent, unless it is no retry. */
  isFirst?: boolean
  /** Requests that begin alike go to one replica while it has room. */
  prefix?: string
  /** Replicas that failed it or refused it. Others are preferred. */
  avoid?: ReadonlySet<Replica> | undefined
  estimate?: Estimate
}
