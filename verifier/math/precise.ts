import type { Effort } from '../effort.ts'
import { contains, childrenOf } from './expression.ts'
import type { Expression } from './expression.ts'
import { exactValue } from './exact.ts'
import { divided, multiplied } from './fixed-point.ts'
import type { Fixed } from './fixed-point.ts'
import { PreciseFunctions } from './precise-functions.ts'
import { stepsOfProduct } from './step-counts.ts'
import type { Rational } from './rational.ts'
import { bitLength } from './rational.ts'

/** A real value to many digits. `near` compares it with another value. */
export interface Precise {
  value: Rational
  near: (other: Precise) => 'equal' | 'different' | 'unknown'
}

const leastBits = 256
const mostBits = 12_288

/**
 * The value of an expression whose every part is real, in fixed-point with 256 bits, or more for
 * longer numbers: doubles would take √(10^40 + 1) for 10^20. `at` gives variables exact values.
 * Null when there is no such value, `beyond` when it would need too many bits. Throws EffortSpent
 * when the steps are used up.
 */
export function preciseValue(
  e: Expression,
  effort: Effort,
  logBase: number,
  at: ReadonlyMap<string, Rational> = new Map(),
): Precise | 'beyond' | null {
  if (logBase !== 1 && contains(e, (part) => part.type === 'func' && part.name === 'log' && part.args.length === 1))
    return null
  let bits = roundedUp(leastBits + 4 * Math.max(0, lengthOfNumbers(e, effort) - 32))
  while (bits <= mostBits) {
    const point = new FixedPoint(bits, effort, at)
    const value = point.valueOf(e)
    if (value === null) return point.largest > 3 * bits ? 'beyond' : null
    // Large parts take digits from the result, most of all when they cancel.
    const excess = point.largest - bits
    if (excess <= bits / 4) return asPrecise(value, bits)
    bits = roundedUp(4 * excess)
  }
  return 'beyond'
}

function asPrecise(value: Fixed, bits: number): Precise {
  const fraction = { n: value, d: 1n << BigInt(bits) }
  return {
    value: fraction,
    near: (other) => {
      // The value with fewer digits decides how far the two can be told apart. A quarter of the
      // digits is left to rounding. When they agree in more than half but less than three quarters
      // of the digits, the result is `unknown`.
      const shared = BigInt(Math.min(bits, bitLength(other.value.d) - 4))
      const units = (n: bigint, d: bigint) => ((n < 0n ? -n : n) << shared) / d
      const gap = units(value * other.value.d - other.value.n * fraction.d, fraction.d * other.value.d)
      const size = units(value, fraction.d) + units(other.value.n, other.value.d)
      const within = (digits: bigint) => gap <= 1n << (shared - digits) || gap <= size >> digits
      if (!within(shared / 2n)) return 'different'
      // A value that is not zero may be so small that its digits are lost. Such values are not
      // compared.
      const lost = size > 1n << (shared / 4n) && size < 1n << (shared / 2n)
      return within((shared * 3n) / 4n) && !lost ? 'equal' : 'unknown'
    },
  }
}

/** 256, 384, 512, 768, 1024 …: few precisions, so that π and ln 2 are computed once for each. */
function roundedUp(bits: number): number {
  let step = leastBits
  while (step < bits) step *= step % 384 === 0 ? 4 / 3 : 3 / 2
  return step
}

/**
 * The bits of all numbers in the expression. 10^{40} counts with its value. This length limits how
 * near two different roots can be.
 */
function lengthOfNumbers(e: Expression, effort: Effort): number {
  effort.spend()
  const written = e.type === 'number' || e.type === 'power' || e.type === 'factorial'
  const value = written ? exactValue(e, effort) : null
  if (value !== null) return bitLength(value.n) + bitLength(value.d) - 8
  return childrenOf(e).reduce((total, part) => total + lengthOfNumbers(part, effort), 0)
}

class FixedPoint {
  readonly #bits: bigint
  readonly #one: bigint
  readonly #cost: number
  readonly #functions: PreciseFunctions
  readonly #effort: Effort
  readonly #at: ReadonlyMap<string, Rational>
  /** The length in bits of the largest value so far. */
  largest = 0

  constructor(bits: number, effort: Effort, at: ReadonlyMap<string, Rational>) {
    this.#bits = BigInt(bits)
    this.#one = 1n << this.#bits
    this.#cost = 0.5 + 4 * stepsOfProduct(bits, bits)
    this.#functions = new PreciseFunctions(bits, effort)
    this.#effort = effort
    this.#at = at
  }

  #fixed(value: Rational): Fixed {
    return (value.n << this.#bits) / value.d
  }

  valueOf(e: Expression): Fixed | null {
    this.#effort.spend(this.#cost)
    const value = this.#evaluate(e)
    if (value === null) return null
    this.largest = Math.max(this.largest, bitLength(value))
    return this.largest > 3 * Number(this.#bits) ? null : value
  }

  #evaluate(e: Expression): Fixed | null {
    switch (e.type) {
      case 'number':
        return this.#fixed(e.value)
      case 'constant':
        if (e.name === 'pi') return this.#functions.pi()
        return e.name === 'e' ? this.#functions.exp(this.#one) : null
      case 'symbol': {
        const value = this.#at.get(e.name)
        return value === undefined ? null : this.#fixed(value)
      }
      case 'sum':
        return this.#fold(e.terms, 0n, (total, value) => total + value)
      case 'product':
        return this.#fold(e.factors, this.#one, (total, value) => multiplied(total, value, this.#bits))
      case 'quotient': {
        const bottom = this.valueOf(e.bottom)
        const top = bottom === null ? null : this.valueOf(e.top)
        return top === null || bottom === null ? null : this.#divided(top, bottom)
      }
      case 'power':
        return this.#power(e.base, e.exponent)
      case 'factorial':
        return this.#exact(e)
      case 'func':
        return this.#call(e)
      case 'opaque':
      default:
        return null
    }
  }

