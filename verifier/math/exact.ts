import type { Effort } from '../effort.ts'
import type { Expression } from './expression.ts'
import type { Rational } from './rational.ts'
import {
  add, bitLength, compare, divide, equal, largeDenominator, lowest, maxBits, multiply, negate, one, power, reduced, toInteger, zero,
} from './rational.ts' // prettier-ignore
import {
  stepsOfBinomial, stepsOfDivisor, stepsOfFactorial, stepsOfProduct, stepsOfRoot,
} from './step-counts.ts' // prettier-ignore

/**
 * The exact value of an expression without variables: whole powers, exact roots, factorials,
 * binomials, exact logarithms, gcd and the like. Null when the value is not rational, not defined,
 * or over 20,000 bits (checked before it is computed). Throws EffortSpent when the steps are used
 * up.
 */
export function exactValue(e: Expression, effort: Effort): Rational | null {
  effort.spend()
  switch (e.type) {
    case 'number':
      return bounded(e.value)
    case 'sum':
      return fold(e.terms, add, zero, effort)
    case 'product':
      return fold(e.factors, multiply, one, effort)
    case 'quotient': {
      const bottom = exactValue(e.bottom, effort)
      const top = bottom === null ? null : exactValue(e.top, effort)
      return top === null || bottom === null ? null : joined(top, bottom, divide, effort)
    }
    case 'power': {
      const exponent = exactValue(e.exponent, effort)
      const base = exponent === null ? null : exactValue(e.base, effort)
      return base === null || exponent === null ? null : raise(base, exponent, effort)
    }
    case 'factorial': {
      const of = exactValue(e.of, effort)
      return of === null ? null : factorial(of, e.double ? 2 : 1, effort)
    }
    case 'func': {
      const values: Rational[] = []
      for (const arg of e.args) {
        const value = exactValue(arg, effort)
        if (value === null) return null
        values.push(value)
      }
      return call(e.name, values, effort)
    }
    case 'constant':
    case 'symbol':
    case 'opaque':
    default:
      return null
  }
}

function bounded(value: Rational): Rational | null {
  return bitLength(value.n) > maxBits + 4 || bitLength(value.d) > maxBits + 4 ? null : value
}

type Join = (a: Rational, b: Rational) => Rational | null

/**
 * Joins two values and reduces the result. Spends steps by the length of the numbers. Null when
 * there is no result or it is too long.
 */
function joined(a: Rational, b: Rational, join: Join, effort: Effort): Rational | null {
  effort.spend(3 * stepsOfProduct(sizeOf(a), sizeOf(b)))
  const value = join(a, b)
  return value === null ? null : bounded(simplified(value, effort))
}

function sizeOf(value: Rational): number {
  return value.d === 1n ? bitLength(value.n) : bitLength(value.n) + bitLength(value.d)
}

function simplified(value: Rational, effort: Effort): Rational {
  if (value.d >= largeDenominator) effort.spend(stepsOfDivisor(Math.min(bitLength(value.n), bitLength(value.d))))
  return reduced(value)
}

function fold(parts: readonly Expression[], join: Join, start: Rational, effort: Effort): Rational | null {
  let total: Rational | null = start
  for (const part of parts) {
    const value = exactValue(part, effort)
    total = value === null ? null : joined(total, value, join, effort)
    if (total === null) return null
  }
  return total
}

/** base^exponent, where a root must be exact. The odd root of a negative number is the real one. */
function raise(base: Rational, exponent: Rational, effort: Effort): Rational | null {
  effort.spend(stepsOfDivisor(Math.min(bitLength(exponent.n), bitLength(exponent.d))))
  const { n, d } = lowest(exponent)
  if (d === 1n) return countedPower(base, n, effort)
  if (d > 64n || bitLength(base.n) > maxBits / 4) return null
  const index = Number(d)
  if (base.n < 0n && index % 2 === 0) return null
  effort.spend(stepsOfDivisor(Math.min(bitLength(base.n), bitLength(base.d))))
  const simple = lowest(base)
  effort.spend(stepsOfRoot(bitLength(simple.n)) + stepsOfRoot(bitLength(simple.d)))
  const top = wholeRoot(simple.n < 0n ? -simple.n : simple.n, index)
  const bottom = top === null ? null : wholeRoot(simple.d, index)
  if (top === null || bottom === null) return null
  return countedPower({ n: simple.n < 0n ? -top : top, d: bottom }, n, effort)
}

function countedPower(base: Rational, exponent: bigint, effort: Effort): Rational | null {
  const size = Number(exponent < 0n ? -exponent : exponent)
  const bits = Math.min(maxBits, size * Math.max(bitLength(base.n), bitLength(base.d)))
  effort.spend(stepsOfProduct(bits, bits))
  return power(base, exponent)
}

/** The k-th root of n by Newton's method. Null when it is not whole. */
function wholeRoot(n: bigint, k: number): bigint | null {
  const root = floorRoot(n, k)
  return root ** BigInt(k) === n ? root : null
}

