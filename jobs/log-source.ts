/** One logged line as its product's reader understands it. */
export interface Logged {
  step: number
  /** Seconds since the epoch, where the line says so. */
  time: number | null
  /** Finite values under the trainer's own names, flat. */
  values: Record<string, number>
  /**
   * Our name of a value (loss, reward.mean, reward.std, kl, entropy, totalSteps, …) by the
   * trainer's own name.
   */
  canonical: Record<string, string>
  /**
   * The trainer's own names whose value was NaN or infinite: a loss among them means that the
   * training diverged.
   */
  notFinite: string[]
}

/**
 * A log file of JSON lines. `read` understands one parsed line, in which NaN and the infinities of
 * Python's JSON stand as null. It gives null for a line that this file should not have, which is
 * counted, and `skip` for a line that is known and holds no step (a summary at the end).
 */
export interface LogSource {
  /** As this process sees it. */
  path: string
  read: (line: unknown) => Logged | 'skip' | null
}
