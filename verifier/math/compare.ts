import type { Effort } from '../effort.ts'
import { evaluate } from './evaluate.ts'
import { exactValue } from './exact.ts'
import type { Expression } from './expression.ts'
import { contains, integer, sameTree, variablesOf } from './expression.ts'
import { closeness, exactPoints } from './points.ts'
import { preciseValue } from './precise.ts'
import type { Rational } from './rational.ts'
import { bitLength, equal, roundAt } from './rational.ts'
import { residueOf, sameResidue } from './residue.ts'
import { namesOf, sample } from './sampling.ts'
import type { Sampled } from './sampling.ts'

/**
 * How two expressions compare.
 * - `exact`: the same value or the same tree.
 * - `equal`: shown to be the same.
 * - `rounded`: equal at the given precision, or one side is a long decimal of the other.
 * - `unknown`: it cannot be told.
 */
export type Comparison = 'exact' | 'equal' | 'rounded' | 'different' | 'unknown'

export interface CompareOptions {
  /**
   * The number of decimals after the point to which both sides are rounded (half away from zero).
   */
  precision?: number | undefined
  effort: Effort
}

/**
 * A decimal counts as the rounded value of the other side when it has at least this many decimals,
 * and at least this many digits after its leading zeros.
 */
const fewestDecimals = 6
const fewestDigits = 5n

/**
 * Compares two expressions. Rational values are compared exactly, and rational functions exactly
 * modulo a prime. Expressions with roots or functions are compared by their values at fixed points,
 * in doubles and then in many more digits. A bare \log equals only what is equal for every base;
 * when base 10 or e would make the two equal, the result is `unknown`. The result is also `unknown`
 * for values that are undefined or too large, and for sums and integrals that are not the same part
 * by part. Throws EffortSpent when the steps are used up.
 */
export function compareExpressions(a: Expression, b: Expression, { precision, effort }: CompareOptions): Comparison {
  if (sameTree(a, b, effort)) return 'exact'
  const [left, right] = [exactValue(a, effort), exactValue(b, effort)]
  if (left !== null && right !== null) {
    if (equal(left, right)) return 'exact'
    return isRounded(a, b, left, right, precision) ? 'rounded' : 'different'
  }
  const unbounded = compareInfinite(a, b, effort)
  if (unbounded !== null) return unbounded
  const exact = byResidues(a, b, effort)
  if (exact === 'equal') return 'equal'
  if (variablesOf(a).size > 0 || variablesOf(b).size > 0) {
    return (
      exact ??
      honest(
        a,
        b,
        overLogBases(a, b, (logBase) => compareOpen(a, b, effort, logBase)),
      )
    )
  }
  const closed =
    exact ??
    honest(
      a,
      b,
      overLogBases(a, b, (logBase) => compareClosed(a, b, effort, logBase)),
    )
  if (closed !== 'different') return closed
  return roundedClosed(a, b, precision, effort) ? 'rounded' : 'different'
}

/**
 * Decides when both sides are rational. When a side is not, it can only show that they are equal.
 */
function byResidues(a: Expression, b: Expression, effort: Effort): 'equal' | 'different' | null {
  let same = true
  let rational = true
  for (let index = 0; index < 2; index++) {
    const left = residueOf(a, { index, effort })
    const right = left === null ? null : residueOf(b, { index, effort })
    if (left === null || right === null) return null
    same = same && sameResidue(left, right)
    rational = rational && left.rational && right.rational
    if (!same) return rational ? 'different' : null
  }
  return 'equal'
}

const isBareLog = (e: Expression) => e.type === 'func' && e.name === 'log' && e.args.length === 1

/** The ln of a base that nobody uses. What holds for this base holds for every base. */
const noBase = 1.618_271_4
const usualBases = [Math.LN10, 1]

function overLogBases(a: Expression, b: Expression, compared: (logBase: number) => Sampled): Sampled {
  if (!contains(a, isBareLog) && !contains(b, isBareLog)) return compared(1)
  const found = compared(noBase)
  if (found !== 'different') return found
  return usualBases.some((base) => compared(base) !== 'different') ? 'unknown' : 'different'
}

/**
 * The longest number, in bits, for which agreement in doubles is enough when more digits cannot be
 * computed.
 */
const bitsOfDoubles = 40

/**
 * Compares two expressions with variables. Agreement in doubles is confirmed by many digits at a
 * point where both sides are real.
 */
