import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareRounds, comparisonText } from '../../evaluation/compare-rounds.ts'

it('mirrors when the two rounds are exchanged', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(60), fc.nat(60), (oldOnly, newOnly, same) => {
      const n = oldOnly + newOnly + same
      fc.pre(n > 0)
      const forth = compareRounds({ n, oldOnly, newOnly }, 2)
      const back = compareRounds({ n, oldOnly: newOnly, newOnly: oldOnly }, 2)
      expect(back.p).toBe(forth.p)
      expect(back.difference).toBe(-forth.difference + 0)
      expect(back.low).toBeCloseTo(-forth.high, 9)
    }),
    { numRuns: 50 },
  )
})

it('decides by the interval and the margin, and explains the decision in a line', () => {
  const decided = (oldOnly: number, newOnly: number, margin = 2) =>
    compareRounds({ n: 100, oldOnly, newOnly }, margin).decision
  expect(decided(0, 10)).toBe('promote')
  expect(decided(10, 0)).toBe('regress')
  expect(decided(5, 5)).toBe('inconclusive')
  // The whole interval must be beyond the margin.
  expect(decided(10, 0, 20)).toBe('inconclusive')
  const worse = compareRounds({ n: 100, oldOnly: 10, newOnly: 0 }, 2)
  expect(comparisonText(worse, { benchmark: 'dev', against: 1, n: 100 })).toBe(
    'regress: dev −10.0 points against round 1 (p 0.0020), n 100',
  )
})
