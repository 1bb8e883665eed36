import { childrenOf, contains, symbolsOf } from '../math/expression.ts'
import type { Expression } from '../math/expression.ts'
import { assignmentOf, isName } from './relations.ts'
import type { Quantity, Relation, Structure } from './structure.ts'

/**
 * Whether a structure is a solution: values, intervals, x = 5, 1 < x < 2. An equation or an
 * inequality that still has to be solved is not.
 */
export function isSolved(structure: Structure): boolean {
  switch (structure.type) {
    case 'relation':
      return isSolvedRelation(structure)
    case 'group':
      return structure.items.every(isSolved)
    case 'combined':
      return structure.parts.every(isSolved)
    case 'matrix':
      return structure.isUnsolved !== true
    case 'named-set':
    case 'quantity':
    case 'ratio':
    case 'words':
      break
  }
  return true
}

function isSolvedRelation(relation: Relation): boolean {
  const { sides, signs } = relation
  if (signs.includes('∈')) return signs.length === 1 && isUnknown(sides[0])
  const assignment = assignmentOf(relation)
  if (assignment !== null)
    return assignment.name === null || (isUnknown(assignment.name) && !sharesNames(assignment.name, assignment.value))
  const open = sides.filter((side) => !isClosed(side))
  return open.length === 1 && isUnknown(open[0]) && !isSize(open[0])
}

/** |x| > 2 still has to be solved. |AB| is a length. */
function isSize(side: Structure | undefined): boolean {
  if (side?.type !== 'quantity' || side.expression.type !== 'func' || side.expression.name !== 'abs') return false
  return side.expression.args.every((arg) => arg.type === 'symbol')
}

/** Whether a side is what is looked for: x, f(x), |AB| or a + b, but not x + 1. */
function isUnknown(side: Structure | undefined): boolean {
  if (!isName(side)) return false
  const isShifted = (e: Expression): boolean => e.type === 'sum' && e.terms.some((term) => term.type === 'number')
  return side?.type !== 'quantity' || !contains(side.expression, isShifted)
}

/** x = 5x - 20 has its own name in its value. */
function sharesNames(name: Structure, value: Structure): boolean {
  if (name.type !== 'quantity' || value.type !== 'quantity') return false
  const names = symbolsOf(name.expression)
  return [...symbolsOf(value.expression)].some((other) => names.has(other))
}

function isClosed(side: Structure): boolean {
  return side.type === 'quantity' && symbolsOf(side.expression).size === 0
}

/** Whether a relation gives values without symbols: x = 5 and x > 3, not y = 2x + 1. */
export function givesValues(structure: Structure): boolean {
  if (structure.type === 'group') return structure.items.every(givesValues)
  if (structure.type !== 'relation') return isClosed(structure) || structure.type !== 'quantity'
  if (!isSolvedRelation(structure)) return false
  const value = assignmentOf(structure)?.value
  return value === undefined || givesValues(value)
}

/**
 * Whether an answer is worked out as far as a gold of the same value. A gold number takes digits, a
 * fraction, a mixed number and a power of ten: not 3 + 4, 5! or √16. A gold with roots or π takes
 * other roots, but no function that the gold does not have: not cos 45° for √2/2. A product of
 * prime powers takes no number. A gold that rounds the answer takes roots and π. Only values
 * without symbols are looked at.
 */
export function isWorkedOut(gold: Quantity, answer: Quantity, isRounded: boolean): boolean {
  // 60° and π/3 are both worked out.
  if (gold.unit?.name === '°' || answer.unit?.name === '°') return true
  if ((gold.base ?? '') !== (answer.base ?? '')) return false
  const [a, b] = [gold.expression, answer.expression]
  if (symbolsOf(a).size > 0 || symbolsOf(b).size > 0) return true
  if (isFactorisation(a)) return !isLiteral(b)
  // 30/2 still has to be divided.
  if (!isDivision(a) && isDivision(b) && answer.exact !== null && answer.exact.n % answer.exact.d === 0n) return false
  if (isLiteral(a) && !isRounded) return isLiteral(b)
  const names = functionNames(a)
  return [...functionNames(b)].every((name) => names.has(name))
}

/** Digits over digits, with any sign. */
function isDivision(e: Expression): boolean {
  if (e.type === 'product') return isLiteral(e) && e.factors.some(isDivision)
  return e.type === 'quotient' && isLiteral(e)
}

