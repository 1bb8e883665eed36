import type { Attempts } from './target.ts'
import type { CallResult } from './call-result.ts'
import type { Outage } from './failures.ts'
import { Scope } from './scope.ts'
import type { Permit, Release } from './slots.ts'

/** How a call ended, and the outage if its endpoint counts as away because of it. */
export interface Ended {
  result: CallResult
  outage: Outage | undefined
}

/** The call that brought a reply. When neither did, the first call and not its copy. */
export function best([first, second]: readonly Ended[]): Ended {
  if (!first) throw new RangeError('no call ended')
  return second?.result.kind === 'ok' ? second : first
}

/**
 * One call, with a copy beside it when it takes unusually long and a slot is free. The first reply
 * ends the other call.
 */
export async function callWithCopy(attempts: Attempts, permit: Permit, parent: Scope): Promise<Ended[]> {
  const { target, estimate, clock } = attempts
  const { hedge } = target.endpoint
  target.limiter.latencies.began()
  if (!hedge) return [await callOnce(attempts, permit, parent)]
  const threshold = target.limiter.latencies.percentile(hedge.percentile)
  if (threshold === undefined) return [await callOnce(attempts, permit, parent)]
  const firstScope = new Scope(parent)
  const secondScope = new Scope(parent)
  const won = new Error('the other copy of this call was faster')
  let second: Promise<Ended | null> | undefined
  const cancelTimer = clock.after(Math.max(threshold, (hedge.minSeconds ?? 0) * 1000), () => {
    if (!target.limiter.latencies.mayCopy()) return
    const other = target.limiter.tryAcquire(estimate, permit.replica)
    if (!other) return target.limiter.latencies.noCopy()
    second = callOnce(attempts, other, secondScope).then(
      (ended) => {
        if (ended.result.kind === 'ok') firstScope.cancel(won)
        return ended
      },
      () => null,
    )
  })
  try {
    let first: Ended | null
    try {
      first = await callOnce(attempts, permit, firstScope)
    } catch (error) {
      if (error !== won) {
        void second?.then((copy) => copy?.result.kind === 'ok' && target.limiter.saved())
        throw error
      }
      first = null
    }
    cancelTimer()
    if (first?.result.kind === 'ok') secondScope.cancel(won)
    const ended = [first, (await second) ?? null]
    // A call that its copy overtook was sent all the same: it counts as a call without a reply.
    const cut: Ended = {
      result: { kind: 'away', reason: 'overtaken', retryAfterMs: undefined, detail: won.message },
      outage: undefined,
    }
    return ended.flatMap((each, index) => (each ? [each] : index === 0 || second ? [cut] : []))
  } finally {
    cancelTimer()
    secondScope.cancel(won)
    firstScope.close()
  }
}

async function callOnce({ target, body }: Attempts, permit: Permit, scope: Scope): Promise<Ended> {
  let result: CallResult
  try {
    result = await target.clientOf(permit.replica).call(body, scope)
  } catch (error) {
    permit.release({ health: 'left' })
    throw error
  }
  if (result.kind === 'ok') target.limiter.latencies.note(result.latencyMs)
  return { result, outage: permit.release(releaseOf(result)) }
}

function releaseOf(result: CallResult): Release {
  if (result.kind === 'ok') return { health: 'ok', counted: result.completion, isUnsaved: true }
  if (result.kind === 'refused' || result.kind === 'doubtful' || result.kind === 'fatal') return { health: 'answered' }
  const { kind, detail } = result
  const health = kind === 'away' ? 'unreachable' : kind
  return { health, detail, ...('retryAfterMs' in result && { retryAfterMs: result.retryAfterMs }) }
}
