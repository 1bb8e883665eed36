import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lengths } from '../../../data/statistics/lengths.ts'
import { countTraces } from '../../../data/statistics/reflections.ts'

function report(traces: readonly (string | null)[], words?: readonly string[]) {
  const counter = countTraces(words)
  for (const trace of traces) counter.add(trace)
  return counter.report()
}

describe('traces', () => {
  it('count reflections as whole words in any case, only in the reasoning', () => {
    const { reflections, words, traces } = report([
      '<think>Wait, WAIT. I await; waiting waits. Hmm… check-up, Checked</think>\n<answer>wait</answer>',
      'No tags: alternatively, a mistake. Mistakes.',
      null,
      ' \n',
    ])
    expect(traces).toBe(2)
    expect(Object.fromEntries(reflections.map(({ word, count }) => [word, count]))).toEqual({
      Wait: 2,
      Hmm: 1,
      Mistake: 1,
      Alternatively: 1,
      Check: 1,
    })
    expect(words).toEqual({ mean: 7.5, median: 7.5, p95: expect.closeTo(8.85, 9) })
  })

  it('of any script have words, and listed words may be phrases or marks', () => {
    const { reflections } = report(
      ['но подожди, wait! wait? a.b axb подождите'],
      ['подожди', 'wait!', 'a.b', 'но подожди'],
    )
    expect(reflections.map(({ count }) => count)).toEqual([1, 1, 1, 1])
  })

  it('without any text have no lengths', () => {
    expect(report([null, ''])).toMatchObject({ traces: 0, words: null })
    expect(report([], [' '])).toEqual({ traces: 0, words: null, reflections: [] })
  })

  it('with broken tags are taken whole', () => {
    expect(report(['<think>a b</think> c </think> wait']).words?.mean).toBe(5)
  })

  it('never throw, whatever the traces and the words are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ minLength: 1 }), (trace, word) => {
        for (const { count } of report([trace], [word]).reflections) expect(count).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('lengths', () => {
  it('have the quantiles of the sorted list', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 40 }), (list) => {
        const lengths = new Lengths()
        for (const length of list) lengths.add(length)
        const sorted = list.toSorted((a, b) => a - b)
        const middle = (sorted[Math.floor((list.length - 1) / 2)]! + sorted[Math.ceil((list.length - 1) / 2)]!) / 2
        const { mean, median, p95 } = lengths.summary()!
        expect(median).toBe(middle)
        expect(mean).toBeCloseTo(list.reduce((sum, length) => sum + length, 0) / list.length, 9)
        const place = 0.95 * (list.length - 1)
        expect(p95).toBeGreaterThanOrEqual(sorted[Math.floor(place)]!)
        expect(p95).toBeLessThanOrEqual(sorted[Math.ceil(place)]!)
      }),
    )
  })

  it('of 1 to 100 have the 95th percentile of numpy', () => {
    const lengths = new Lengths()
    for (let length = 1; length <= 100; length++) lengths.add(length)
    expect(lengths.summary()).toEqual({ mean: 50.5, median: 50.5, p95: expect.closeTo(95.05, 9) })
  })
})