/**
 * The largest whole r with r^k ≤ n, for n ≥ 0. Newton's method, from a start above the root that
 * half of the digits give.
 */
export function floorRoot(n: bigint, k: number): bigint {
  if (n < 2n) return n
  const [power, less] = [BigInt(k), BigInt(k - 1)]
  let x = aboveRoot(n, k)
  for (;;) {
    const next = (less * x + n / x ** less) / power
    if (next >= x) return x
    x = next
  }
}

function aboveRoot(n: bigint, k: number): bigint {
  const bits = bitLength(n)
  // A double gives at least nine digits of the root. Doubles hold no number over 2^1023.
  if (bits <= 1000) return BigInt(Math.ceil(Number(n) ** (1 / k) * (1 + 1e-9))) + 1n
  const shift = Math.floor(bits / (2 * k))
  if (shift === 0) return 1n << BigInt(Math.ceil(bits / k) + 1)
  return (floorRoot(n >> BigInt(k * shift), k) + 1n) << BigInt(shift)
}

function factorial(of: Rational, step: 1 | 2, effort: Effort): Rational | null {
  const n = toInteger(of)
  // 2,400! has 23,000 bits, and 4,000!! about as many.
  if (n === null || n < 0n || n > 4000n) return null
  let value = 1n
  effort.spend(stepsOfFactorial(Number(n)))
  for (let k = n; k > 1n; k -= BigInt(step)) value *= k
  return bounded({ n: value, d: 1n })
}

function binomial(top: Rational, bottom: Rational, effort: Effort): Rational | null {
  const [n, k] = [toInteger(top), toInteger(bottom)]
  if (n === null || k === null || n < 0n || k < 0n) return null
  if (k > n) return zero
  const fewer = k < n - k ? k : n - k
  if (fewer > 10_000n || Number(fewer) * bitLength(n) > maxBits * 2) return null
  effort.spend(stepsOfBinomial(Number(fewer), bitLength(n)))
  let value = 1n
  for (let j = 1n; j <= fewer; j += 1n) value = (value * (n - fewer + j)) / j
  return bounded({ n: value, d: 1n })
}

function call(name: string, values: readonly Rational[], effort: Effort): Rational | null {
  const [a, b] = values
  if (a === undefined) return null
  switch (name) {
    case 'abs':
      return a.n < 0n ? negate(a) : a
    case 'floor':
      return { n: floorOf(a), d: 1n }
    case 'ceil':
      return { n: -floorOf(negate(a)), d: 1n }
    case 'sgn':
      return { n: a.n > 0n ? 1n : a.n < 0n ? -1n : 0n, d: 1n }
    case 'max':
      return values.reduce((best, value) => (compare(value, best) > 0 ? value : best), a)
    case 'min':
      return values.reduce((best, value) => (compare(value, best) < 0 ? value : best), a)
    case 'gcd':
    case 'lcm':
      return commonDivisor(values, name, effort)
    case 'binom':
      return b === undefined ? null : binomial(a, b, effort)
    case 'ln':
      return equal(a, one) ? zero : null
    case 'log':
      return b === undefined ? (equal(a, one) ? zero : null) : logarithm(a, b, effort)
    default:
      return null
  }
}

function floorOf(a: Rational): bigint {
  const whole = a.n / a.d
  return a.n < 0n && whole * a.d !== a.n ? whole - 1n : whole
}

function commonDivisor(values: readonly Rational[], name: string, effort: Effort): Rational | null {
  let total: bigint | null = null
  for (const value of values) {
    const n = toInteger(value)
    if (n === null || n <= 0n) return null
    if (total === null) {
      total = n
      continue
    }
    effort.spend(stepsOfDivisor(Math.min(bitLength(total), bitLength(n))))
    let [x, y]: [bigint, bigint] = [total, n]
    while (y !== 0n) [x, y] = [y, x % y]
    total = name === 'gcd' ? x : (total / x) * n
    if (bitLength(total) > maxBits) return null
  }
  return total === null ? null : { n: total, d: 1n }
}

/**
 * log_b a when it is a fraction with a denominator of at most 12: 3 = log_2 8, 1/3 = log_8 2, 2/3 =
 * log_8 4.
 */
function logarithm(a: Rational, base: Rational, effort: Effort): Rational | null {
  if (a.n <= 0n || base.n <= 0n || equal(base, one)) return null
  if (equal(a, one)) return zero
  const ratio =
    (Math.log2(Number(a.n)) - Math.log2(Number(a.d))) / (Math.log2(Number(base.n)) - Math.log2(Number(base.d)))
  if (!Number.isFinite(ratio) || Math.abs(ratio) > 2000) return null
  for (let d = 1; d <= 12; d++) {
    effort.spend(4)
    const n = Math.round(ratio * d)
    if (Math.abs(ratio * d - n) > 1e-9) continue
    const [left, right] = [countedPower(a, BigInt(d), effort), countedPower(base, BigInt(n), effort)]
    return left !== null && right !== null && equal(left, right) ? { n: BigInt(n), d: BigInt(d) } : null
  }
  return null
}
