import type { TraceFormat } from '../format.ts'
import { combineReward } from '../reward.ts'
import type { RewardName } from '../reward.ts'
import type { VerifyResult } from '../verdict.ts'

/**
 * A judge's word on a row that rules left open: a tier with its score from 0 to 1, or why the row
 * has no score (see `unjudged`, too).
 */
export type JudgedField = { tier: string; score: number; version: string } | { abstained: string }

/**
 * The score object of one answer, as JSON. `accuracy` is from 0 to 1; `judged` says which judge was
 * asked beside the rules.
 */
export function scoreText(
  reward: RewardName,
  { id, verdict, reason, extracted, rule }: VerifyResult,
  format: TraceFormat,
  accuracy: number,
  judged?: JudgedField,
): string {
  const { overall, parts } = combineReward(reward, accuracy, format)
  return JSON.stringify({ id, overall, parts, verdict, reason, extracted, rule, judged })
}
