import type { Effort } from '../effort.ts'
import type { Rational } from './rational.ts'
import { negate } from './rational.ts'

export type ConstantName = 'pi' | 'e' | 'i' | 'infinity'

/**
 * One mathematical expression. Roots are powers with a fractional exponent, differences are sums
 * with negated terms, and `exp` is a power of e: different spellings of one thing are one tree.
 * Functions without a known meaning (`f(x)`) keep their name.
 */
export type Expression =
  /**
   * `decimals` is the number of digits after the point as written. It is null for integers,
   * fractions and powers of ten.
   */
  | { type: 'number'; value: Rational; decimals: number | null }
  | { type: 'constant'; name: ConstantName }
  | { type: 'symbol'; name: string }
  | { type: 'sum'; terms: readonly Expression[] }
  | { type: 'product'; factors: readonly Expression[] }
  | { type: 'quotient'; top: Expression; bottom: Expression }
  | { type: 'power'; base: Expression; exponent: Expression }
  | { type: 'func'; name: string; args: readonly Expression[] }
  | { type: 'factorial'; of: Expression; double: boolean }
  /**
   * Sums, products, integrals, limits and derivatives are never evaluated. A bound variable is a
   * symbol with the name #0, #1 …
   */
  | { type: 'opaque'; operator: string; parts: readonly Expression[] }

/** A number node. `decimals` is as in `Expression`. */
export function number(value: Rational, decimals: number | null = null): Expression {
  return { type: 'number', value, decimals }
}

export function integer(value: number | bigint): Expression {
  return number({ n: BigInt(value), d: 1n })
}

export function symbol(name: string): Expression {
  return { type: 'symbol', name }
}

export function constant(name: ConstantName): Expression {
  return { type: 'constant', name }
}

/** a + b + …; a single term is returned as it is. */
export function sum(terms: readonly Expression[]): Expression {
  return terms.length === 1 && terms[0] !== undefined ? terms[0] : { type: 'sum', terms }
}

/** a · b · …; a single factor is returned as it is. */
export function product(factors: readonly Expression[]): Expression {
  return factors.length === 1 && factors[0] !== undefined ? factors[0] : { type: 'product', factors }
}

export function quotient(top: Expression, bottom: Expression): Expression {
  return { type: 'quotient', top, bottom }
}

export function power(base: Expression, exponent: Expression): Expression {
  return { type: 'power', base, exponent }
}

export function func(name: string, ...args: readonly Expression[]): Expression {
  return { type: 'func', name, args }
}

/** −e. A number stays a number with its decimals. */
export function negated(e: Expression): Expression {
  if (e.type === 'number') return number(negate(e.value), e.decimals)
  if (e.type === 'product') return { type: 'product', factors: [integer(-1), ...e.factors] }
  return { type: 'product', factors: [integer(-1), e] }
}

/** a − b. A caller compares this for implicit equations. */
export function difference(a: Expression, b: Expression): Expression {
  return sum([a, negated(b)])
}

/** The direct parts of an expression. */
export function childrenOf(e: Expression): readonly Expression[] {
  switch (e.type) {
    case 'number':
    case 'constant':
    case 'symbol':
      return []
    case 'sum':
      return e.terms
    case 'product':
      return e.factors
    case 'quotient':
      return [e.top, e.bottom]
    case 'power':
      return [e.base, e.exponent]
    case 'func':
      return e.args
    case 'factorial':
      return [e.of]
    case 'opaque':
    default:
      return e.parts
  }
}

/** Rebuilds an expression with each leaf replaced. */
export function mapLeaves(e: Expression, leaf: (e: Expression) => Expression): Expression {
  const each = (parts: readonly Expression[]) => parts.map((part) => mapLeaves(part, leaf))
  switch (e.type) {
    case 'number':
    case 'constant':
    case 'symbol':
      return leaf(e)
    case 'sum':
      return { type: 'sum', terms: each(e.terms) }
    case 'product':
      return { type: 'product', factors: each(e.factors) }
    case 'quotient':
      return quotient(mapLeaves(e.top, leaf), mapLeaves(e.bottom, leaf))
    case 'power':
      return power(mapLeaves(e.base, leaf), mapLeaves(e.exponent, leaf))
    case 'func':
      return { type: 'func', name: e.name, args: each(e.args) }
    case 'factorial':
      return { type: 'factorial', of: mapLeaves(e.of, leaf), double: e.double }
    case 'opaque':
    default:
      return { type: 'opaque', operator: e.operator, parts: each(e.parts) }
  }
}

/** Whether the expression or any part of it satisfies the test. */
export function contains(e: Expression, test: (e: Expression) => boolean): boolean {
  return test(e) || childrenOf(e).some((part) => contains(part, test))
}

/** The names of the free variables. Bound variables of sums and integrals are left out. */
export function symbolsOf(e: Expression): ReadonlySet<string> {
  const names = new Set<string>()
  collect(e, names, false)
  return names
}

/** The names of all variables, also of the bound ones: sampling must give each name a value. */
export function variablesOf(e: Expression): ReadonlySet<string> {
  const names = new Set<string>()
  collect(e, names, true)
  return names
}

function collect(e: Expression, into: Set<string>, bound: boolean): void {
  if (e.type === 'symbol') {
    if (bound || !e.name.startsWith('#')) into.add(e.name)
    return
  }
  for (const part of childrenOf(e)) collect(part, into, bound)
}

/** Whether two trees have the same nodes in the same order. Numbers are compared by value. */
export function sameTree(a: Expression, b: Expression, effort: Effort): boolean {
  effort.spend()
  if (a.type !== b.type) return false
  if (a.type === 'number' && b.type === 'number') return a.value.n * b.value.d === b.value.n * a.value.d
  if (labelOf(a) !== labelOf(b)) return false
  const [left, right] = [childrenOf(a), childrenOf(b)]
  if (left.length !== right.length) return false
  return left.every((part, index) => {
    const other = right[index]
    return other !== undefined && sameTree(part, other, effort)
  })
}

function labelOf(e: Expression): string {
  if (e.type === 'constant' || e.type === 'symbol' || e.type === 'func') return e.name
  if (e.type === 'opaque') return e.operator
  return e.type === 'factorial' && e.double ? '!!' : ''
}
