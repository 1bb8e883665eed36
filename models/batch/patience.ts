import type { Clock } from '../clock.ts'
import { Outage } from '../failures.ts'
import type { Waiting } from '../outage.ts'
import type { Asked } from '../replies/answer.ts'
import type { Scope } from '../scope.ts'
import { sleep } from '../scope.ts'
import { CallFailed } from './call-failed.ts'

export interface Patience {
  clock: Clock
  scope: Scope
  /** Longest time without a success. */
  outageMs: number
  /** Pause after the first failure; doubled after each. */
  firstPauseMs: number
  asked(): Promise<Asked>
  /** Called with what is wrong after each failure, and with null when a call succeeds again. */
  onTrouble(trouble: Waiting | null): void
}

const longestPauseMs = 30_000

/**
 * Repeats a call of the batch API until it succeeds. Throws HoneError for a refusal that no
 * repetition mends, Outage after `outageMs`, and every error that is not of the call.
 */
export async function patiently<Result>(patience: Patience, call: () => Promise<Result>): Promise<Result> {
  const { clock, scope, outageMs, firstPauseMs } = patience
  let began: number | undefined
  for (let failures = 0; ; failures++) {
    try {
      const result = await call()
      if (failures > 0) patience.onTrouble(null)
      return result
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error
      const asked = await patience.asked()
      const lasting = error.lasting(asked)
      if (lasting) throw lasting
      began ??= clock.now()
      const { retryAfterMs } = error
      if (clock.now() - began >= outageMs || retryAfterMs > outageMs)
        throw new Outage(`the batch API of ${asked.baseUrl} does not work: ${error.message}`, {
          cause: error,
          retryAt: retryAfterMs > 0 ? new Date(Date.now() + retryAfterMs) : undefined,
        })
      const now = Date.now()
      const goneMs = clock.now() - began
      const [since, until] = [new Date(now - goneMs), new Date(now + outageMs - goneMs)]
      patience.onTrouble({ urls: [asked.baseUrl], detail: error.message, since, until })
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** failures)
      await sleep(clock, Math.max(pauseMs, retryAfterMs), scope)
    }
  }
}
