import type { Effort } from '../effort.ts'
import { magnitude, over } from './complex.ts'
import type { Expression } from './expression.ts'
import { closeness, complexPoints, realPoints } from './points.ts'
import type { Residue } from './residue.ts'
import { residueOf, sameRatio } from './residue.ts'
import { hasBranches, namesOf, pairsAt } from './sampling.ts'
import type { Pairs, Sides } from './sampling.ts'

/**
 * Whether a = c·b for one constant c ≠ 0, for all values of the variables. Then two implicit
 * equations are the same (the caller passes left side minus right side). Zero is proportional only
 * to zero. Null when it cannot be told. Throws EffortSpent when the steps are used up.
 */
export function proportional(a: Expression, b: Expression, effort: Effort): boolean | null {
  const exact = byResidues(a, b, effort)
  if (exact !== null) return exact
  const sides: Sides = { a, b, effort, logBase: Math.E }
  const names = namesOf(sides)
  const general = constantRatio(pairsAt(sides, complexPoints(names, 16), false, 8))
  if (general === true || (!hasBranches(a) && !hasBranches(b))) return general
  return constantRatio(pairsAt(sides, realPoints(names, 36), true, 36))
}

/**
 * Exact for rational expressions. For other expressions only agreement counts. Null when nothing is
 * shown.
 */
function byResidues(a: Expression, b: Expression, effort: Effort): boolean | null {
  const pairs: { left: Residue; right: Residue }[] = []
  for (let index = 0; index < 3; index++) {
    const left = residueOf(a, { index, effort })
    const right = left === null ? null : residueOf(b, { index, effort })
    if (left === null || right === null) return null
    pairs.push({ left, right })
  }
  const rational = pairs.every(({ left, right }) => left.rational && right.rational)
  const zeroLeft = pairs.every(({ left }) => left.n === 0n)
  const zeroRight = pairs.every(({ right }) => right.n === 0n)
  if (zeroLeft && zeroRight) return true
  if (zeroLeft || zeroRight) return rational ? false : null
  const [first, ...others] = pairs
  if (first === undefined || pairs.some(({ left, right }) => left.n === 0n || right.n === 0n)) return null
  const same = others.every(({ left, right }) => sameRatio(first.left, first.right, left, right))
  return same ? true : rational ? false : null
}

function constantRatio(pairs: Pairs): boolean | null {
  const vanishing = (value: number, scale: number) => value <= 1e-12 * Math.max(scale, 1e-300)
  const zeroLeft = pairs.filter(({ left, scale }) => vanishing(magnitude(left), scale)).length
  const zeroRight = pairs.filter(({ right, scale }) => vanishing(magnitude(right), scale)).length
  if (pairs.length < 5) return null
  if (zeroLeft === pairs.length && zeroRight === pairs.length) return true
  if (zeroLeft === pairs.length || zeroRight === pairs.length) return false
  const ratios = pairs
    .filter(({ left, right, scale }) => !vanishing(magnitude(left), scale) && !vanishing(magnitude(right), scale))
    .map(({ left, right }) => over(left, right))
  const [first] = ratios
  if (first === undefined || ratios.length < 5) return null
  const found = ratios.map((ratio) => closeness(ratio, first, 0))
  if (found.every((one) => one === 'close')) return true
  return found.includes('apart') ? false : null
}
