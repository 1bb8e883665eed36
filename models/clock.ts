/** Time as a parameter, so that tests of limits and retries need not wait. */
export interface Clock {
  /** Milliseconds, from any origin. */
  now(): number
  /** Calls `run` once after `ms`; the result cancels it. */
  after(ms: number, run: () => void): () => void
}

// A longer timer of Node would fire at once. Who waits for longer looks again after 24.8 days.
const longestMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(longestMs, Math.max(0, ms)))
    return () => clearTimeout(timer)
  },
}

/** The signal's reason as an Error. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('cancelled', { cause: signal.reason })
}
