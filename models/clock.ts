import type { Scope } from './scope.ts'

/** Time as a parameter, so that tests of limits and retries need not wait. */
export interface Clock {
  /** Milliseconds, from any origin. */
  now(): number
  /** Calls `run` once after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.max(0, ms))
    return () => clearTimeout(timer)
  },
}

/** Waits `ms`; rejects with the scope's reason as soon as it ends. */
export function sleep(clock: Clock, ms: number, scope: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    let cancel: () => void = () => undefined
    const leave = scope.onCancel((reason) => {
      cancel()
      reject(reason)
    })
    if (scope.reason) return
    cancel = clock.after(ms, () => {
      leave()
      resolve()
    })
  })
}

/** The signal's reason as an Error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('cancelled', { cause: signal.reason })
}