function compareOpen(a: Expression, b: Expression, effort: Effort, logBase: number): Sampled {
  const sides = { a, b, effort, logBase }
  const sampled = sample(sides)
  if (sampled === 'different') return 'different'
  for (const at of exactPoints(namesOf(sides))) {
    const left = preciseValue(a, effort, logBase, at)
    const right = left === null ? null : preciseValue(b, effort, logBase, at)
    if (left === 'beyond' || right === 'beyond') return 'unknown'
    if (left === null || right === null) continue
    const near = left.near(right)
    if (near === 'different') return 'different'
    return near === 'equal' ? sampled : 'unknown'
  }
  return sampled === 'equal' && [a, b].every(hasShortNumbers) ? 'equal' : 'unknown'
}

function hasShortNumbers(e: Expression): boolean {
  return !contains(
    e,
    (part) => part.type === 'number' && Math.max(bitLength(part.value.n), bitLength(part.value.d)) > bitsOfDoubles,
  )
}

/** Compares two values without variables: to many digits when they are real, else in doubles. */
function compareClosed(a: Expression, b: Expression, effort: Effort, logBase: number): Sampled {
  const how = { at: new Map(), effort, realOnly: false, generic: true, logBase, scale: 0 }
  const [left, right] = [evaluate(a, how), evaluate(b, how)]
  if (left !== null && right !== null && closeness(left, right, how.scale) === 'apart') return 'different'
  const [precise, other] = [preciseValue(a, effort, logBase), preciseValue(b, effort, logBase)]
  if (precise === 'beyond' || other === 'beyond') return 'unknown'
  if (precise !== null && other !== null) return precise.near(other)
  if (left === null || right === null) return 'unknown'
  const close = closeness(left, right, how.scale) === 'close'
  return close && [a, b].every(hasShortNumbers) ? 'equal' : 'unknown'
}

/** Integrals with different parts may still be equal: no integral was computed. */
function honest(a: Expression, b: Expression, found: Sampled): Sampled {
  const isOpaque = (e: Expression) => e.type === 'opaque'
  return found === 'different' && (contains(a, isOpaque) || contains(b, isOpaque)) ? 'unknown' : found
}

/**
 * ∞ equals ∞, and differs from −∞ and from every finite value. Null when neither side is infinite.
 */
function compareInfinite(a: Expression, b: Expression, effort: Effort): Comparison | null {
  const [left, right] = [infiniteSign(a, effort), infiniteSign(b, effort)]
  if (left === 0 && right === 0) return null
  if (left === right) return 'equal'
  if (left !== 0 && right !== 0) return 'different'
  const isInfinity = (e: Expression) => e.type === 'constant' && e.name === 'infinity'
  return contains(left === 0 ? a : b, isInfinity) ? 'unknown' : 'different'
}

/** 1 for ∞ and −1 for −∞, also with a rational factor. 0 for everything else. */
function infiniteSign(e: Expression, effort: Effort): number {
  if (e.type === 'constant') return e.name === 'infinity' ? 1 : 0
  if (e.type !== 'product') return 0
  const at = e.factors.findIndex((factor) => factor.type === 'constant' && factor.name === 'infinity')
  if (at < 0) return 0
  const rest = e.factors.filter((_, index) => index !== at)
  const factor = exactValue({ type: 'product', factors: rest.length === 0 ? [integer(1)] : rest }, effort)
  return factor === null ? 0 : Number(factor.n > 0n) - Number(factor.n < 0n)
}

function isRounded(a: Expression, b: Expression, left: Rational, right: Rational, precision?: number): boolean {
  if (precision !== undefined) return roundAt(left, precision) === roundAt(right, precision)
  return isRoundingOf(a, b, right) || isRoundingOf(b, a, left)
}

/**
 * Whether a long decimal is the correctly rounded value of the other side, which must not be a
 * decimal itself.
 */
function isRoundingOf(decimal: Expression, other: Expression, value: Rational): boolean {
  if (decimal.type !== 'number' || decimal.decimals === null || decimal.decimals < fewestDecimals) return false
  if (other.type === 'number' && other.decimals !== null) return false
  const digits = roundAt(decimal.value, decimal.decimals)
  const size = digits < 0n ? -digits : digits
  return size >= 10n ** (fewestDigits - 1n) && digits === roundAt(value, decimal.decimals)
}

function roundedClosed(a: Expression, b: Expression, precision: number | undefined, effort: Effort): boolean {
  const isDecimal = (e: Expression) =>
    e.type === 'number' && e.decimals !== null && e.decimals >= fewestDecimals && e.decimals <= 40
  if (precision === undefined && !isDecimal(a) && !isDecimal(b)) return false
  if ([a, b].some((e) => contains(e, isBareLog)) || (precision ?? 0) > 40) return false
  const [left, right] = [preciseValue(a, effort, 1), preciseValue(b, effort, 1)]
  if (left === null || right === null || left === 'beyond' || right === 'beyond') return false
  return isRounded(a, b, left.value, right.value, precision)
}
