import type { Effort } from '../effort.ts'
import { approximate } from '../math/evaluate.ts'
import { symbolsOf } from '../math/expression.ts'
import type { Expression } from '../math/expression.ts'
import { compareExpressions } from '../math/compare.ts'
import { conditionsOf } from './relations.ts'
import type { Condition } from './relations.ts'
import type { Quantity, Structure } from './structure.ts'

/** The most boundaries of a set on the real line that are compared. */
const maxBoundaries = 64

interface Boundary {
  at: number
  expression: Expression
}

/** Whether a structure can mean a set of real numbers. */
export function isSetLike(structure: Structure): boolean {
  if (structure.type === 'combined' || structure.type === 'named-set') return true
  if (structure.type === 'group') return structure.brackets !== '<>'
  if (structure.type !== 'relation') return false
  return structure.signs.some((sign) => sign !== '=')
}

/**
 * Compares two sets of real numbers (intervals, unions, finite sets, inequalities in one variable)
 * by membership: at every boundary of both sets, between the boundaries and beyond them. There is
 * no solver: boundaries come from intervals as written, so two inequalities without any written
 * boundary are not decided here. Null when it cannot tell.
 */
export function sameRealSet(a: Structure, b: Structure, effort: Effort): boolean | null {
  const boundaries = mergeBoundaries([...boundariesOf(a, effort), ...boundariesOf(b, effort)], effort)
  if (boundaries === null || boundaries.length > maxBoundaries) return null
  if (boundaries.length === 0 && !hasNamed(a) && !hasNamed(b)) return null
  const points = pointsAround(boundaries.map((boundary) => boundary.at))
  for (const point of points) {
    const [inA, inB] = [isMember(a, point, effort), isMember(b, point, effort)]
    if (inA === null || inB === null) return null
    if (inA !== inB) return false
  }
  return true
}

function hasNamed(structure: Structure): boolean {
  return structure.type === 'named-set' || (structure.type === 'combined' && structure.parts.some(hasNamed))
}

function boundariesOf(structure: Structure, effort: Effort): Boundary[] {
  effort.spend(1)
  switch (structure.type) {
    case 'quantity': {
      const at = realValue(structure.expression, effort)
      return at === null || !Number.isFinite(at) ? [] : [{ at, expression: structure.expression }]
    }
    case 'group':
      return structure.items.flatMap((item) => boundariesOf(item, effort))
    case 'combined':
      return structure.parts.flatMap((part) => boundariesOf(part, effort))
    case 'relation':
      return structure.sides.flatMap((side) => boundariesOf(side, effort))
    case 'matrix':
    case 'named-set':
    case 'ratio':
    case 'words':
      break
  }
  return []
}

/**
 * The value of an expression without symbols, also an infinite value. Null when it is not real or
 * has symbols.
 */
function realValue(expression: Expression, effort: Effort): number | null {
  const sign = infinity(expression)
  if (sign !== 0) return sign * Number.POSITIVE_INFINITY
  if (symbolsOf(expression).size > 0) return null
  const value = approximate(expression, new Map(), effort)
  return value === null || Math.abs(value.im) > 1e-12 * (1 + Math.abs(value.re)) ? null : value.re
}

function infinity(expression: Expression): -1 | 0 | 1 {
  if (expression.type === 'constant') return expression.name === 'infinity' ? 1 : 0
  if (expression.type === 'product' && expression.factors.length === 2) {
    const [first, second] = expression.factors
    if (first?.type === 'number' && second !== undefined && infinity(second) === 1) return first.value.n < 0n ? -1 : 1
  }
  return 0
}

/**
 * The boundaries in order, each boundary once. Null when two boundaries are near each other and it
 * cannot be told whether they are equal.
 */
function mergeBoundaries(all: readonly Boundary[], effort: Effort): Boundary[] | null {
  const sorted = [...all].sort((a, b) => a.at - b.at)
  const merged: Boundary[] = []
  for (const boundary of sorted) {
    const last = merged.at(-1)
    const near = last !== undefined && boundary.at - last.at <= 1e-6 * Math.max(1, Math.abs(boundary.at))
    if (!near || last === undefined) {
      merged.push(boundary)
      continue
    }
    const same = compareExpressions(last.expression, boundary.expression, { effort })
    if (same === 'different') merged.push(boundary)
    else if (same === 'unknown') return null
  }
  return merged
}

interface Point {
  at: number
  isBoundary: boolean
}

