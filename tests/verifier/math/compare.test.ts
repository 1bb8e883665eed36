import { describe, expect, it } from 'vitest'
import { Effort } from '../../../verifier/effort.ts'
import { compareExpressions } from '../../../verifier/math/compare.ts'
import type { Comparison } from '../../../verifier/math/compare.ts'
import { parseExpression } from '../../../verifier/math/parse.ts'
import { equalExpressions } from './equal-expressions.ts'
import { unequalExpressions } from './unequal-expressions.ts'

function compare(a: string, b: string, precision?: number): Comparison | 'unreadable' {
  const [left, right] = [parseExpression(a, new Effort()), parseExpression(b, new Effort())]
  if (left === null || right === null) return 'unreadable'
  return compareExpressions(left, right, { precision, effort: new Effort() })
}

/** Pairs of expressions of one form, one "left ; right" in each line. */
function pairs(table: string): [string, string][] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [left = '', right = ''] = line.split(' ; ')
      return [left.trim(), right.trim()]
    })
}

describe('compareExpressions', () => {
  for (const [form, table] of Object.entries(equalExpressions)) {
    it.each(pairs(table))(`takes equal ${form} as equal: %s and %s`, (a, b) => {
      expect(['exact', 'equal']).toContain(compare(a, b))
      expect(['exact', 'equal']).toContain(compare(b, a))
    })
  }

  it.each(pairs(unequalExpressions))('tells %s from %s', (a, b) => {
    expect(compare(a, b)).toBe('different')
    expect(compare(b, a)).toBe('different')
  })

  it.each([
    ['0.333333', '\\frac13'],
    ['3.141593', '\\pi'],
    ['-1.414214', '-\\sqrt2'],
    ['0.693147', '\\ln 2'],
    ['2.7182818285', 'e'],
    ['333333.333333', '\\frac{1000000}{3}'],
  ])('accepts the long decimal %s as the rounded value of %s', (decimal, value) => {
    expect(compare(decimal, value)).toBe('rounded')
    expect(compare(value, decimal)).toBe('rounded')
  })

  it.each([
    ['3.14', '\\pi', 2, 'rounded'],
    ['3.142', '\\pi', 2, 'rounded'],
    ['3.15', '\\pi', 2, 'different'],
    ['0.125', '0.13', 2, 'rounded'],
    ['-0.125', '-0.13', 2, 'rounded'],
    ['\\sqrt2', '1.4', 1, 'rounded'],
    ['\\sqrt2', '1.5', 1, 'different'],
    ['0.5', '1/2', 3, 'exact'],
  ] as const)('rounds %s and %s to the declared %i decimals: %s', (a, b, decimals, expected) => {
    expect(compare(a, b, decimals)).toBe(expected)
    expect(compare(b, a, decimals)).toBe(expected)
  })

  it.each([
    ['\\log x', '\\ln x'],
    ['\\log 100', '2'],
    ['\\int_0^1 x^2 dx', '\\frac13'],
    ['\\sum_{k=1}^{10^9}\\frac{1}{k^k}', '1'],
    ['\\int_0^1 x dx', '\\int_0^1 x^3 dx'],
    ['\\frac{dy}{dx}', '\\frac{y}{x}'],
    ['\\frac10', '1'],
    ['e^{-1000\\sqrt2}', '0'],
    ['e^{-1000\\sqrt2}', 'e^{-1001\\sqrt2}'],
    ['9^{9^{9^9}}', '9'],
    ['(10^8)!', '1'],
    ['((100!)!)', '1'],
    ['\\binom{10^7}{5\\cdot10^6}', '1'],
  ])('leaves open whether %s is %s', (a, b) => {
    expect(compare(a, b)).toBe('unknown')
    expect(compare(b, a)).toBe('unknown')
  })

  it('finds equal trees equal even if they cannot be computed', () => {
    expect(compare('9^{9^{9^9}}', '9^{9^{9^9}}')).toBe('exact')
    expect(compare('(10^8)!', '(10^8)!')).toBe('exact')
  })
})
