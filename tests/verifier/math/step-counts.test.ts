import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Effort, EffortSpent } from '../../../verifier/effort.ts'
import { compareExpressions } from '../../../verifier/math/compare.ts'
import { floorRoot } from '../../../verifier/math/exact.ts'
import { parseExpression } from '../../../verifier/math/parse.ts'
import { PreciseFunctions } from '../../../verifier/math/precise-functions.ts'
import { stepsOfDivisor, stepsOfProduct, stepsOfSeries } from '../../../verifier/math/step-counts.ts'

class CountingEffort extends Effort {
  spent = 0

  override spend(steps = 1): void {
    this.spent += steps
    super.spend(steps)
  }
}

function compare(a: string, b: string): { found: string; spent: number } {
  const [left, right] = [parseExpression(a, new Effort()), parseExpression(b, new Effort())]
  if (left === null || right === null) return { found: 'unreadable', spent: 0 }
  const effort = new CountingEffort()
  try {
    return { found: compareExpressions(left, right, { effort }), spent: effort.spent }
  } catch (error) {
    if (error instanceof EffortSpent) return { found: 'spent', spent: effort.spent }
    throw error
  }
}

const many = (count: number, part: (index: number) => string, between = '+') =>
  Array.from({ length: count }, (_, index) => part(index)).join(between)

describe('the steps of long arithmetic', () => {
  it.each([
    ['logarithms beside a long number', String.raw`${many(200, (k) => String.raw`\ln ${k + 2}`)}+10^{400}`],
    ['fractions whose denominators multiply', many(200, (k) => String.raw`\frac{1}{${k + 2}^{100}}`)],
    ['one over factorials', many(200, (k) => String.raw`\frac1{${k + 500}!}`)],
    ['divisors of long numbers', many(150, (k) => String.raw`\gcd(${k + 3}^{900},${k + 4}^{901})`)],
    ['binomials of thousands', many(200, (k) => String.raw`\binom{${k + 3000}}{1000}`)],
    ['factorials of thousands', many(300, (k) => `${k + 1000}!`)],
  ])('end %s before they are computed', (_, sum) => {
    expect(compare(sum, '42').found).toBe('spent')
  })

  it.each([
    ['a fraction of long powers', String.raw`\frac{6^{3000}}{2^{3000}}`, '3^{3000}', 'exact'],
    ['ten terms of a harmonic sum', many(10, (k) => `1/${k + 1}`), '7381/2520', 'exact'],
    ['sixty terms of one', many(60, (k) => `1/${k + 1}`), '5', 'different'],
    ['300 powers of e', many(300, (k) => `e^{1/${k + 1}}`), '42', 'different'],
    ['a root with a large index', String.raw`\sqrt[63]{2}\cdot\sqrt[63]{3}`, String.raw`\sqrt[63]{6}`, 'equal'],
  ])('leave enough for %s', (_, a, b, found) => {
    expect(compare(a, b).found).toBe(found)
  })

  it('are spent once for one value of a function, however often the value is asked for', () => {
    const effort = new CountingEffort()
    const functions = new PreciseFunctions(256, effort)
    const first = functions.ln(5n << 256n)
    const once = effort.spent
    expect(functions.ln(5n << 256n)).toBe(first)
    expect(effort.spent).toBe(once + 1)
    functions.ln(6n << 256n)
    expect(effort.spent).toBeGreaterThan(once + 50)
  })

  it('do not depend on earlier computations', () => {
    const steps = () => compare(String.raw`\ln 5+\pi`, String.raw`\ln 5+\pi+10^{-40}`)
    const [first, second] = [steps(), steps()]
    expect(second).toEqual(first)
  })

  it('grow faster than the number of digits', () => {
    for (const stepsOf of [stepsOfDivisor, stepsOfSeries, (bits: number) => stepsOfProduct(bits, bits)])
      for (const bits of [256, 1024, 4096]) expect(stepsOf(4 * bits)).toBeGreaterThan(4 * stepsOf(bits))
  })

  it('are spent before the work, so that a function with more steps than are left is not computed', () => {
    const functions = new PreciseFunctions(12_288, new Effort(50_000))
    expect(() => functions.ln(7n << 12_288n)).toThrow(EffortSpent)
  })
})

describe('floorRoot', () => {
  it('is the largest whole number whose power is not above the number, for short and long numbers', () => {
    const long = fc.tuple(fc.bigInt({ min: 0n, max: 1n << 400n }), fc.nat(4000)).map(([n, shift]) => n << BigInt(shift))
    fc.assert(
      fc.property(long, fc.integer({ min: 2, max: 64 }), (n, k) => {
        const root = floorRoot(n, k)
        expect(root ** BigInt(k) <= n).toBe(true)
        expect((root + 1n) ** BigInt(k) > n).toBe(true)
      }),
    )
  })

  it('finds whole roots and their neighbours', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n, max: 1n << 300n }), fc.integer({ min: 2, max: 40 }), (root, k) => {
        const n = root ** BigInt(k)
        expect([floorRoot(n - 1n, k), floorRoot(n, k), floorRoot(n + 1n, k)]).toEqual([root - 1n, root, root])
      }),
    )
  })
})