/** Every boundary, three points in every gap, and points beyond both ends. */
function pointsAround(boundaries: readonly number[]): Point[] {
  const points: Point[] = boundaries.map((at) => ({ at, isBoundary: true }))
  const low = boundaries[0] ?? 0
  const high = boundaries.at(-1) ?? 0
  for (const far of [0.0137, 0.71, 13.7, 1371.3]) {
    points.push({ at: low - far, isBoundary: false }, { at: high + far, isBoundary: false })
  }
  if (boundaries.length === 0) points.push({ at: 0.5, isBoundary: false })
  for (let i = 1; i < boundaries.length; i++) {
    const [from, to] = [boundaries[i - 1] ?? 0, boundaries[i] ?? 0]
    for (const part of [0.0173, 0.4871, 0.9719]) points.push({ at: from + (to - from) * part, isBoundary: false })
  }
  return points
}

function isMember(structure: Structure, point: Point, effort: Effort): boolean | null {
  effort.spend(1)
  switch (structure.type) {
    case 'named-set':
      if (structure.name === '∅') return false
      return structure.name === 'ℝ' ? true : null
    case 'quantity':
      return isValue(structure, point, effort)
    case 'group':
      return isInGroup(structure, point, effort)
    case 'combined': {
      const [left, right] = structure.parts.map((part) => isMember(part, point, effort))
      if (left === undefined || left === null || right === undefined || right === null) return null
      if (structure.operator === '∪') return left || right
      return structure.operator === '∩' ? left && right : left && !right
    }
    case 'relation':
      return isSolution(structure, point, effort)
    case 'matrix':
    case 'ratio':
    case 'words':
      break
  }
  return null
}

function isValue(quantity: Quantity, point: Point, effort: Effort): boolean | null {
  if (quantity.percent || quantity.unit !== null) return null
  const value = realValue(quantity.expression, effort)
  return value === null ? null : close(value, point.at)
}

function close(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a))
}

function isInGroup(group: Extract<Structure, { type: 'group' }>, point: Point, effort: Effort): boolean | null {
  if (group.brackets === '{}' || group.brackets === '') {
    const members = group.items.map((item) => isMember(item, point, effort))
    if (members.includes(null)) return null
    const conditions = group.items.every((item) => item.type === 'relation')
    return conditions && !group.or ? members.every(Boolean) : members.includes(true)
  }
  const [from, to] = group.items
  if (from?.type !== 'quantity' || to?.type !== 'quantity' || group.items.length !== 2) return null
  const [low, high] = [realValue(from.expression, effort), realValue(to.expression, effort)]
  if (low === null || high === null) return null
  if (close(low, point.at)) return group.brackets.startsWith('[') && low <= high
  if (close(high, point.at)) return group.brackets.endsWith(']') && low <= high
  return low < point.at && point.at < high
}

/** Whether the point satisfies a relation in one variable, or in one named value such as f(x). */
function isSolution(relation: Extract<Structure, { type: 'relation' }>, point: Point, effort: Effort): boolean | null {
  if (relation.signs.includes('∈')) {
    const set = relation.sides.at(-1)
    return relation.signs.length === 1 && set !== undefined ? isMember(set, point, effort) : null
  }
  const conditions = conditionsOf(relation)
  if (conditions === null) return null
  const names = new Set(conditions.flatMap(({ expression }) => [...symbolsOf(expression)]))
  const [name] = names
  if (names.size !== 1 || name === undefined) return named(relation, point, effort)
  for (const condition of conditions) {
    const holds = conditionHolds(condition, name, point, effort)
    if (holds === null) return named(relation, point, effort)
    if (!holds) return false
  }
  return true
}

function conditionHolds({ expression, sign }: Condition, name: string, point: Point, effort: Effort): boolean | null {
  const value = approximate(expression, new Map([[name, { re: point.at, im: 0 }]]), effort)
  if (value === null) return null
  if (Math.abs(value.im) > 1e-9 * (1 + Math.abs(value.re))) return null
  const isZero = Math.abs(value.re) <= 1e-9 * Math.max(1, Math.abs(point.at))
  if (isZero && !point.isBoundary && sign !== '=' && sign !== '≠') return null
  if (sign === '=') return isZero
  if (sign === '≠') return !isZero
  return isZero ? sign === '≤' : value.re < 0
}

/** 0 < f(x) < 1 as a range of the value f(x). Exactly one side must have symbols. */
function named(relation: Extract<Structure, { type: 'relation' }>, point: Point, effort: Effort): boolean | null {
  let open = 0
  const values: number[] = []
  for (const side of relation.sides) {
    if (side.type !== 'quantity') return null
    const value = symbolsOf(side.expression).size > 0 ? point.at : realValue(side.expression, effort)
    if (symbolsOf(side.expression).size > 0) open++
    if (value === null) return null
    values.push(value)
  }
  if (open !== 1) return null
  return relation.signs.every((sign, i) => holds(values[i] ?? 0, sign, values[i + 1] ?? 0))
}

function holds(a: number, sign: string, b: number): boolean {
  const same = close(a, b)
  if (sign === '=') return same
  if (sign === '≠') return !same
  if (same) return sign === '≤' || sign === '≥'
  return sign === '<' || sign === '≤' ? a < b : a > b
}
