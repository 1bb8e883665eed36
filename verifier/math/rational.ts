/**
 * An exact fraction of big integers. The denominator is always positive. `add`, `divide` and
 * `multiply` do not reduce it: equality cross-multiplies, and a gcd of two 6,000-digit numbers
 * would cost more than everything else in this file together. `reduced` reduces a fraction that
 * grew in a longer calculation.
 */
export interface Rational {
  n: bigint
  d: bigint
}

/**
 * The longest number that is computed with, in decimal digits (20 kbit). Longer numbers are only
 * compared as text.
 */
export const maxDigits = 6000

/**
 * The longest result of a power, factorial or binomial, in bits. It is checked before the
 * computation.
 */
export const maxBits = 20_000

export const zero: Rational = { n: 0n, d: 1n }
export const one: Rational = { n: 1n, d: 1n }

export function equal(a: Rational, b: Rational): boolean {
  return a.n * b.d === b.n * a.d
}

export function negate(a: Rational): Rational {
  return { n: -a.n, d: a.d }
}

export function add(a: Rational, b: Rational): Rational {
  if (a.d === b.d) return { n: a.n + b.n, d: a.d }
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d }
}

export function multiply(a: Rational, b: Rational): Rational {
  return { n: a.n * b.n, d: a.d * b.d }
}

/** a / b, or null when b is zero. */
export function divide(a: Rational, b: Rational): Rational | null {
  if (b.n === 0n) return null
  const n = a.n * b.d
  const d = a.d * b.n
  return d < 0n ? { n: -n, d: -d } : { n, d }
}

/** −1, 0 or 1 when a is less than, equal to or greater than b. */
export function compare(a: Rational, b: Rational): number {
  const difference = a.n * b.d - b.n * a.d
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The number of binary digits of an integer's size, rounded up to a multiple of four. */
export function bitLength(n: bigint): number {
  return (n < 0n ? -n : n).toString(16).length * 4
}

/**
 * a^exponent for a whole exponent. Null for 0^0, for 0 to a negative power, and for a result over
 * the limit of bits.
 */
export function power(a: Rational, exponent: bigint): Rational | null {
  if (exponent === 0n) return a.n === 0n ? null : one
  if (a.n === 0n) return exponent < 0n ? null : zero
  const size = exponent < 0n ? -exponent : exponent
  const unit = a.d === 1n && (a.n === 1n || a.n === -1n)
  if (unit) return size % 2n === 0n ? one : a
  if (size > BigInt(maxBits)) return null
  if ((Math.max(bitLength(a.n), bitLength(a.d)) - 4) * Number(size) > maxBits) return null
  const raised = { n: a.n ** size, d: a.d ** size }
  return exponent > 0n ? raised : divide(one, raised)
}

/**
 * The nearest double, also when numerator and denominator are out of a double's range. ±Infinity
 * when the value itself is out of range.
 */
export function toNumber(a: Rational): number {
  const plain = Number(a.n) / Number(a.d)
  if (Number.isFinite(plain) && Number.isFinite(Number(a.d)) && plain !== 0) return plain
  if (a.n === 0n) return 0
  const shift = bitLength(a.n) - bitLength(a.d) - 64
  const scaled = shift >= 0 ? a.n / (a.d << BigInt(shift)) : (a.n << BigInt(-shift)) / a.d
  if (Math.abs(shift) < 1000) return Number(scaled) * 2 ** shift
  return Number(scaled) * 2 ** Math.trunc(shift / 2) * 2 ** (shift - Math.trunc(shift / 2))
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** A gcd is not worth its time for denominators below this. */
export const largeDenominator = 1n << 128n

/**
 * The same value in lowest terms when its denominator is large. Fractions with small denominators
 * are returned as they are.
 */
export function reduced(a: Rational): Rational {
  return a.d < largeDenominator ? a : lowest(a)
}

/** The same value in lowest terms. */
export function lowest(a: Rational): Rational {
  if (a.d === 1n) return a
  const divisor = gcd(a.n, a.d)
  return divisor === 1n ? a : { n: a.n / divisor, d: a.d / divisor }
}

/** The whole value of a fraction, or null when it is not whole. */
export function toInteger(a: Rational): bigint | null {
  if (a.d === 1n) return a.n
  return a.n % a.d === 0n ? a.n / a.d : null
}

/** a × 10^exponent, or null when the exponent is over the limit. */
export function scaleByTen(a: Rational, exponent: number): Rational | null {
  if (!Number.isSafeInteger(exponent) || Math.abs(exponent) > maxDigits) return null
  const power = 10n ** BigInt(Math.abs(exponent))
  return exponent >= 0 ? { n: a.n * power, d: a.d } : { n: a.n, d: a.d * power }
}

/** a × 10^decimals as an integer, rounded half away from zero. */
export function roundAt(a: Rational, decimals: number): bigint {
  const n = a.n * 10n ** BigInt(decimals)
  const size = n < 0n ? -n : n
  const rounded = (2n * size + a.d) / (2n * a.d)
  return n < 0n ? -rounded : rounded
}
