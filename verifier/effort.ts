/** Steps that one case may take: about 20 ms of the slowest kind of step, and reading the gold answer has as many again. */
const stepLimit = 100_000

/** Thrown when a case has used up its steps; `verifyCase` turns it into `unverifiable (too-hard)`. */
export class EffortSpent extends Error {
  constructor() {
    super('The case takes more steps than one case may.')
    this.name = 'EffortSpent'
  }
}

/**
 * Counts the work of one case, so that no input is slow: parsing, comparing and sampling spend a step for each node,
 * item or character class they look at. Time is no measure here: verdicts must not depend on the machine.
 */
export class Effort {
  #left: number

  constructor(steps = stepLimit) {
    this.#left = steps
  }

  /** @throws EffortSpent when nothing is left. */
  spend(steps = 1): void {
    this.#left -= steps
    if (this.#left < 0) throw new EffortSpent()
  }
}
