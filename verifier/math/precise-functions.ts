import type { Effort } from '../effort.ts'
import {
  cosineOf, exponentialOf, logarithmOf, piAt, rootOf, sineOf, tangentInverseOf,
} from './fixed-point.ts' // prettier-ignore
import type { Fixed } from './fixed-point.ts'
import { stepsOfRoot, stepsOfSeries } from './step-counts.ts'
import { bitLength } from './rational.ts'

/**
 * The functions of fixed-point.ts at one precision. Each spends its steps, by the number of digits,
 * before it is computed. A value that was computed here before takes one step: a text that repeats
 * one logarithm 300 times is cheap. The values last as long as the evaluation. The steps of π and
 * ln 2 are spent once in each evaluation, also when the constants are already known: a verdict must
 * not depend on earlier cases.
 */
export class PreciseFunctions {
  readonly #bits: bigint
  readonly #effort: Effort
  readonly #series: number
  readonly #known = new Map<string, Fixed | null>()
  #constants = false

  constructor(bits: number, effort: Effort) {
    this.#bits = BigInt(bits)
    this.#effort = effort
    this.#series = stepsOfSeries(bits)
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
    const steps = stepsOfRoot(bitLength(x) + Number(this.#bits) * (k - 1))
    return this.#once(`root ${k}`, x, steps, (value, bits) => rootOf(value, k, bits))
  }

  #once(name: string, x: Fixed, steps: number, compute: (x: Fixed, bits: bigint) => Fixed | null): Fixed | null {
    this.#effort.spend()
    const key = `${name} ${x.toString(16)}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#payConstants()
    this.#effort.spend(steps)
    const value = compute(x, this.#bits)
    this.#known.set(key, value)
    return value
  }

  #payConstants(): void {
    if (this.#constants) return
    this.#effort.spend(this.#series / 5)
    this.#constants = true
  }
}
