import type { Effort } from '../effort.ts'
import { approximate } from '../math/evaluate.ts'
import { contains, difference, symbolsOf } from '../math/expression.ts'
import type { Expression } from '../math/expression.ts'
import { proportional } from '../math/proportional.ts'
import type { Ruling } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Relation, RelationSign, Structure } from './structure.ts'

/** left − right, and the sign between this and zero. > and ≥ are turned round. */
export interface Condition {
  expression: Expression
  sign: '=' | '<' | '≤' | '≠'
}

/**
 * A relation as conditions on expressions, one for each sign. Null when a side is not a plain
 * value.
 */
export function conditionsOf({ sides, signs }: Relation): Condition[] | null {
  const conditions: Condition[] = []
  for (const [index, sign] of signs.entries()) {
    const [left, right] = [plain(sides[index]), plain(sides[index + 1])]
    if (left === null || right === null || sign === '∈') return null
    const turned = sign === '>' || sign === '≥'
    conditions.push({
      expression: turned ? difference(right, left) : difference(left, right),
      sign: turnedSign(sign),
    })
  }
  return conditions
}

function turnedSign(sign: Exclude<RelationSign, '∈'>): Condition['sign'] {
  if (sign === '>') return '<'
  return sign === '≥' ? '≤' : sign
}

/** The expression of a side that is a value without unit and percent sign. */
function plain(side: Structure | undefined): Expression | null {
  return side?.type === 'quantity' && !side.percent && side.unit === null ? side.expression : null
}

/**
 * Whether two conditions say the same: one expression is a multiple of the other, by a positive
 * factor when the sign has a direction. Null when sampling cannot tell.
 */
export function sameCondition(a: Condition, b: Condition, effort: Effort): boolean | null {
  if (a.sign !== b.sign) return false
  const same = proportional(a.expression, b.expression, effort)
  if (same !== true || a.sign === '=' || a.sign === '≠') return same
  return sameDirection(a.expression, b.expression, effort)
}

/** The real points at which the sign of a factor is read. Round numbers are too often roots. */
const signPoints = [0.7316, -1.3173, 2.9371, 5.4129, -4.7713]

function sameDirection(a: Expression, b: Expression, effort: Effort): boolean | null {
  const names = [...symbolsOf(a)].sort()
  for (const [round, point] of signPoints.entries()) {
    const at = new Map(names.map((name, index) => [name, { re: point + index * 1.1371 * (round + 1), im: 0 }] as const))
    const [x, y] = [approximate(a, at, effort), approximate(b, at, effort)]
    if (x === null || y === null) continue
    if (Math.abs(x.im) > 1e-9 || Math.abs(y.im) > 1e-9 || Math.abs(y.re) < 1e-9 || Math.abs(x.re) < 1e-9) continue
    return x.re > 0 === y.re > 0
  }
  return null
}

/**
 * Whether a side is a name for a value: letters, functions of letters, sums of them (x, f(x), |AB|,
 * a + b). An expression with numbers is never a name.
 */
export function isName(side: Structure | undefined): boolean {
  if (side?.type === 'group') return side.items.every(isName)
  if (side?.type === 'words') return /^\p{L}[\p{L} _{}()]{0,60}$/u.test(side.text)
  if (side?.type === 'ratio') return side.parts.every(isName)
  if (side?.type !== 'quantity' || side.exact !== null || side.unit !== null) return false
  // A quotient of letters is written with the factor 1.
  const isNumber = (e: Expression): boolean => e.type === 'number' && !(e.value.n === 1n && e.value.d === 1n)
  return symbolsOf(side.expression).size > 0 && !contains(side.expression, isNumber)
}

function isClosed(side: Structure): boolean {
  if (side.type === 'ratio') return side.parts.every(isClosed)
  return side.type === 'quantity' && symbolsOf(side.expression).size === 0
}

/**
 * x = 1 + 1 = 2 as the name x and the value 2. A chain of values without symbols has a value and no
 * name. Null for true equations.
 */
export function assignmentOf(relation: Relation): { name: Structure | null; value: Structure } | null {
  const { sides, signs } = relation
  const [first] = sides
  const last = sides.at(-1)
  if (first === undefined || last === undefined) return null
  if (!signs.every((sign) => sign === '=')) return null
  // In x = 10 / x = 5 the unknown is not alone.
  if (first.type === 'quantity' && first.expression.type === 'symbol') {
    const { name } = first.expression
    const holdsName = (side: Structure): boolean => side.type === 'quantity' && symbolsOf(side.expression).has(name)
    if (sides.slice(1, -1).some(holdsName)) return null
  }
  if (isName(first)) return { name: first, value: last }
  if (sides.every(isClosed)) return { name: null, value: last }
  // "5 = x": the name may be on the right when the left side is one value.
  if (sides.length === 2 && isName(last) && isClosed(first)) return { name: last, value: first }
  return null
}

/**
 * Whether the conditions have more than one variable. Then they cannot be compared on a line of
 * numbers.
 */
export function hasSeveralVariables(conditions: readonly Condition[]): boolean {
  return new Set(conditions.flatMap(({ expression }) => [...symbolsOf(expression)])).size > 1
}

/** x = 3 + 3 = 6 says x = 6. */
export function collapsed(relation: Relation): Relation {
  const assignment = assignmentOf(relation)
  if (assignment === null || assignment.name === null) return relation
  return { type: 'relation', sides: [assignment.name, assignment.value], signs: ['='] }
}

/** Whether two rows of conditions say the same, in any order. */
export function sameConditions(gold: readonly Condition[], answer: readonly Condition[], effort: Effort): Ruling {
  const free = [...answer]
  for (const condition of gold) {
    let open = false
    const index = free.findIndex((other) => {
      const equal = sameCondition(condition, other, effort)
      if (equal === null) open = true
      return equal === true
    })
    if (index < 0) return open ? unverifiable('not-understood') : incorrect('different-relation')
    free.splice(index, 1)
  }
  return correct('same-relation')
}
