import type { PaidFor } from './call-result.ts'
import type { Clock } from './clock.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { Limiter } from './limiter.ts'
import type { Estimate } from './rate-limit.ts'
import type { ReplicaClient } from './replica-client.ts'
import type { Replica } from './replica.ts'
import type { RequestBody } from './request-body.ts'
import type { Scope } from './scope.ts'
import type { SlotRequest } from './slots.ts'

/** An endpoint as an engine asks it. */
export interface Target {
  endpoint: ResolvedEndpoint
  limiter: Limiter
  clientOf(replica: Replica): ReplicaClient
}

export interface Attempts {
  target: Target
  body: RequestBody
  estimate: Estimate
  slot: Pick<SlotRequest, 'owner' | 'priority' | 'prefix'>
  scope: Scope
  retries: { attempts: number; baseMs: number }
  clock: Clock
  random: () => number
  /** Called when the request has its first slot. */
  onBegun(): void
  /** Called for each reply that was paid for and cannot be used. */
  onPaid(paid: PaidFor): void
  onWarning(message: string): void
}
