/**
 * One row cannot be used: its line, one of its pictures or its request. The row is recorded as
 * failed with this reason, and the work goes on with the other rows. What stops all of the work is
 * a HoneError.
 */
export class RowProblem extends Error {
  /** Short code, e.g. `bad-line`, `image-missing`, `image-broken`. */
  readonly reason: string

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RowProblem'
    this.reason = reason
  }
}
