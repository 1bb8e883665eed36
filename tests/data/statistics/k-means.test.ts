import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kMeans } from '../../../data/statistics/k-means.ts'

/** Sum of squared distances to the means of the clusters. */
function cost(values: readonly number[], labels: readonly number[]): number {
  let sum = 0
  for (const label of new Set(labels)) {
    const own = values.filter((_, index) => labels[index] === label)
    const mean = own.reduce((total, value) => total + value, 0) / own.length
    sum += own.reduce((total, value) => total + (value - mean) ** 2, 0)
  }
  return sum
}

/** The lowest cost over every way to give each value one of k labels. */
function bruteForce(values: readonly number[], k: number): number {
  const search = (labels: number[]): number => {
    if (labels.length === values.length) return cost(values, labels)
    return Math.min(...Array.from({ length: k }, (_, label) => search([...labels, label])))
  }
  return search([])
}

const numbers = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 7 })
const clusters = fc.integer({ min: 1, max: 3 })

describe('k-means of numbers', () => {
  it('finds obvious clusters', () => {
    const { labels, centres } = kMeans([1, 10, 2, 30, 11, 31], 3)
    expect(labels).toEqual([0, 1, 0, 2, 1, 2])
    expect(centres).toEqual([1.5, 10.5, 30.5])
  })

  it('costs as little as the best of all splits', () => {
    fc.assert(
      fc.property(numbers, clusters, (values, k) => {
        expect(cost(values, kMeans(values, k).labels)).toBeCloseTo(bruteForce(values, k), 6)
      }),
    )
  })

  it('has rising centres, each the mean of its values, and equal values together', () => {
    fc.assert(
      fc.property(numbers, clusters, (values, k) => {
        const { labels, centres } = kMeans(values, k)
        expect(centres).toHaveLength(Math.min(k, new Set(values).size))
        expect(centres).toEqual(centres.toSorted((a, b) => a - b))
        centres.forEach((centre, cluster) => {
          const own = values.filter((_, index) => labels[index] === cluster)
          expect(centre).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 9)
        })
        expect(new Set(values.map((value, index) => `${value} ${labels[index]}`)).size).toBe(new Set(values).size)
      }),
    )
  })

  it('does not depend on the order, the zero or the unit', () => {
    fc.assert(
      fc.property(numbers, clusters, fc.integer({ min: -1000, max: 1000 }), (values, k, shift) => {
        const { labels } = kMeans(values, k)
        expect(kMeans(values.toReversed(), k).labels).toEqual(labels.toReversed())
        const same = values.map((value) => value + shift)
        expect(kMeans(same, k).labels).toEqual(labels)
        // A power of two, so that rounding decides no ties.
        const scaled = values.map((value) => value * 8)
        expect(kMeans(scaled, k).labels).toEqual(labels)
      }),
    )
  })

  it('makes fewer clusters if there are fewer values', () => {
    expect(kMeans([], 3)).toEqual({ labels: [], centres: [] })
    expect(kMeans([4], 3)).toEqual({ labels: [0], centres: [4] })
    expect(kMeans([7, 2, 7], 3)).toEqual({ labels: [1, 0, 1], centres: [2, 7] })
  })

  it('splits many values as well as few', () => {
    const values = Array.from({ length: 50_000 }, (_, index) => (index % 3) * 1000 + ((index * 7919) % 50_000) / 1000)
    expect(kMeans(values, 3).labels).toEqual(values.map((_, index) => index % 3))
  })
})
