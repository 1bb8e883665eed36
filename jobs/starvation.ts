import type { MetricPoint } from './metrics.ts'

/**
 * Logged steps in a row that must be starved. A single unlucky batch does not count as starvation.
 */
const loggedSteps = 6
/** Share of completions that hit the length cap. */
const clippedShare = 0.98
/** Rewards with a smaller spread leave no advantage. */
const leastSpread = 1e-6

/**
 * Watches GRPO for starvation: nearly all completions are cut at the length cap and all earn the
 * same reward. Then there is no gradient, and there will never be one. The cause is a cap that is
 * shorter than the text that the model writes (Vision-R1 caps its first phase at 4K tokens, arXiv
 * 2503.06749). Such a job would waste its GPU hours to the end.
 *
 * Give it the points of each look. It returns true after the last six logged steps were all
 * starved. A point that comes twice counts once. Numbers that are unknown are no sign of
 * starvation.
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
    const last = [...byStep].sort(([a], [b]) => b - a).slice(0, loggedSteps)
    return (
      last.length === loggedSteps &&
      last.every(([, { clipped = 0, spread = 1 }]) => clipped >= clippedShare && spread <= leastSpread)
    )
  }
}
