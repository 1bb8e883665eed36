import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zScores } from '../../../data/statistics/z-scores.ts'

const values = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 20 })

describe('z-scores', () => {
  it('divide by the standard deviation of the population', () => {
    expect(zScores([2, 4, 4, 4, 5, 5, 7, 9])).toEqual([-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2])
  })

  it('are 0 when all values are equal, despite rounding', () => {
    expect(zScores([])).toEqual([])
    expect(zScores([3])).toEqual([0])
    expect(zScores([0.1, 0.1, 0.1])).toEqual([0, 0, 0])
    expect(zScores([0, 0])).toEqual([0, 0])
  })

  it('have mean 0 and deviation 1, or are all 0', () => {
    fc.assert(
      fc.property(values, (list) => {
        const scores = zScores(list)
        const squares = scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length
        expect(scores.reduce((sum, score) => sum + score, 0) / scores.length).toBeCloseTo(0, 9)
        expect(squares).toBeCloseTo(new Set(list).size > 1 ? 1 : 0, 9)
      }),
    )
  })

  it('do not depend on zero and unit', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 50 }), fc.integer({ min: -50, max: 50 }), (list, scale, shift) => {
        const other = zScores(list.map((value) => scale * value + shift))
        zScores(list).forEach((score, index) => expect(other[index]).toBeCloseTo(score, 9))
      }),
    )
  })
})
