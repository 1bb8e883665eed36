/** Below this share of the largest value, a spread is only rounding of equal values. */
const rounding = 1e-12

/**
 * How many standard deviations each value is above the mean. The deviation is that of the
 * population (divided by n), because the values are the whole population. Equal values all score 0.
 */
export function zScores(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const deviation = Math.sqrt(variance)
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return values.map((value) => (deviation <= rounding * largest ? 0 : (value - mean) / deviation))
}