  /** A divisor near zero has lost its digits. */
  #divided(top: Fixed, bottom: Fixed): Fixed | null {
    const size = bottom < 0n ? -bottom : bottom
    return size < 1n << (this.#bits / 2n) ? null : divided(top, bottom, this.#bits)
  }

  #fold(parts: readonly Expression[], start: Fixed, join: (total: Fixed, value: Fixed) => Fixed): Fixed | null {
    let total = start
    for (const part of parts) {
      const value = this.valueOf(part)
      if (value === null) return null
      total = join(total, value)
    }
    return total
  }

  #exact(e: Expression): Fixed | null {
    const value = exactValue(e, this.#effort)
    return value === null ? null : this.#fixed(value)
  }

  #power(baseOf: Expression, exponentOf: Expression): Fixed | null {
    const exponent = exactValue(exponentOf, this.#effort)
    const isE = baseOf.type === 'constant' && baseOf.name === 'e'
    const base = this.valueOf(baseOf)
    if (base === null) return null
    if (exponent !== null && exponent.d <= 64n * 64n) {
      const simple = simplest(exponent)
      if (simple.d <= 64n && (simple.n < 0n ? -simple.n : simple.n) <= 1024n)
        return this.#rationalPower(base, Number(simple.n), Number(simple.d))
    }
    const raised = this.valueOf(exponentOf)
    if (raised === null || base <= 0n) return null
    const log = isE ? this.#one : this.#functions.ln(base)
    return log === null ? null : this.#functions.exp(multiplied(log, raised, this.#bits))
  }

  #rationalPower(base: Fixed, top: number, index: number): Fixed | null {
    if (base < 0n && index % 2 === 0) return null
    const size = base < 0n ? -base : base
    const root = index === 1 ? size : this.#functions.root(size, index)
    if (root === null) return null
    const signed = base < 0n ? -root : root
    let [result, square] = [this.#one, signed]
    for (let left = Math.abs(top); left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) result = multiplied(result, square, this.#bits)
      square = multiplied(square, square, this.#bits)
      this.#effort.spend(4 * this.#cost)
      if (bitLength(square) > 6 * Number(this.#bits)) return null
    }
    return top < 0 ? this.#divided(this.#one, result) : result
  }

  #call(e: Extract<Expression, { type: 'func' }>): Fixed | null {
    const [first, second] = e.args
    if (first === undefined) return null
    if (/^(?:floor|ceil|max|min|gcd|lcm|binom|sgn)$/.test(e.name)) return this.#exact(e)
    const x = this.valueOf(first)
    if (x === null) return null
    switch (e.name) {
      case 'abs':
        return x < 0n ? -x : x
      case 'sin':
        return this.#functions.sin(x)
      case 'cos':
        return this.#functions.cos(x)
      case 'tan':
        return this.#ratio(this.#functions.sin(x), this.#functions.cos(x))
      case 'cot':
        return this.#ratio(this.#functions.cos(x), this.#functions.sin(x))
      case 'sec':
        return this.#ratio(this.#one, this.#functions.cos(x))
      case 'csc':
        return this.#ratio(this.#one, this.#functions.sin(x))
      case 'arctan':
        return this.#functions.arctan(x)
      case 'arcsin':
      case 'arccos':
        return this.#inverseSine(x, e.name)
      case 'ln':
      case 'log':
        return this.#logarithm(x, second)
      case 'sinh':
      case 'cosh':
      case 'tanh':
        return this.#hyperbolic(x, e.name)
      default:
        return null
    }
  }

  #ratio(top: Fixed | null, bottom: Fixed | null): Fixed | null {
    return top === null || bottom === null ? null : this.#divided(top, bottom)
  }

  #logarithm(x: Fixed, base: Expression | undefined): Fixed | null {
    const top = this.#functions.ln(x)
    if (base === undefined || top === null) return top
    const value = this.valueOf(base)
    return value === null ? null : this.#ratio(top, this.#functions.ln(value))
  }

  /** arcsin x = arctan(x / √(1 − x²)). */
  #inverseSine(x: Fixed, name: string): Fixed | null {
    const rest = this.#one - multiplied(x, x, this.#bits)
    if (rest < 0n) return null
    const half = this.#functions.pi() / 2n
    const cosine = this.#functions.root(rest, 2)
    if (cosine === null) return null
    const ends = x < 0n ? -half : half
    const angle = cosine === 0n ? ends : this.#functions.arctan(divided(x, cosine, this.#bits))
    if (angle === null) return null
    return name === 'arcsin' ? angle : half - angle
  }

  #hyperbolic(x: Fixed, name: string): Fixed | null {
    const [up, down] = [this.#functions.exp(x), this.#functions.exp(-x)]
    if (up === null || down === null) return null
    if (name === 'sinh') return (up - down) / 2n
    return name === 'cosh' ? (up + down) / 2n : this.#divided(up - down, up + down)
  }
}

function simplest(value: Rational): Rational {
  let [a, b] = [value.n < 0n ? -value.n : value.n, value.d]
  while (b !== 0n) [a, b] = [b, a % b]
  return a === 0n ? value : { n: value.n / a, d: value.d / a }
}
