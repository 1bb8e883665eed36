import { LRUCache } from 'lru-cache'
import { bitLength } from './rational.ts'
import { floorRoot } from './exact.ts'

/** A real number as a whole multiple of 2^−bits. */
export type Fixed = bigint

export function multiplied(a: Fixed, b: Fixed, bits: bigint): Fixed {
  return (a * b) >> bits
}

export function divided(a: Fixed, b: Fixed, bits: bigint): Fixed {
  return (a << bits) / b
}

/** The k-th root of x ≥ 0. */
export function rootOf(x: Fixed, k: number, bits: bigint): Fixed {
  return floorRoot(x << (bits * BigInt(k - 1)), k)
}

/** The series of arctan(1/n), for π. Without alternating signs it is artanh(1/n), for ln 2. */
function inverseTangentOfReciprocal(n: bigint, bits: bigint, alternating: boolean): Fixed {
  let power = (1n << bits) / n
  const square = n * n
  let total = power
  for (let k = 3n, sign = -1n; power !== 0n; k += 2n, sign = -sign) {
    power /= square
    total += ((alternating ? sign : 1n) * power) / k
  }
  return total
}

const extraBits = 32n
const kept = new LRUCache<string, Fixed>({ max: 64 })

/** Computes a constant once for each precision. */
function remembered(name: string, bits: bigint, compute: (bits: bigint) => Fixed): Fixed {
  const key = `${name} ${bits}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const value = compute(bits + extraBits) >> extraBits
  kept.set(key, value)
  return value
}

/** π by Machin's formula: 16 arctan(1/5) − 4 arctan(1/239). */
export function piAt(bits: bigint): Fixed {
  return remembered(
    'pi',
    bits,
    (b) => 16n * inverseTangentOfReciprocal(5n, b, true) - 4n * inverseTangentOfReciprocal(239n, b, true),
  )
}

/** ln 2 = 2 artanh(1/3). */
function logTwo(bits: bigint): Fixed {
  return remembered('ln2', bits, (b) => 2n * inverseTangentOfReciprocal(3n, b, false))
}

/**
 * e^x, with x = k ln 2 + r and the series at r / 256. Null for results over 2^1000, and for results
 * that are too small to keep half of their digits.
 */
export function exponentialOf(x: Fixed, bits: bigint): Fixed | null {
  const inner = bits + extraBits
  const wide = x << extraBits
  const k = wide / logTwo(inner)
  if (k > 1000n || k < -bits / 2n) return null
  const small = (wide - k * logTwo(inner)) >> 8n
  let [term, total] = [1n << inner, 1n << inner]
  for (let n = 1n; term !== 0n && term !== -1n; n += 1n) {
    term = ((term * small) >> inner) / n
    total += term
  }
  for (let squared = 0; squared < 8; squared++) total = (total * total) >> inner
  const value = k >= 0n ? total << k : total >> -k
  return value >> extraBits
}

/**
 * ln x for x > 0, with x = m·2^k and m near 1: four square roots of m, then 2 artanh((m − 1)/(m +
 * 1)). Null for x ≤ 0.
 */
export function logarithmOf(x: Fixed, bits: bigint): Fixed | null {
  if (x <= 0n) return null
  const inner = bits + extraBits
  const k = BigInt(bitLength(x)) - bits
  const wide = k + 0n >= 0n ? (x << extraBits) >> k : (x << extraBits) << -k
  let m = wide
  for (let root = 0; root < 4; root++) m = floorRoot(m << inner, 2)
  const one = 1n << inner
  const y = ((m - one) << inner) / (m + one)
  const square = (y * y) >> inner
  let [power, total] = [y, y]
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = (power * square) >> inner
    total += power / n
  }
  return (32n * total + k * logTwo(inner)) >> extraBits
}

/**
 * sin and cos of x. Whole turns are taken off, then the series is taken at x / 16 and the angle
 * doubled.
 */
function turn(x: Fixed, bits: bigint): { sine: Fixed; cosine: Fixed } {
  const inner = bits + extraBits
  const pi = piAt(inner)
  const wide = x << extraBits
  const small = (wide % (2n * pi)) >> 4n
  const square = (small * small) >> inner
  let [sineTerm, cosineTerm] = [small, 1n << inner]
  let [sine, cosine] = [small, 1n << inner]
  for (let n = 1n; sineTerm !== 0n || cosineTerm !== 0n; n += 2n) {
    cosineTerm = -((cosineTerm * square) >> inner) / (n * (n + 1n))
    sineTerm = -((sineTerm * square) >> inner) / ((n + 1n) * (n + 2n))
    cosine += cosineTerm
    sine += sineTerm
  }
  for (let doubled = 0; doubled < 4; doubled++) {
    const next = (2n * sine * cosine) >> inner
    cosine = (1n << inner) - ((2n * sine * sine) >> inner)
    sine = next
  }
  return { sine: sine >> extraBits, cosine: cosine >> extraBits }
}

export function sineOf(x: Fixed, bits: bigint): Fixed {
  return turn(x, bits).sine
}

export function cosineOf(x: Fixed, bits: bigint): Fixed {
  return turn(x, bits).cosine
}

/** arctan x: 1/x for large x, four halvings of the angle, then the series. */
export function tangentInverseOf(x: Fixed, bits: bigint): Fixed {
  if (x < 0n) return -tangentInverseOf(-x, bits)
  const inner = bits + extraBits
  const one = 1n << inner
  const wide = x << extraBits
  if (wide > one) return piAt(bits) / 2n - tangentInverseOf((1n << (2n * bits)) / x, bits)
  let t = wide
  for (let halved = 0; halved < 4; halved++) {
    const root = floorRoot((one + ((t * t) >> inner)) << inner, 2)
    t = (t << inner) / (one + root)
  }
  const square = (t * t) >> inner
  let [power, total, sign] = [t, t, -1n]
  for (let n = 3n; power !== 0n; n += 2n, sign = -sign) {
    power = (power * square) >> inner
    total += (sign * power) / n
  }
  return (16n * total) >> extraBits
}
