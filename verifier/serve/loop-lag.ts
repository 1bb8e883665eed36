import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the loop is looked at. The histogram contains this interval; the lag is what goes beyond it. Milliseconds. */
const RESOLUTION_MS = 10
/** A reading covers one to two windows, so that an old peak goes and a new one is not missed between two scrapes. */
const WINDOW_MS = 30_000

/** Lag of the event loop in seconds. */
export type LoopLag = { p50: number; p99: number; max: number }

/** Watches how late this process's event loop is. Does not keep the process alive. */
export function watchLoopLag(): { read: () => LoopLag; stop: () => void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let before: LoopLag = { p50: 0, p99: 0, max: 0 }
  const lag = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1e3)
  const now = (): LoopLag =>
    histogram.count === 0
      ? { p50: 0, p99: 0, max: 0 }
      : { p50: lag(histogram.percentile(50)), p99: lag(histogram.percentile(99)), max: lag(histogram.max) }
  const timer = setInterval(() => {
    before = now()
    histogram.reset()
  }, WINDOW_MS).unref()
  return {
    read: () => {
      const current = now()
      return {
        p50: Math.max(before.p50, current.p50),
        p99: Math.max(before.p99, current.p99),
        max: Math.max(before.max, current.max),
      }
    },
    stop: () => {
      clearInterval(timer)
      histogram.disable()
    },
  }
}
