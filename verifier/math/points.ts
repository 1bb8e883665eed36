import type { Complex } from './complex.ts'
import { magnitude, minus, real } from './complex.ts'
import type { Rational } from './rational.ts'

/** Numbers in [0, 1) that are the same on every machine and in every run (mulberry32). */
function fixedNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Points = readonly ReadonlyMap<string, Complex>[]

/**
 * Complex points in general position, at a distance from 0.3 to 2 from zero. Callers sort the
 * names, so that the order of the two sides does not matter.
 */
export function complexPoints(names: readonly string[], count: number): Points {
  const next = fixedNumbers(0x5eed1)
  return Array.from({ length: count }, () => {
    const at = new Map<string, Complex>()
    for (const name of names) {
      const [size, angle] = [0.3 + 1.7 * next(), 2 * Math.PI * next()]
      at.set(name, { re: size * Math.cos(angle), im: size * Math.sin(angle) })
    }
    return at
  })
}

/**
 * The ranges of real points: positive, small, of both signs, large. Roots, logarithms and arcsines
 * are real in some of them.
 */
const ranges: readonly (readonly [number, number])[] = [
  [0.1, 3],
  [0.02, 0.98],
  [-3, 3],
  [-0.98, 0.98],
  [1, 12],
  [-12, -1],
]

/**
 * Real points from each range in turn. They are multiples of 1/1024, so that they are exact as
 * fractions too.
 */
export function realPoints(names: readonly string[], count: number): Points {
  const next = fixedNumbers(0x5eed2)
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = ranges[index % ranges.length] ?? [0.1, 3]
    const at = new Map<string, Complex>()
    for (const name of names) at.set(name, real(Math.round((from + (to - from) * next()) * 1024) / 1024 || 1 / 1024))
    return at
  })
}

/** Three real points as exact fractions: positive, below one, above one. */
export function exactPoints(names: readonly string[]): ReadonlyMap<string, Rational>[] {
  const next = fixedNumbers(0x5eed3)
  return [1, 0, 3].map((whole) => {
    const at = new Map<string, Rational>()
    for (const name of names) at.set(name, { n: BigInt(whole * 1024 + 1 + Math.floor(next() * 1022)), d: 1024n })
    return at
  })
}

/**
 * How two values compare in doubles. `scale` is the size of the terms that they were added up from.
 */
export type Closeness = 'close' | 'apart' | 'unclear'

export function closeness(a: Complex, b: Complex, scale: number): Closeness {
  const difference = magnitude(minus(a, b))
  const size = Math.max(magnitude(a), magnitude(b))
  if (difference <= 1e-10 * size) return 'close'
  if (difference <= 1e-12 * scale) return size < 1e-9 * scale ? 'close' : 'unclear'
  return difference > 1e-9 * scale || difference > 1e-4 * size ? 'apart' : 'unclear'
}
