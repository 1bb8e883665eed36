/**
 * Exact fractions of big integers. They are never reduced: equality cross-multiplies, and a gcd of two 6,000-digit
 * numbers would cost more than everything else here together. The denominator is always positive.
 */
export type Rational = { n: bigint; d: bigint }

/** Longest number, in decimal digits, that is computed with (20 kbit). Longer ones are compared as text only. */
export const MAX_DIGITS = 6000

export function equal(a: Rational, b: Rational): boolean {
  return a.n * b.d === b.n * a.d
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d }
}

export function add(a: Rational, b: Rational): Rational {
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d }
}

/** a / b, or null when b is zero. */
export function divide(a: Rational, b: Rational): Rational | null {
  if (b.n === 0n) return null
  const n = a.n * b.d
  const d = a.d * b.n
  return d < 0n ? { n: -n, d: -d } : { n, d }
}

/** a × 10^exponent, or null when the exponent is beyond the limit. */
export function scaleByTen(a: Rational, exponent: number): Rational | null {
  if (!Number.isSafeInteger(exponent) || Math.abs(exponent) > MAX_DIGITS) return null
  const power = 10n ** BigInt(Math.abs(exponent))
  return exponent >= 0 ? { n: a.n * power, d: a.d } : { n: a.n, d: a.d * power }
}

/** a × 10^decimals rounded half away from zero, as an integer. */
export function roundAt(a: Rational, decimals: number): bigint {
  const n = a.n * 10n ** BigInt(decimals)
  const size = n < 0n ? -n : n
  const rounded = (2n * size + a.d) / (2n * a.d)
  return n < 0n ? -rounded : rounded
}
