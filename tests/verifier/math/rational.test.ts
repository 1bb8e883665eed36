import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  add,
  compare,
  equal,
  multiply,
  negate,
  power,
  reduced,
  roundAt,
  toInteger,
  toNumber,
} from '../../../verifier/math/rational.ts'

const rational = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 30n }))
  .map(([n, d]) => ({ n, d }))

describe('rationals', () => {
  it('keep the laws of arithmetic', () => {
    fc.assert(
      fc.property(rational, rational, rational, (a, b, c) => {
        expect(equal(add(add(a, b), negate(b)), a)).toBe(true)
        expect(equal(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(true)
        expect(compare(a, b)).toBe(-compare(b, a) + 0)
        expect(equal(reduced(multiply(a, a)), power(a, 2n) ?? a)).toBe(true)
      }),
    )
  })

  it('raise to whole powers, and refuse undefined or too long results before they compute them', () => {
    expect(power({ n: 2n, d: 3n }, -2n)).toEqual({ n: 9n, d: 4n })
    expect(power({ n: -2n, d: 1n }, -3n)).toEqual({ n: -1n, d: 8n })
    expect(power({ n: -1n, d: 1n }, 10n ** 50n)).toEqual({ n: 1n, d: 1n })
    expect(power({ n: 0n, d: 1n }, 0n)).toBeNull()
    expect(power({ n: 0n, d: 1n }, -1n)).toBeNull()
    expect(power({ n: 9n, d: 1n }, 9n ** 9n)).toBeNull()
    expect(power({ n: 10n ** 100n, d: 1n }, 100n)).toBeNull()
  })

  it('become the nearest double, whatever their length', () => {
    expect(toNumber({ n: 1n, d: 3n })).toBe(1 / 3)
    expect(toNumber({ n: 10n ** 400n, d: 10n ** 399n })).toBeCloseTo(10, 12)
    expect(toNumber({ n: -(10n ** 500n), d: 3n * 10n ** 500n })).toBeCloseTo(-1 / 3, 12)
    expect(toNumber({ n: 10n ** 400n, d: 1n })).toBe(Infinity)
    expect(toNumber({ n: 0n, d: 10n ** 400n })).toBe(0)
  })

  it('round half away from zero and know when they are whole', () => {
    expect(roundAt({ n: -125n, d: 1000n }, 2)).toBe(-13n)
    expect(toInteger({ n: 6n, d: 3n })).toBe(2n)
    expect(toInteger({ n: 7n, d: 3n })).toBeNull()
  })
})
