import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mcnemarExact, pairedDifference, wilson } from '../../evaluation/statistics.ts'

/** 97.5 % quantile of the normal distribution. */
const z95 = 1.959963984540054

describe('Wilson interval', () => {
  it('has the published values for 8 of 10 and 0 of 10', () => {
    expect(wilson(8, 10).low).toBeCloseTo(0.4902, 4)
    expect(wilson(8, 10).high).toBeCloseTo(0.9433, 4)
    expect(wilson(0, 10).low).toBe(0)
    expect(wilson(0, 10).high).toBeCloseTo(0.2775, 4)
  })

  it('is ±2.8 points at 70 % of 1,000 items', () => {
    const { low, high } = wilson(700, 1000)
    expect((high - low) / 2).toBeCloseTo(0.0284, 3)
  })

  it('contains the accuracy, stays within 0 and 1, and mirrors', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), (correct, wrong) => {
        const n = correct + wrong
        fc.pre(n > 0)
        const { low, high } = wilson(correct, n)
        const mirrored = wilson(wrong, n)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        expect(low).toBeLessThanOrEqual(correct / n)
        expect(high).toBeGreaterThanOrEqual(correct / n)
        expect(mirrored.low).toBeCloseTo(1 - high, 10)
      }),
    )
  })

  it('is 0 to 1 for no items, and refuses impossible counts', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
    expect(() => wilson(11, 10)).toThrow(RangeError)
    expect(() => wilson(-1, 10)).toThrow(RangeError)
  })
})

describe('exact McNemar test', () => {
  it.each([
    [0, 0, 1],
    [1, 9, 22 / 1024],
    [10, 0, 2 / 1024],
    [5, 5, 1],
    // Values from sums of exact integers.
    [5, 15, 0.04138946533203125],
    [100, 160, 0.00023894190306814023],
    [2400, 2600, 0.004883649737517518],
  ])('gives p for %i against %i', (aOnly, bOnly, p) => {
    expect(mcnemarExact(aOnly, bOnly)).toBeCloseTo(p, 7)
    expect(mcnemarExact(bOnly, aOnly)).toBeCloseTo(p, 7)
  })

  it('stays a positive probability for 5,000 discordant items, however uneven', () => {
    expect(mcnemarExact(2000, 3000)).toBeGreaterThan(0)
    expect(mcnemarExact(2000, 3000)).toBeLessThan(1e-40)
  })
})

/**
 * The score statistic directly from the likelihood. A ternary search finds the nuisance parameter.
 */
function statisticByLikelihood(n: number, gained: number, lost: number, delta: number): number {
  const log = (count: number, p: number): number => (count === 0 ? 0 : count * Math.log(p))
  const likelihood = (q: number): number =>
    log(gained, q + delta) + log(lost, q) + log(n - gained - lost, 1 - 2 * q - delta)
  let low = Math.max(0, -delta)
  let high = (1 - delta) / 2
  for (let i = 0; i < 300; i += 1) {
    const third = (high - low) / 3
    if (likelihood(low + third) < likelihood(high - third)) low += third
    else high -= third
  }
  const q = (low + high) / 2
  return (gained - lost - n * delta) / Math.sqrt(n * (2 * q + delta * (1 - delta)))
}

describe('paired difference', () => {
  it.each([
    [1000, 40, 90],
    [1000, 150, 140],
    [44, 1, 7],
    [300, 10, 3],
  ])('ends where the score statistic is ±1.96 (n %i, %i lost, %i gained)', (n, lost, gained) => {
    const { low, high, difference } = pairedDifference(n, lost, gained)
    expect(difference).toBeCloseTo((gained - lost) / n, 12)
    expect(statisticByLikelihood(n, gained, lost, low)).toBeCloseTo(z95, 3)
    expect(statisticByLikelihood(n, gained, lost, high)).toBeCloseTo(-z95, 3)
  })

  it('excludes 0 exactly when the McNemar score statistic passes 1.96, and mirrors', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(1000), (lost, gained, same) => {
        const n = lost + gained + same
        fc.pre(n > 0 && lost + gained > 0)
        const interval = pairedDifference(n, lost, gained)
        const significant = Math.abs(gained - lost) / Math.sqrt(gained + lost) > z95
        expect(interval.low > 1e-9 || interval.high < -1e-9).toBe(significant)
        expect(pairedDifference(n, gained, lost).low).toBeCloseTo(-interval.high, 9)
        expect(interval.low).toBeLessThanOrEqual(interval.difference)
        expect(interval.high).toBeGreaterThanOrEqual(interval.difference)
      }),
    )
  })

  it('covers the true difference about 95 times of 100', () => {
    let state = 12345
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    let covered = 0
    for (let run = 0; run < 1000; run += 1) {
      let lost = 0
      let gained = 0
      for (let i = 0; i < 300; i += 1) {
        const u = random()
        if (u < 0.05) lost += 1
        else if (u < 0.17) gained += 1
      }
      const { low, high } = pairedDifference(300, lost, gained)
      if (low <= 0.07 && 0.07 <= high) covered += 1
    }
    expect(covered).toBeGreaterThan(930)
    expect(covered).toBeLessThan(975)
  })
})
