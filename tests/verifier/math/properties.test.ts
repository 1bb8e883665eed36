import * as fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Effort, EffortSpent } from '../../../verifier/effort.ts'
import { compareExpressions } from '../../../verifier/math/compare.ts'
import type { Comparison } from '../../../verifier/math/compare.ts'
import { parseExpression } from '../../../verifier/math/parse.ts'
import { proportional } from '../../../verifier/math/proportional.ts'

// A generous limit for a busy machine, which measures nothing.
vi.setConfig({ testTimeout: 60_000 })

function compare(a: string, b: string): Comparison | 'unreadable' {
  const [left, right] = [parseExpression(a, new Effort()), parseExpression(b, new Effort())]
  if (left === null || right === null) return 'unreadable'
  try {
    return compareExpressions(left, right, { effort: new Effort() })
  } catch (error) {
    // Deep powers of e may need more digits than one case may compute. The caller's
    // verdict is then unverifiable.
    if (error instanceof EffortSpent) return 'unknown'
    throw error
  }
}

/** Two spellings of one expression. */
type Twice = [string, string]

const leaf: fc.Arbitrary<Twice> = fc.oneof(
  fc.integer({ min: 2, max: 99 }).map((n): Twice => [`${n}`, `${n}.0`]),
  fc.constantFrom<Twice>(
    ['x', '{x}'],
    ['y', '(y)'],
    ['a_1', 'a_{1}'],
    ['\\pi', 'π'],
    ['\\theta', 'θ'],
    ['\\sqrt2', '2^{1/2}'],
  ),
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 9 }))
    .map(([n, d]): Twice => [`\\frac{${n}}{${d}}`, `(${n}/${d})`]),
)

const grammar = (...more: ((inner: fc.Arbitrary<Twice>) => fc.Arbitrary<Twice>)[]) => fc.letrec<{ twice: Twice }>((tie) => ({
  twice: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.tuple(tie('twice'), tie('twice')).map(([p, q]): Twice => [`(${p[0]}+${q[0]})`, `(${q[1]}+${p[1]})`]),
    fc.tuple(tie('twice'), tie('twice')).map(([p, q]): Twice => [`(${p[0]}-${q[0]})`, `(-${q[1]}+${p[1]})`]),
    fc.tuple(tie('twice'), tie('twice')).map(([p, q]): Twice => [`${p[0]}\\cdot ${q[0]}`, `(${q[1]})(${p[1]})`]),
    fc.tuple(tie('twice'), fc.integer({ min: 2, max: 9 })).map(([p, n]): Twice => [`\\frac{${p[0]}}{${n}}`, `(${p[1]})/(${n})`]),
    tie('twice').map((p): Twice => [`(${p[0]})^2`, `(${p[1]})(${p[1]})`]),
    tie('twice').map((p): Twice => [`\\sin(${p[0]})`, `sin{(${p[1]})}`]),
    ...more.map((make) => make(tie('twice'))),
  ),
})).twice // prettier-ignore
const twice = grammar((inner) => inner.map((p): Twice => [`e^{${p[0]}}`, `exp(${p[1]})`]))
/** Expressions without powers of e, because a 1 beside e^{529} is lost. */
const moderate = grammar()

describe('comparing expressions', () => {
  it('finds the two spellings of one expression equal, in both orders', () => {
    fc.assert(
      fc.property(twice, ([a, b]) => {
        const [there, back] = [compare(a, b), compare(b, a)]
        expect(there).toBe(back)
        expect(['exact', 'equal', 'unknown']).toContain(there)
      }),
      { numRuns: 300 },
    )
  })

  it('never finds an expression equal after an addition, a removal or an inversion', () => {
    fc.assert(
      fc.property(moderate, fc.constantFrom('1', '0.001', 'x', '\\pi'), ([a, b], change) => {
        for (const changed of [`${b}+${change}`, `${b}-${change}`, `-(${b})-10^{7}`])
          expect(['different', 'unknown']).toContain(compare(a, changed))
      }),
      { numRuns: 200 },
    )
  })

  it('never equates polynomials that differ in one digit, sign or exponent', () => {
    const coefficients = fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 5 })
    const write = (list: readonly number[], signs = '') =>
      list.map((c, power) => `${signs.charAt(power) || '+'}${c}x^{${power}}`).join('').replace(/^\+/, '') // prettier-ignore
    fc.assert(
      fc.property(coefficients, fc.nat(), (list, seed) => {
        const at = seed % list.length
        const text = write(list)
        expect(compare(text, write(list))).toBe('exact')
        expect(compare(text, write(list.map((c, i) => (i === at ? c + 1 : c))))).toBe('different')
        const signs = list.map((_, i) => (i === at ? '-' : '+')).join('')
        expect(compare(text, write(list, signs))).toBe('different')
        expect(compare(text, text.replace(`x^{${at}}`, `x^{${at + 7}}`))).toBe('different')
      }),
      { numRuns: 200 },
    )
  })

  it('never equates two numbers whose digits differ', () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{0,40}$/)
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        for (const form of [
          (n: string) => n,
          (n: string) => `\\sqrt{${n}}`,
          (n: string) => `${n}\\pi`,
          (n: string) => `\\ln ${n}`,
        ])
          expect(compare(form(a), form(b))).toBe(a === b ? 'exact' : 'different')
      }),
      { numRuns: 200 },
    )
  })

  it('gives every text the same answer each time, and throws only when its effort is spent', () => {
    const piece = fc.constantFrom(
      ...'x y 2 10 .5 + - * / ^ _ ! ( ) [ ] { } | \\frac \\sqrt \\sin \\log \\ln \\binom \\sum_{i=1}^n \\int \\lim \\pi e i ° \\circ \\infty \\text{ab} \\overline \\left( \\right) sin f( C( , = \\over \\vec 1/2 3\\frac12 10^{99} !! \' ⌊ ⌋'.split(' '),
    ) // prettier-ignore
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 25 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, text, (a, b) => {
        const answer = () => {
          try {
            return compare(a, b)
          } catch (error) {
            if (error instanceof EffortSpent) return 'spent'
            throw error
          }
        }
        expect(answer()).toBe(answer())
      }),
      { numRuns: 3000 },
    )
  })
})

describe('proportional', () => {
  const ratio = (a: string, b: string) => {
    const [left, right] = [parseExpression(a, new Effort()), parseExpression(b, new Effort())]
    return left === null || right === null ? 'unreadable' : proportional(left, right, new Effort())
  }

  it.each([
    ['2x+4y-6', 'x+2y-3', true],
    ['x^2+y^2-1', '3-3x^2-3y^2', true],
    ['y-2x-1', '\\frac{y}{2}-x-\\frac12', true],
    ['\\sin x-y', '\\pi y-\\pi\\sin x', true],
    ['\\sqrt2x-2y', 'x-\\sqrt2y', true],
    ['\\sqrt{x}-y', '2y-2\\sqrt x', true],
    ['\\sin 2x-y', 'y-2\\sin x\\cos x', true],
    ['0', 'x-x', true],
    ['x-y', 'x+y', false],
    ['x-y', 'x^2-xy', false],
    ['x-y', '0', false],
    ['0', 'x', false],
    ['x+2y-3', '2x+4y-5', false],
    ['\\sin x-y', '\\cos x-y', false],
    ['12345678901234567890x-y', '12345678901234567891x-y', false],
    ['e^x-y', 'e^x-y^2', false],
  ])('says of %s and %s: %s', (a, b, expected) => {
    expect(ratio(a, b)).toBe(expected)
    expect(ratio(b, a)).toBe(expected)
  })
})
