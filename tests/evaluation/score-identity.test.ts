import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { comparePaired, identityDifferences, sameIdentity, scoreIdentity } from '../../evaluation/score-identity.ts'
import type { ScoreIdentityParts } from '../../evaluation/score-identity.ts'

const parts: ScoreIdentityParts = {
  benchmarkRevision: 'rev-1',
  promptHash: 'p-1',
  decoding: { temperature: 0, maxTokens: 64 },
  imageLimits: { minPixels: null, maxPixels: 3136 },
  graderVersion: '1.0.0',
  judge: null,
}

describe('score identity', () => {
  it('has the same hash whatever the order of keys', () => {
    const reordered = { ...parts, decoding: { maxTokens: 64, temperature: 0 } }
    expect(sameIdentity(scoreIdentity(parts), scoreIdentity(reordered))).toBe(true)
  })

  it.each([
    ['benchmarkRevision', { benchmarkRevision: 'rev-2' }],
    ['promptHash', { promptHash: 'p-2' }],
    ['decoding', { decoding: { temperature: 0.1, maxTokens: 64 } }],
    ['imageLimits', { imageLimits: { minPixels: null, maxPixels: 6272 } }],
    ['graderVersion', { graderVersion: '1.0.1' }],
    ['judge', { judge: 'some-judge/v1' }],
  ])('differs when %s differs', (part, change) => {
    const [a, b] = [scoreIdentity(parts), scoreIdentity({ ...parts, ...change })]
    expect(sameIdentity(a, b)).toBe(false)
    expect(identityDifferences(a, b)).toEqual([part])
  })
})

const graded = (rights: Record<string, boolean>, change: Partial<ScoreIdentityParts> = {}) => ({
  identity: scoreIdentity({ ...parts, ...change }),
  items: Object.entries(rights).map(([id, correct]) => ({ id, correct })),
})

describe('paired comparison', () => {
  it('counts the four cells whatever the order of items', () => {
    const a = graded({ q1: true, q2: true, q3: false, q4: false, q5: false })
    const b = graded({ q5: true, q4: true, q3: false, q2: false, q1: true })
    const result = comparePaired(a, b)
    expect(result).toMatchObject({ n: 5, both: 1, aOnly: 1, bOnly: 2, neither: 1, p: 1 })
    expect(result.difference).toBeCloseTo(0.2)
  })

  it('refuses different identities and names the part', () => {
    const compare = () => comparePaired(graded({ q1: true }), graded({ q1: true }, { judge: 'j/v2' }))
    expect(compare).toThrow(HoneError)
    expect(compare).toThrow(/measured differently: judge/)
  })

  it('refuses different items, items named twice and no items', () => {
    expect(() => comparePaired(graded({ q1: true }), graded({ q2: true }))).toThrow(/1 items only in the first.*"q1"/)
    const twice = {
      ...graded({}),
      items: [
        { id: 'q1', correct: true },
        { id: 'q1', correct: false },
      ],
    }
    expect(() => comparePaired(graded({ q1: true }), twice)).toThrow(/second list names an item twice/)
    expect(() => comparePaired(graded({}), graded({}))).toThrow(/no items/)
  })

  it('mirrors when the two are exchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 60 }), (pairs) => {
        const side = (k: 0 | 1) => graded(Object.fromEntries(pairs.map((pair, i) => [`q${i}`, pair[k]])))
        const [forth, back] = [comparePaired(side(0), side(1)), comparePaired(side(1), side(0))]
        expect(back.p).toBe(forth.p)
        expect(back.aOnly).toBe(forth.bOnly)
        expect(back.low).toBeCloseTo(-forth.high, 9)
      }),
      { numRuns: 50 },
    )
  })
})
