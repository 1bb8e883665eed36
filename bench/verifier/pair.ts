import type { AnswerKind, AnswerPolicy } from '../../domain/answer-check.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'
import type { Draw } from './draw.ts'

/** A family's draw: two texts and whether they are equal. Their construction says so. */
export interface Made {
  gold: string
  answer: string
  equal: boolean
  choices?: string[]
  policy?: AnswerPolicy
}

/**
 * The text that may be put around an answer: dollars, boxes and sentences of mathematics, tags and
 * sentences of words, or nothing because the answer is a whole completion.
 */
export type Wrapping = 'mathematics' | 'words' | 'none'

/** One way to make pairs. `wrapping` is mathematics where it is left out. */
export interface Family {
  name: string
  kind: AnswerKind
  wrapping?: Wrapping
  make: (draw: Draw) => Made
}

/**
 * A generated pair with its id in the run. `answer` may be inside a sentence or a box, `bare` is
 * the answer alone.
 */
export type Pair = Made & {
  id: string
  group: string
  family: string
  kind: AnswerKind
  wrapping: Wrapping
  bare: string
}

/** The pair as a case for the verifier. */
export function caseOf({ id, gold, answer, kind, choices, policy }: Pair): VerifyCase {
  return { id, gold, answer, kind, choices, policy }
}

/**
 * An equal pair or a near miss, each with probability one half. `wrong` has texts that differ from
 * the gold by one small thing.
 */
export function either(draw: Draw, gold: string, right: readonly string[], wrong: readonly string[]): Made {
  const misses = wrong.filter((text) => text !== gold && !right.includes(text))
  const equal = misses.length === 0 || draw.chance(0.5)
  const [first = gold, ...others] = equal ? right : misses
  return { gold, answer: draw.of(first, ...others), equal }
}

/** "+ 3", "- 3": a term after other terms. */
export function plus(n: number, of = ''): string {
  if (n === 0) return ''
  return `${n < 0 ? ' - ' : ' + '}${factor(Math.abs(n), of)}`
}

/** "3x", "-x", "7": the first term. */
export function term(n: number, of = ''): string {
  return n < 0 ? `-${factor(-n, of)}` : factor(n, of)
}

function factor(n: number, of: string): string {
  return n === 1 && of !== '' ? of : `${n}${of}`
}

/** A polynomial from its coefficients, highest power first. */
export function polynomial(coefficients: readonly number[], of = 'x'): string {
  const degree = coefficients.length - 1
  const terms = coefficients
    .map((n, i) => ({ n, power: degree - i }))
    .filter(({ n }) => n !== 0)
    .map(({ n, power }) => ({ n, of: power === 0 ? '' : power === 1 ? of : `${of}^${power}` }))
  if (terms.length === 0) return '0'
  return terms.map(({ n, of: x }, i) => (i === 0 ? term(n, x) : plus(n, x))).join('')
}

/** The product of two polynomials. */
export function product(a: readonly number[], b: readonly number[]): number[] {
  const result = Array.from({ length: a.length + b.length - 1 }, () => 0)
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) result[i + j] = (result[i + j] ?? 0) + x * y
  return result
}

export function gcd(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcd(b, a % b)
}

/** A fraction in LaTeX, not reduced. */
export function fraction(n: number, d: number): string {
  return `${n < 0 ? '-' : ''}\\frac{${Math.abs(n)}}{${d}}`
}

/** The same number with one digit changed, never to 0. */
export function digitChanged(draw: Draw, text: string): string {
  const places = Array.from(text.matchAll(/\d/g), ({ index }) => index)
  const at = draw.of(places[0] ?? 0, ...places.slice(1))
  const digit = (Number(text.charAt(at)) + draw.int(1, 8)) % 10
  const next = digit === 0 ? (Number(text.charAt(at)) === 9 ? 8 : 9) : digit
  return text.slice(0, at) + String(next) + text.slice(at + 1)
}
