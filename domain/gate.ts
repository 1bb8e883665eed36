/** What the gate decided about a round. */
export const decisions = ['promote', 'inconclusive', 'regress'] as const
export type Decision = (typeof decisions)[number]

/** The head moves to the round, it stays at the parent, or a person is asked. */
export const gateActions = ['advance', 'stay', 'pause'] as const
export type GateAction = (typeof gateActions)[number]

/** What a recipe says to do about a round that was not promoted. */
type Reaction = 'rollback' | 'pause' | 'continue'

/** 95 % interval of new accuracy − old accuracy on the same items, as fractions. */
export interface PairedInterval {
  low: number
  high: number
}

/**
 * Three outcomes, never a bare `new > old`. Promote: the new round is better beyond chance.
 * Regress: it is worse than the margin allows, beyond chance. Inconclusive: neither is shown.
 * `margin` is a fraction of accuracy; its default 0.02 is the usual non-inferiority margin of
 * benchmark comparisons.
 */
export function decide({ low, high }: PairedInterval, margin = 0.02): Decision {
  if (low > 0) return 'promote'
  if (high < -margin) return 'regress'
  return 'inconclusive'
}

/**
 * Rounds on one parent that may be rolled back before a person is asked: fresh samples may do
 * better, but not for ever.
 */
const rollbacksOnOneParent = 2

/**
 * What to do about a decision. `alike` is the number of earlier rounds on the same parent that were
 * decided in the same way.
 */
export function gateAction(
  decision: Decision,
  { onRegress, onInconclusive }: { onRegress: Reaction; onInconclusive: Reaction },
  alike: number,
): GateAction {
  if (decision === 'promote') return 'advance'
  const wanted = decision === 'regress' ? onRegress : onInconclusive
  if (wanted === 'continue') return 'advance'
  if (wanted === 'pause') return 'pause'
  return alike >= rollbacksOnOneParent ? 'pause' : 'stay'
}
