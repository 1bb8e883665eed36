import { AskFailure } from './ask.ts'
import { sleep } from './scope.ts'
import type { Completion } from './replies/completion.ts'
import type { StoredReply } from './reply-store.ts'
import { Scope } from './scope.ts'
import type { Attempts } from './target.ts'
import { Course } from './course.ts'
import { best, callWithCopy } from './hedged-call.ts'

export type Paid = Completion & Pick<StoredReply, 'latencyMs' | 'attempts'>

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
  const { target, estimate, slot, clock } = attempts
  const { limiter } = target
  const course = new Course(attempts, scope)
  for (;;) {
    const permit = await limiter.acquire({ ...slot, ...course.wish, scope, estimate })
    if (course.calls === 0) {
      attempts.onBegun()
      startDeadline()
    }
    const { replica } = permit
    const copies = await callWithCopy(attempts, permit, scope)
    course.calls += copies.length
    for (const copy of copies) if (copy.result.kind === 'failed' && copy.result.paid) attempts.onPaid(copy.result.paid)
    const { result } = best(copies)
    if (result.kind === 'ok') {
      // Only one of two replies that came at once is saved.
      for (const copy of copies) if (copy.result.kind === 'ok' && copy.result !== result) limiter.saved()
      course.served()
      return { ...result.completion, latencyMs: Math.round(result.latencyMs), attempts: course.calls }
    }
    for (const { outage } of copies) if (outage) throw course.endOf(outage, replica, result)
    const delayMs = await course.next(replica, result)
    if (delayMs > 0) await sleep(clock, delayMs, scope)
  }
}
