import type { Effort } from '../effort.ts'
import type { Complex } from './complex.ts'
import type { Evaluation } from './evaluate.ts'
import { evaluate } from './evaluate.ts'
import type { Expression } from './expression.ts'
import { contains, variablesOf } from './expression.ts'
import { isBranching } from './functions.ts'
import type { Points } from './points.ts'
import { closeness, complexPoints, realPoints } from './points.ts'

/**
 * What sampling says. `unknown` when too few points have a value on both sides or doubles cannot
 * tell.
 */
export type Sampled = 'equal' | 'different' | 'unknown'

const goodPoints = 5
const complexCount = 8
const realCount = 36
/** Two from each range of the real points. */
const goodRealPoints = 12

/** One pair of values at each point where both sides have a value. */
export type Pairs = { left: Complex; right: Complex; scale: number }[]

export interface Sides {
  a: Expression
  b: Expression
  effort: Effort
  logBase: number
}

/** Every variable of the two sides, sorted: the names are the same for (a, b) and (b, a). */
export function namesOf(sides: Sides): string[] {
  return [...new Set([...variablesOf(sides.a), ...variablesOf(sides.b)])].sort()
}

/** The values of both sides at the points, until there are as many pairs as wanted. */
export function pairsAt(sides: Sides, points: Points, realOnly: boolean, wanted: number): Pairs {
  const pairs: Pairs = []
  for (const at of points) {
    if (pairs.length >= wanted) break
    const how: Evaluation = { at, effort: sides.effort, realOnly, generic: true, logBase: sides.logBase, scale: 0 }
    const left = evaluate(sides.a, how)
    const right = left === null ? null : evaluate(sides.b, how)
    if (left !== null && right !== null) pairs.push({ left, right, scale: how.scale })
  }
  return pairs
}

/**
 * Whether a part is a root, a logarithm, a bar or anything else that is not one smooth function on
 * the whole plane.
 */
export function hasBranches(e: Expression): boolean {
  return contains(e, (part) => {
    if (part.type === 'func') return isBranching(part.name)
    if (part.type !== 'power') return false
    const whole = part.exponent.type === 'number' && part.exponent.value.n % part.exponent.value.d === 0n
    return !whole && contains(part.base, (leaf) => leaf.type === 'symbol')
  })
}

/**
 * One point where the two are apart shows that they differ. To be equal they must be close at
 * several points.
 */
function agreement(sides: Sides, points: Points, realOnly: boolean, wanted: number): Sampled {
  let [close, unclear] = [0, 0]
  for (const at of points) {
    const [pair] = pairsAt(sides, [at], realOnly, 1)
    if (pair === undefined) continue
    const found = closeness(pair.left, pair.right, pair.scale)
    if (found === 'apart') return 'different'
    if (found === 'close') close++
    else unclear++
    if (close + unclear >= wanted) break
  }
  return unclear === 0 && close >= goodPoints ? 'equal' : 'unknown'
}

/**
 * Whether two expressions with variables agree. They are compared at complex points first. When
 * this fails and there are roots, logarithms or bars, they are compared at real points where every
 * part of both sides is real. There ln(x²) = 2 ln x holds, and √(x²) = x does not, because x may be
 * negative. Throws EffortSpent when the steps are used up.
 */
export function sample(sides: Sides): Sampled {
  const names = namesOf(sides)
  const general = agreement(sides, complexPoints(names, complexCount * 2), false, complexCount)
  if (general === 'equal') return 'equal'
  if (!hasBranches(sides.a) && !hasBranches(sides.b)) return general
  const isImaginary = (e: Expression) => e.type === 'constant' && e.name === 'i'
  if (contains(sides.a, isImaginary) || contains(sides.b, isImaginary)) return 'unknown'
  const points = realPoints(names, realCount)
  // Writers put ln|x| for the negative x that ln x leaves out.
  const isBar = (e: Expression) => e.type === 'func' && e.name === 'abs'
  if ((contains(sides.a, isBar) || contains(sides.b, isBar)) && domainsDiffer(sides, points)) return 'different'
  return agreement(sides, points, true, goodRealPoints)
}

function domainsDiffer({ a, b, effort, logBase }: Sides, points: Points): boolean {
  return points.some((at) => {
    const how = { at, effort, realOnly: true, generic: true, logBase, scale: 0 }
    return (evaluate(a, how) === null) !== (evaluate(b, how) === null)
  })
}
