import { one } from './rational.ts'
import type { Rational } from './rational.ts'

const baseWords = ['two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']

/** The base that a subscript names, "2" or "two": 2 to 36, or null. */
export function baseFrom(subscript: string): number | null {
  const word = baseWords.indexOf(subscript)
  if (word >= 0) return word + 2
  if (subscript === 'sixteen') return 16
  if (!/^\d{1,2}$/.test(subscript)) return null
  const base = Number(subscript)
  return base >= 2 && base <= 36 ? base : null
}

/**
 * The value of digits in a base: 0.11 in base 2 is 3/4. Null for a digit that the base does not
 * have.
 */
export function valueInBase(digits: string, base: number): Rational | null {
  const [whole = '', fraction = ''] = digits.split('.')
  let n = 0n
  for (const c of whole + fraction) {
    const digit = parseInt(c, 36)
    if (digit >= base) return null
    n = n * BigInt(base) + BigInt(digit)
  }
  return { n, d: fraction === '' ? one.d : BigInt(base) ** BigInt(fraction.length) }
}