function isInteger(e: Expression): boolean {
  return e.type === 'number' && e.decimals === null && e.value.d === 1n
}

/** Digits, a fraction of digits, a mixed number, or digits times a power of ten, with any sign. */
function isLiteral(e: Expression): boolean {
  switch (e.type) {
    case 'number':
      return true
    case 'quotient':
      return isSignedNumber(e.top) && isSignedNumber(e.bottom)
    case 'sum': {
      const [whole, part] = e.terms
      return (
        e.terms.length === 2 && whole !== undefined && part?.type === 'quotient' && isInteger(whole) && isLiteral(part)
      )
    }
    case 'product': {
      const factors = e.factors.filter((f) => !(f.type === 'number' && f.value.n * f.value.n === f.value.d * f.value.d))
      const [first, second] = factors
      if (factors.length === 0) return true
      if (factors.length === 1 && first !== undefined) return isLiteral(first)
      return factors.length === 2 && first?.type === 'number' && second !== undefined && isPowerOfTen(second)
    }
    case 'power':
      return isPowerOfTen(e)
    case 'constant':
    case 'factorial':
    case 'func':
    case 'opaque':
    case 'symbol':
      break
  }
  return false
}

function isSignedNumber(e: Expression): boolean {
  return e.type === 'number' || (e.type === 'product' && isLiteral(e) && e.factors.every((f) => f.type === 'number'))
}

function isPowerOfTen(e: Expression): boolean {
  return (
    e.type === 'power' &&
    e.base.type === 'number' &&
    e.base.value.n === 10n * e.base.value.d &&
    isSignedNumber(e.exponent)
  )
}

/** 2^3 · 3^2: at least two factors of whole numbers, and a power among them. */
function isFactorisation(e: Expression): boolean {
  if (e.type !== 'product' || e.factors.length < 2 || isLiteral(e)) return false
  const isPower = (f: Expression): boolean => f.type === 'power' && isInteger(f.base) && isInteger(f.exponent)
  return e.factors.every((f) => isInteger(f) || isPower(f)) && e.factors.some(isPower)
}

const logarithms = new Set(['log', 'ln', 'lg'])

function functionNames(e: Expression, into = new Set<string>()): Set<string> {
  if (e.type === 'func') into.add(logarithms.has(e.name) ? 'log' : e.name === 'binom' ? '!' : e.name)
  else if (e.type === 'factorial') into.add('!')
  else if (e.type === 'opaque') into.add(e.operator)
  for (const part of childrenOf(e)) functionNames(part, into)
  return into
}

/**
 * Whether two expressions have one form: the same terms and factors, in any order. 3/4 and 0.75
 * have not, nor have (x - 1)(x + 1) and x^2 - 1.
 */
export function hasSameForm(a: Expression, b: Expression): boolean {
  const isOpaque = (e: Expression): boolean => e.type === 'opaque'
  return !contains(a, isOpaque) && formOf(a) === formOf(b)
}

function formOf(e: Expression): string {
  switch (e.type) {
    case 'number':
      return e.decimals === null || e.decimals === 0 ? fraction(e.value) : `${e.value.n}/${e.value.d} in decimals`
    case 'constant':
    case 'symbol':
      return e.name
    case 'sum':
      return `sum(${e.terms.map(formOf).sort().join(',')})`
    case 'product':
      return `product(${e.factors.map(formOf).sort().join(',')})`
    case 'quotient':
      return e.top.type === 'number' && e.bottom.type === 'number'
        ? `(${formOf(e.top)})/(${formOf(e.bottom)})`.replace(/^\((-?\d+)\)\/\((\d+)\)$/, '$1/$2')
        : `quotient(${formOf(e.top)},${formOf(e.bottom)})`
    case 'power':
      return `power(${formOf(e.base)},${formOf(e.exponent)})`
    case 'func':
      return `${e.name}(${e.args.map(formOf).join(',')})`
    case 'factorial':
      return `factorial(${formOf(e.of)})`
    case 'opaque':
    default:
      return e.operator
  }
}

function fraction({ n, d }: { n: bigint; d: bigint }): string {
  return d === 1n ? String(n) : `${n}/${d}`
}
