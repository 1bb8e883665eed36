/** What the gate decided about a round. */
export const decisions = ['promote', 'inconclusive', 'regress'] as const
export type Decision = (typeof decisions)[number]

/** Paired result of two rounds on the same items. */
export interface PairedResult {
  n: number
  /** Items only the new round answers right. */
  newOnly: number
  /** Items only the old round answers right. */
  oldOnly: number
  /** 95 % interval of new accuracy − old accuracy, as fractions. */
  low: number
  high: number
}

/**
 * Three outcomes, never a bare `new > old`: promote when the new round is better beyond chance, regress when it is worse
 * than the margin allows beyond chance, inconclusive between. `margin` is a fraction of accuracy (default 0.02 after the
 * usual non-inferiority margin of benchmark comparisons).
 */
export function decide(paired: PairedResult, margin = 0.02): Decision {
  if (paired.low > 0) return 'promote'
  if (paired.high < -margin) return 'regress'
  return 'inconclusive'
}
