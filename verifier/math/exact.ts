import type { Budget } from '../budget.ts'
import type { Expression } from './expression.ts'
import type { Rational } from './rational.ts'
import {
  add, bitLength, compare, divide, equal, lowest, MAX_BITS, multiply, negate, ONE, power, reduced, toInteger, ZERO,
} from './rational.ts' // prettier-ignore

/**
 * The exact value of an expression without variables: whole powers, roots that come out, factorials, binomials, logarithms
 * that come out, gcd and the like. Null when it is not rational, not defined, or beyond 20,000 bits (checked before it is computed).
 * @throws BudgetSpent
 */
export function exactValue(e: Expression, budget: Budget): Rational | null {
  budget.spend()
  switch (e.type) {
    case 'number':
      return bounded(e.value)
    case 'sum':
      return fold(e.terms, add, ZERO, budget)
    case 'product':
      return fold(e.factors, multiply, ONE, budget)
    case 'quotient': {
      const bottom = exactValue(e.bottom, budget)
      const top = bottom === null ? null : exactValue(e.top, budget)
      const value = top === null || bottom === null ? null : divide(top, bottom)
      return value === null ? null : bounded(reduced(value))
    }
    case 'power': {
      const exponent = exactValue(e.exponent, budget)
      const base = exponent === null ? null : exactValue(e.base, budget)
      return base === null || exponent === null ? null : raise(base, exponent, budget)
    }
    case 'factorial': {
      const of = exactValue(e.of, budget)
      return of === null ? null : factorial(of, e.double ? 2 : 1, budget)
    }
    case 'func': {
      const values: Rational[] = []
      for (const arg of e.args) {
        const value = exactValue(arg, budget)
        if (value === null) return null
        values.push(value)
      }
      return call(e.name, values, budget)
    }
    case 'constant':
    case 'symbol':
    case 'opaque':
    default:
      return null
  }
}

function bounded(value: Rational): Rational | null {
  return bitLength(value.n) > MAX_BITS + 4 || bitLength(value.d) > MAX_BITS + 4 ? null : value
}

type Join = (a: Rational, b: Rational) => Rational

function fold(parts: readonly Expression[], join: Join, start: Rational, budget: Budget): Rational | null {
  let total = start
  for (const part of parts) {
    const value = exactValue(part, budget)
    if (value === null) return null
    const joined = bounded(reduced(join(total, value)))
    if (joined === null) return null
    total = joined
  }
  return total
}

/** base^exponent, where a root must come out. The odd root of a negative number is the real one. */
function raise(base: Rational, exponent: Rational, budget: Budget): Rational | null {
  const { n, d } = lowest(exponent)
  if (d === 1n) return power(base, n)
  if (d > 64n || bitLength(base.n) > MAX_BITS / 4) return null
  const index = Number(d)
  if (base.n < 0n && index % 2 === 0) return null
  const simple = lowest(base)
  budget.spend(20 + bitLength(simple.n) / 16)
  const top = wholeRoot(simple.n < 0n ? -simple.n : simple.n, index)
  const bottom = top === null ? null : wholeRoot(simple.d, index)
  if (top === null || bottom === null) return null
  return power({ n: simple.n < 0n ? -top : top, d: bottom }, n)
}

/** The k-th root of n when it is whole, by Newton's method. */
export function wholeRoot(n: bigint, k: number): bigint | null {
  const root = floorRoot(n, k)
  return root ** BigInt(k) === n ? root : null
}

/** The largest whole r with r^k ≤ n, for n ≥ 0. */
export function floorRoot(n: bigint, k: number): bigint {
  if (n < 2n) return n
  const [power, less] = [BigInt(k), BigInt(k - 1)]
  const bits = n < 2n ** 1000n ? Math.ceil(Math.log2(Number(n)) / k) : Math.ceil(bitLength(n) / k)
  let x = 1n << BigInt(bits + 1)
  for (;;) {
    const next = (less * x + n / x ** less) / power
    if (next >= x) return x
    x = next
  }
}

function factorial(of: Rational, step: 1 | 2, budget: Budget): Rational | null {
  const n = toInteger(of)
  // 2,400! has 23,000 bits; 4,000!! about as many.
  if (n === null || n < 0n || n > 4000n) return null
  let value = 1n
  budget.spend(Number(n) / 4)
  for (let k = n; k > 1n; k -= BigInt(step)) value *= k
  return bounded({ n: value, d: 1n })
}

function binomial(top: Rational, bottom: Rational, budget: Budget): Rational | null {
  const [n, k] = [toInteger(top), toInteger(bottom)]
  if (n === null || k === null || n < 0n || k < 0n) return null
  if (k > n) return ZERO
  const fewer = k < n - k ? k : n - k
  if (fewer > 10_000n || Number(fewer) * bitLength(n) > MAX_BITS * 2) return null
  budget.spend(Number(fewer) / 4)
  let value = 1n
  for (let j = 1n; j <= fewer; j += 1n) value = (value * (n - fewer + j)) / j
  return bounded({ n: value, d: 1n })
}

function call(name: string, values: readonly Rational[], budget: Budget): Rational | null {
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
      return commonDivisor(values, name, budget)
    case 'binom':
      return b === undefined ? null : binomial(a, b, budget)
    case 'ln':
      return equal(a, ONE) ? ZERO : null
    case 'log':
      return b === undefined ? (equal(a, ONE) ? ZERO : null) : logarithm(a, b, budget)
    default:
      return null
  }
}

function floorOf(a: Rational): bigint {
  const whole = a.n / a.d
  return a.n < 0n && whole * a.d !== a.n ? whole - 1n : whole
}

function commonDivisor(values: readonly Rational[], name: string, budget: Budget): Rational | null {
  let total: bigint | null = null
  for (const value of values) {
    const n = toInteger(value)
    if (n === null || n <= 0n) return null
    budget.spend(10 + bitLength(n) / 8)
    if (total === null) {
      total = n
      continue
    }
    let [x, y]: [bigint, bigint] = [total, n]
    while (y !== 0n) [x, y] = [y, x % y]
    total = name === 'gcd' ? x : (total / x) * n
    if (bitLength(total) > MAX_BITS) return null
  }
  return total === null ? null : { n: total, d: 1n }
}

/** log_b a when it is a whole number or the reciprocal of one: 3 = log_2 8, 1/3 = log_8 2, 2/3 = log_8 4. */
function logarithm(a: Rational, base: Rational, budget: Budget): Rational | null {
  if (a.n <= 0n || base.n <= 0n || equal(base, ONE)) return null
  if (equal(a, ONE)) return ZERO
  const ratio =
    (Math.log2(Number(a.n)) - Math.log2(Number(a.d))) / (Math.log2(Number(base.n)) - Math.log2(Number(base.d)))
  if (!Number.isFinite(ratio) || Math.abs(ratio) > 2000) return null
  for (let d = 1; d <= 12; d += 1) {
    budget.spend(4)
    const n = Math.round(ratio * d)
    if (Math.abs(ratio * d - n) > 1e-9) continue
    const [left, right] = [power(a, BigInt(d)), power(base, BigInt(n))]
    return left !== null && right !== null && equal(left, right) ? { n: BigInt(n), d: BigInt(d) } : null
  }
  return null
}
