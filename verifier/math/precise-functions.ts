import type { Budget } from '../budget.ts'
import {
  cosineOf, exponentialOf, logarithmOf, piAt, rootOf, sineOf, tangentInverseOf,
} from './fixed-point.ts' // prettier-ignore
import type { Fixed } from './fixed-point.ts'
import { priceOfRoot, priceOfSeries } from './prices.ts'
import { bitLength } from './rational.ts'

/**
 * The functions of fixed-point.ts at one precision, paid for by their digits before they are computed. A value that was
 * computed here before costs a step: texts that repeat one logarithm 300 times are cheap. What is kept goes with the
 * evaluation, and what π and ln 2 cost is paid once for each, known already or not: a verdict must not depend on earlier cases.
 */
export class PricedFunctions {
  readonly #bits: bigint
  readonly #budget: Budget
  readonly #series: number
  readonly #known = new Map<string, Fixed | null>()
  #constants = false

  constructor(bits: number, budget: Budget) {
    this.#bits = BigInt(bits)
    this.#budget = budget
    this.#series = priceOfSeries(bits)
  }

  pi(): Fixed {
    this.#payConstants()
    return piAt(this.#bits)
  }

  ln(x: Fixed): Fixed | null {
    return this.#once('ln', x, this.#series, logarithmOf)
  }

  exp(x: Fixed): Fixed | null {
    return this.#once('exp', x, this.#series / 2, exponentialOf)
  }

  sin(x: Fixed): Fixed | null {
    return this.#once('sin', x, (this.#series * 2) / 3, sineOf)
  }

  cos(x: Fixed): Fixed | null {
    return this.#once('cos', x, (this.#series * 2) / 3, cosineOf)
  }

  arctan(x: Fixed): Fixed | null {
    return this.#once('arctan', x, this.#series, tangentInverseOf)
  }

  /** The k-th root of x ≥ 0. */
  root(x: Fixed, k: number): Fixed | null {
    const price = priceOfRoot(bitLength(x) + Number(this.#bits) * (k - 1))
    return this.#once(`root ${k}`, x, price, (value, bits) => rootOf(value, k, bits))
  }

  #once(name: string, x: Fixed, price: number, compute: (x: Fixed, bits: bigint) => Fixed | null): Fixed | null {
    this.#budget.spend()
    const key = `${name} ${x.toString(16)}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#payConstants()
    this.#budget.spend(price)
    const value = compute(x, this.#bits)
    this.#known.set(key, value)
    return value
  }

  #payConstants(): void {
    if (this.#constants) return
    this.#budget.spend(this.#series / 5)
    this.#constants = true
  }
}
