import { AskFailure } from './ask.ts'
import { sleep } from './scope.ts'
import type { Clock } from './clock.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { Limiter } from './limiter.ts'
import type { Estimate } from './rate-limit.ts'
import type { Completion } from './replies/completion.ts'
import type { StoredReply } from './reply-store.ts'
import type { RequestBody } from './request-body.ts'
import { Scope } from './scope.ts'
import type { Permit, Release, SlotRequest } from './slots.ts'
import type { CallResult, PaidFor } from './call-result.ts'
import type { ReplicaClient } from './replica-client.ts'
import type { Replica } from './replica.ts'

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

export type Paid = Completion & Pick<StoredReply, 'latencyMs' | 'attempts'>

// A request that is refused again and again while others pass would wait for ever. 64 refusals take
// hours.
const maxRejections = 64
const longestDelayMs = 30_000

/**
 * Calls until there is a reply. The caller tells the limiter when that reply is saved. Throws
 * AskFailure when this request cannot be answered (`deadline` when its time is over), Outage when
 * all servers stay away, HoneError for an error that hits every row, and the scope's reason.
 */
export async function callUntilAnswered(attempts: Attempts): Promise<Paid> {
  const { target, clock } = attempts
  const scope = new Scope(attempts.scope)
  const end = target.limiter.begin()
  let cancelDeadline: (() => void) | undefined
  const startDeadline = () => {
    const { deadlineSeconds } = target.endpoint
    if (deadlineSeconds === undefined) return
    cancelDeadline = clock.after(deadlineSeconds * 1000, () =>
      scope.cancel(new AskFailure('deadline', `no reply within the endpoint's deadline of ${deadlineSeconds} s`)),
    )
  }
  try {
    return await untilAnswered(attempts, scope, startDeadline)
  } finally {
    cancelDeadline?.()
    scope.close()
    end()
  }
}

async function untilAnswered(attempts: Attempts, scope: Scope, startDeadline: () => void): Promise<Paid> {
  const { target, estimate, slot, retries, clock, random } = attempts
  const { limiter } = target
  let failures = 0
  let rejections = 0
  let calls = 0
  let avoid: Replica | undefined
  for (;;) {
    const permit = await limiter.acquire({ ...slot, scope, estimate, isRetry: calls > 0, avoid })
    if (calls === 0) {
      attempts.onBegun()
      startDeadline()
    }
    const { replica } = permit
    avoid = replica
    const copies = await callWithCopy(attempts, permit, scope)
    calls += copies.length
    for (const copy of copies) if (copy.result.kind === 'failed' && copy.result.paid) attempts.onPaid(copy.result.paid)
    const { result } = best(copies)
    if (result.kind === 'ok') {
      // Only one of two replies that came at once is saved.
      for (const copy of copies) if (copy.result.kind === 'ok' && copy.result !== result) limiter.saved()
      return { ...result.completion, latencyMs: Math.round(result.latencyMs), attempts: calls }
    }
    for (const { outage } of copies) if (outage) throw outage
    if (result.kind === 'refused') throw result.error
    if (result.kind === 'away') continue
    if (result.kind === 'fatal' || result.kind === 'doubtful') {
      if (result.kind === 'doubtful' && !(await limiter.refusesAll(replica, scope))) throw result.error
      const fatal = result.kind === 'fatal' ? result.error : result.fatal
      const removal = limiter.remove(replica, fatal)
      if (removal === 'last') throw fatal
      if (removal === 'removed') attempts.onWarning(`${fatal.message}. The other servers go on without it`)
      continue
    }
    const isRefused = result.kind === 'overloaded' || result.kind === 'limited'
    const again = isRefused ? ++rejections < maxRejections : ++failures < retries.attempts
    if (!again) {
      const reason = isRefused ? `http-${result.status}` : result.reason
      throw new AskFailure(reason, `${result.detail} (after ${calls} calls)`)
    }
    const backOff = Math.min(longestDelayMs, retries.baseMs * 2 ** (Math.max(failures, rejections) - 1))
    // Jitter on the upper half: enough to spread a burst, and never a retry at once.
    const jittered = backOff * (0.5 + random() / 2)
    await sleep(clock, isRefused ? Math.max(jittered, result.retryAfterMs ?? 0) : jittered, scope)
  }
}

interface Ended {
  result: CallResult
  outage: Error | undefined
}

/** The call that brought a reply. When neither did, the first call and not its copy. */
function best([first, second]: readonly Ended[]): Ended {
  if (!first) throw new RangeError('no call ended')
  return second?.result.kind === 'ok' ? second : first
}

/**
 * One call, with a copy beside it when it takes unusually long and a slot is free. The first reply
 * ends the other call.
 */
async function callWithCopy(attempts: Attempts, permit: Permit, parent: Scope): Promise<Ended[]> {
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
