import { describe, expect, it } from 'vitest'
import type { MetricPoint } from '../../jobs/metrics.ts'
import { createStarvationWatch } from '../../jobs/starvation.ts'

const point = (step: number, canonical: string, value: number): MetricPoint => ({
  segment: 0,
  step,
  name: canonical,
  canonical,
  value,
  time: null,
})
const logged = (step: number, clipped: number, spread: number): MetricPoint[] => [
  point(step, 'completion.clipped', clipped),
  point(step, 'reward.std', spread),
]
const steps = (count: number, clipped: number, spread: number, from = 1): MetricPoint[] =>
  Array.from({ length: count }, (_, index) => logged(5 * (from + index), clipped, spread)).flat()

describe('watching for starvation', () => {
  it('says so when six logged steps in a row are cut at the cap and earn the same', () => {
    const watch = createStarvationWatch()
    expect(watch(steps(5, 1, 0))).toBe(false)
    expect(watch(steps(1, 0.99, 0, 6))).toBe(true)
  })

  it.each([
    ['completions are cut but some earn more', 1, 0.2],
    ['all earn the same but few are cut', 0.3, 0],
  ])('keeps still while %s', (_, clipped, spread) => {
    expect(createStarvationWatch()(steps(20, clipped, spread))).toBe(false)
  })

  it('forgets a bad start, counts a step that is read twice once, and takes unknown numbers for no sign', () => {
    const watch = createStarvationWatch()
    expect(watch([...steps(5, 1, 0), ...steps(5, 1, 0)])).toBe(false)
    expect(watch(steps(1, 0.5, 0.1, 6))).toBe(false)
    expect(watch(steps(5, 1, 0, 7))).toBe(false)
    expect(createStarvationWatch()(Array.from({ length: 20 }, (_, index) => point(index, 'loss', 0)))).toBe(false)
  })
})
