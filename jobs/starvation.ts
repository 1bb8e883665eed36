import type { MetricPoint } from './metrics.ts'

/** Logged steps in a row that must be starved before it is said: a single unlucky batch is none. */
const LOGGED_STEPS = 6
/** Share of completions that hit the length cap. */
const CLIPPED = 0.98
/** Spread of rewards below which no advantage is left. */
const NO_SPREAD = 1e-6

/**
 * Watches GRPO for starvation: nearly all completions are cut at the length cap and none earns more than another, so there is
 * no gradient and never will be. A cap that is shorter than what the model writes does it (Vision-R1 caps its first
 * phase at 4K tokens, arXiv 2503.06749), and such a job would burn its GPU hours to the end.
 *
 * Feed it the points of each look; it answers true once the last six logged steps were all starved. Points that come twice
 * count once. Unknown numbers are no sign of starvation.
 */
export function createStarvationWatch(): (points: readonly MetricPoint[]) => boolean {
  const byStep = new Map<number, { clipped?: number; spread?: number }>()
  return (points) => {
    for (const { step, canonical, value } of points) {
      const seen = byStep.get(step) ?? {}
      if (canonical === 'completion.clipped') seen.clipped = value
      if (canonical === 'reward.std') seen.spread = value
      byStep.set(step, seen)
    }
    const last = [...byStep].sort(([a], [b]) => b - a).slice(0, LOGGED_STEPS)
    return (
      last.length === LOGGED_STEPS &&
      last.every(([, { clipped = 0, spread = 1 }]) => clipped >= CLIPPED && spread <= NO_SPREAD)
    )
  }
}
