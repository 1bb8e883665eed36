/** One parsed line of a product's log. */
export interface Logged {
  step: number
  /** Seconds since the epoch. Null when the line has no time. */
  time: number | null
  /** Finite values under the trainer's own names, flat. */
  values: Record<string, number>
  /**
   * Hone's name of a value (loss, reward.mean, reward.std, kl, entropy, totalSteps, …) by the
   * trainer's own name.
   */
  canonical: Record<string, string>
  /**
   * The trainer's own names of values that were NaN or infinite. A loss among these names means
   * that the training diverged.
   */
  notFinite: string[]
}

/**
 * A log file of JSON lines. `read` gets one parsed line, in which NaN and the infinities of
 * Python's JSON are null. It returns null for a line that does not belong in this file; such lines
 * are counted. It returns `skip` for a known line without a step (a summary at the end).
 */
export interface LogSource {
  /** Path as this process sees it. */
  path: string
  read: (line: unknown) => Logged | 'skip' | null
}
