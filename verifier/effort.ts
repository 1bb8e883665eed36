/**
 * The steps that one case may take. The slowest kind of step makes this about 20 ms. Reading the
 * gold answer may take as many steps again.
 */
const stepLimit = 100_000

/**
 * Thrown when a case has used up its steps. `verifyCase` turns it into `unverifiable (too-hard)`.
 */
export class EffortSpent extends Error {
  constructor() {
    super('The case takes more steps than one case may.')
    this.name = 'EffortSpent'
  }
}

/**
 * Counts the work of one case, so that no input is slow. Parsing, comparing and sampling spend a
 * step for each node, item or character class that they look at. Steps and not time: a verdict must
 * not depend on the machine.
 */
export class Effort {
  #left: number

  constructor(steps = stepLimit) {
    this.#left = steps
  }

  /** Takes steps off. Throws EffortSpent when too few are left. */
  spend(steps = 1): void {
    this.#left -= steps
    if (this.#left < 0) throw new EffortSpent()
  }
}
