import type { Effort } from '../effort.ts'
import { exactValue } from './exact.ts'
import type { Expression } from './expression.ts'
import { isKnown } from './functions.ts'
import type { Rational } from './rational.ts'
import { bitLength, lowest } from './rational.ts'

/**
 * Exact evaluation modulo a 61-bit prime at made-up points. Two rational expressions that agree
 * there are the same for all values (Schwartz and Zippel: the chance of an accident is about degree
 * / 2^61), and two that differ are not the same. Doubles would take x·12345678901234567890 for
 * x·12345678901234567891. A part that is not rational (√x, sin x, n!) gets a made-up value from its
 * kind and from the residues of its parts. Agreement then still shows equality, but difference
 * shows nothing.
 */
const prime = 2305843009213693921n
/** A square root of −1 modulo the prime, for i. */
const rootOfMinusOne = 583529827753931384n

/** A fraction modulo the prime, and whether every part of it was rational. */
export interface Residue {
  n: bigint
  d: bigint
  rational: boolean
}

/** The point with this number. It gives every variable a value. */
export interface Point {
  index: number
  effort: Effort
}

/** The value at a point. Null when a denominator vanishes or the expression holds infinity. */
export function residueOf(e: Expression, point: Point): Residue | null {
  point.effort.spend()
  switch (e.type) {
    case 'number':
      return { n: mod(e.value.n), d: mod(e.value.d), rational: true }
    case 'constant':
      if (e.name === 'infinity') return null
      return whole(e.name === 'i' ? rootOfMinusOne : hashed(`constant ${e.name}`), true)
    case 'symbol':
      return whole(hashed(`symbol ${e.name} ${point.index}`), true)
    case 'sum': {
      let total = whole(0n, true)
      for (const term of e.terms) {
        const value = residueOf(term, point)
        if (value === null) return null
        total = plus(total, value)
      }
      return total
    }
    case 'product': {
      let total = whole(1n, true)
      for (const factor of e.factors) {
        const value = residueOf(factor, point)
        if (value === null) return null
        total = {
          n: (total.n * value.n) % prime,
          d: (total.d * value.d) % prime,
          rational: total.rational && value.rational,
        }
      }
      return total
    }
    case 'quotient': {
      const [top, bottom] = [residueOf(e.top, point), residueOf(e.bottom, point)]
      if (top === null || bottom === null || bottom.n === 0n) return null
      return { n: (top.n * bottom.d) % prime, d: (top.d * bottom.n) % prime, rational: top.rational && bottom.rational }
    }
    case 'power':
      return powerOf(e.base, e.exponent, point)
    case 'factorial':
    case 'func':
      return madeUp(e, e.type === 'func' ? e.name : e.double ? '!!' : '!', point)
    case 'opaque':
    default:
      return madeUp(e, `opaque ${e.operator}`, point)
  }
}

function plus(a: Residue, b: Residue): Residue {
  const rational = a.rational && b.rational
  if (a.d === b.d) return { n: (a.n + b.n) % prime, d: a.d, rational }
  return { n: (a.n * b.d + b.n * a.d) % prime, d: (a.d * b.d) % prime, rational }
}

function whole(n: bigint, rational: boolean): Residue {
  return { n, d: 1n, rational }
}

function mod(n: bigint): bigint {
  if (n >= 0n && n < prime) return n
  const rest = n % prime
  return rest < 0n ? rest + prime : rest
}

/**
 * Whole exponents of up to 64 bits are computed, also when the result would be too long to write
 * down.
 */
function powerOf(base: Expression, exponent: Expression, point: Point): Residue | null {
  const exact = exactValue(exponent, point.effort)
  if (exact === null || exact.n % exact.d !== 0n) {
    const rational = exactValue({ type: 'power', base, exponent }, point.effort)
    if (rational !== null) return { n: mod(rational.n), d: mod(rational.d), rational: true }
    return exact === null ? madeUp({ type: 'power', base, exponent }, '^', point) : rootOf(base, lowest(exact), point)
  }
  const power = exact.n / exact.d
  if (bitLength(power) > 64) return null
  const value = residueOf(base, point)
  if (value === null || (value.n === 0n && power <= 0n)) return null
  const size = power < 0n ? -power : power
  point.effort.spend(bitLength(size))
  const [n, d] = [modularPower(value.n, size), modularPower(value.d, size)]
  return power < 0n ? { n: d, d: n, rational: value.rational } : { n, d, rational: value.rational }
}

/** A power with a fraction as exponent. */
function rootOf(base: Expression, exponent: Rational, point: Point): Residue | null {
  const value = residueOf(base, point)
  if (value === null) return null
  point.effort.spend(20)
  return whole(hashed(`^ ${canonical(value)} ${exponent.n}/${exponent.d}`), false)
}

function modularPower(base: bigint, exponent: bigint): bigint {
  if (base === 1n) return 1n
  let [result, square, left] = [1n, base, exponent]
  while (left > 0n) {
    if ((left & 1n) === 1n) result = (result * square) % prime
    left >>= 1n
    if (left > 0n) square = (square * square) % prime
  }
  return result
}

/** A value that depends only on the kind of the part and on the residues of its parts. */
function madeUp(e: Expression, name: string, point: Point): Residue | null {
  const exact = e.type === 'opaque' ? null : exactValue(e, point.effort)
  if (exact !== null) return { n: mod(exact.n), d: mod(exact.d), rational: true }
  let key = name
  // Nothing is known about f(x), so different residues make it different. There are identities for
  // sin and for sums.
  let rational = e.type === 'func' && !isKnown(e.name)
  for (const part of partsOf(e)) {
    const value = residueOf(part, point)
    if (value === null) return null
    rational = rational && value.rational
    point.effort.spend(value.d === 1n ? 1 : 20)
    key += ` ${canonical(value)}`
  }
  return whole(hashed(key), rational)
}

function partsOf(e: Expression): readonly Expression[] {
  if (e.type === 'func') return e.args
  if (e.type === 'factorial') return [e.of]
  if (e.type === 'power') return [e.base, e.exponent]
  return e.type === 'opaque' ? e.parts : []
}

/** The fraction as one residue. */
function canonical(value: Residue): bigint {
  return value.d === 1n ? value.n : (value.n * inverse(value.d)) % prime
}

function inverse(n: bigint): bigint {
  let [r, next, x, following] = [prime, n, 0n, 1n]
  while (next !== 0n) {
    const q = r / next
    ;[r, next] = [next, r - q * next]
    ;[x, following] = [following, x - q * following]
  }
  return mod(x)
}

export function sameResidue(a: Residue, b: Residue): boolean {
  return a.n === b.n
    ? a.d === b.d || (a.n * b.d) % prime === (b.n * a.d) % prime
    : (a.n * b.d) % prime === (b.n * a.d) % prime
}

/** Whether a₁/b₁ = a₂/b₂ for values at two points. */
export function sameRatio(a1: Residue, b1: Residue, a2: Residue, b2: Residue): boolean {
  const left = (((a1.n * b1.d) % prime) * ((a2.d * b2.n) % prime)) % prime
  const right = (((a1.d * b1.n) % prime) * ((a2.n * b2.d) % prime)) % prime
  return left === right
}

/** Scatters texts over the residues, always in the same way (FNV-1a over two seeds). */
function hashed(text: string): bigint {
  let [a, b] = [0x811c9dc5, 0x2545f491]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13)
  }
  a = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d)
  b = Math.imul(b ^ (b >>> 16), 0x45d9f3b)
  return ((BigInt((a ^ (a >>> 13)) >>> 0) << 32n) | BigInt((b ^ (b >>> 12)) >>> 0)) % prime
}
