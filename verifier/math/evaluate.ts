import type { Effort } from '../effort.ts'
import type { Complex } from './complex.ts'
import {
  complexPower, gamma, isFinite, magnitude, over, plus, real, times,
} from './complex.ts' // prettier-ignore
import type { Expression } from './expression.ts'
import { callFunction, genericValue } from './functions.ts'
import { lowest, toNumber } from './rational.ts'

export { exactValue } from './exact.ts'

/** How an expression is evaluated. */
export interface Evaluation {
  at: ReadonlyMap<string, Complex>
  effort: Effort
  /**
   * Every part must be real. √x is then undefined for negative x, and odd roots of negative numbers
   * are real.
   */
  realOnly: boolean
  /**
   * f(x), sums and integrals get the value of a made-up function of their parts, so that they can
   * be compared.
   */
  generic: boolean
  /** The ln of the base that a bare "log" has. */
  logBase: number
  /**
   * The size of the largest term of a sum: the rounding of the sum depends on it. Written during
   * evaluation.
   */
  scale: number
}

/**
 * The value of an expression in complex doubles, on principal branches. `at` gives each free
 * variable its value. A bare \log is the natural logarithm here; `compareExpressions` does not rely
 * on that. Null when the value is undefined or overflows, and for f(x), sums, integrals and limits.
 * Throws EffortSpent when the steps are used up.
 */
export function approximate(e: Expression, at: ReadonlyMap<string, Complex>, effort: Effort): Complex | null {
  return evaluate(e, { at, effort, realOnly: false, generic: false, logBase: 1, scale: 0 })
}

/** Like `approximate`, but the caller makes every choice. */
export function evaluate(e: Expression, how: Evaluation): Complex | null {
  const value = valueOf(e, how)
  if (value === null || !isFinite(value)) return null
  if (how.realOnly && Math.abs(value.im) > 1e-13 * Math.abs(value.re)) return null
  return value
}

/**
 * Null for a result of zero. An operation on nonzero values gives zero only when the result is
 * below the smallest double, so the result is not known.
 */
function notVanished(value: Complex): Complex | null {
  return value.re === 0 && value.im === 0 ? null : value
}

function isZero(value: Complex): boolean {
  return value.re === 0 && value.im === 0
}

const constantValues = { pi: real(Math.PI), e: real(Math.E), i: { re: 0, im: 1 }, infinity: null }

function valueOf(e: Expression, how: Evaluation): Complex | null {
  how.effort.spend()
  switch (e.type) {
    case 'number':
      return real(toNumber(e.value))
    case 'constant':
      return constantValues[e.name]
    case 'symbol':
      return how.at.get(e.name) ?? null
    case 'sum': {
      let total = real(0)
      for (const term of e.terms) {
        const value = evaluate(term, how)
        if (value === null) return null
        how.scale = Math.max(how.scale, magnitude(value))
        total = plus(total, value)
      }
      return total
    }
    case 'product': {
      let total = real(1)
      let zero = false
      for (const factor of e.factors) {
        const value = evaluate(factor, how)
        if (value === null) return null
        zero = zero || isZero(value)
        total = times(total, value)
      }
      return zero ? total : notVanished(total)
    }
    case 'quotient': {
      const bottom = evaluate(e.bottom, how)
      const top = bottom === null || isZero(bottom) ? null : evaluate(e.top, how)
      if (top === null || bottom === null) return null
      return isZero(top) ? top : notVanished(over(top, bottom))
    }
    case 'power':
      return powerOf(e.base, e.exponent, how)
    case 'factorial': {
      const of = evaluate(e.of, how)
      return of === null ? null : factorialOf(of, e.double)
    }
    case 'func': {
      const args = evaluateAll(e.args, how)
      return args === null ? null : callFunction(e.name, args, how)
    }
    case 'opaque':
    default: {
      const parts = how.generic ? evaluateAll(e.parts, how) : null
      return parts === null ? null : genericValue(e.operator, parts)
    }
  }
}

function evaluateAll(parts: readonly Expression[], how: Evaluation): Complex[] | null {
  const values: Complex[] = []
  for (const part of parts) {
    const value = evaluate(part, how)
    if (value === null) return null
    values.push(value)
  }
  return values
}

function powerOf(baseOf: Expression, exponentOf: Expression, how: Evaluation): Complex | null {
  const exponent = evaluate(exponentOf, how)
  const base = exponent === null ? null : evaluate(baseOf, how)
  if (base === null || exponent === null) return null
  if (base.im === 0 && exponent.im === 0 && base.re < 0 && !Number.isInteger(exponent.re)) {
    const odd = oddRoot(exponentOf)
    if (odd !== null) return real((odd.evenTop ? 1 : -1) * (-base.re) ** exponent.re)
  }
  if (isZero(base)) return exponent.re > 0 ? base : null
  return notVanished(complexPower(base, exponent))
}

/** An exponent that is written as p/q with odd q. For a negative number it means the real root. */
function oddRoot(exponent: Expression): { evenTop: boolean } | null {
  if (exponent.type === 'product' && exponent.factors.length === 2) {
    const [sign, rest] = exponent.factors
    return sign?.type === 'number' && sign.value.n === -1n && rest !== undefined ? oddRoot(rest) : null
  }
  if (exponent.type !== 'quotient' || exponent.top.type !== 'number' || exponent.bottom.type !== 'number') return null
  const [top, bottom] = [exponent.top.value, exponent.bottom.value]
  const { n, d } = lowest({ n: top.n * bottom.d, d: top.d * bottom.n })
  return d % 2n === 0n ? null : { evenTop: n % 2n === 0n }
}

function factorialOf(of: Complex, double: boolean): Complex | null {
  const whole = of.im === 0 && Number.isInteger(of.re)
  if (whole && (of.re < 0 || of.re > 300)) return null
  if (whole) {
    let value = 1
    for (let k = of.re; k > 1; k -= double ? 2 : 1) value *= k
    return real(value)
  }
  return double ? null : gamma(plus(of, real(1)))
}
