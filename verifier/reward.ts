import type { rewardNames } from '../domain/recipe-steps.ts'
import { readFormat } from './format.ts'
import type { TraceFormat } from './format.ts'
import type { VerifyCase, VerifyResult } from './verdict.ts'
import { verifyCase } from './verify.ts'

export type RewardName = (typeof rewardNames)[number]

export type Reward = {
  /** What the trainer optimises. */
  overall: number
  /** Each 0 or 1. */
  parts: { accuracy: number; format: number }
}

/** OpenVLThinker's deduction when nothing stands between reasoning and answer. */
const NO_EXPLANATION = 0.5
/** WeThink's hybrid reward (arXiv 2506.07905). Its authors did not sweep the weights. */
const ACCURACY_WEIGHT = 0.7
const FORMAT_WEIGHT = 0.3

/**
 * Combines a verdict and a format into a reward.
 * - `accuracy`: 1 for correct, else 0.
 * - `format-and-accuracy`: 1 only when the answer is correct and the format held (Vision-R1).
 * - `accuracy-with-explanation`: accuracy − 0.5 unless words stand between reasoning and answer, so from −0.5 to 1
 *   (OpenVLThinker). A text without the format has no explanation: leaving the tags out must not avoid the deduction.
 * - `weighted`: 0.7 accuracy + 0.3 format (WeThink).
 * An unverifiable answer has accuracy 0; the verdict beside it lets the caller count it or leave it out.
 */
function combineReward(name: RewardName, correct: boolean, format: TraceFormat): Reward {
  const parts = { accuracy: correct ? 1 : 0, format: format.held ? 1 : 0 }
  const overall: Record<RewardName, number> = {
    accuracy: parts.accuracy,
    'format-and-accuracy': parts.accuracy * parts.format,
    'accuracy-with-explanation': parts.accuracy - (format.explanation ? 0 : NO_EXPLANATION),
    weighted: ACCURACY_WEIGHT * parts.accuracy + FORMAT_WEIGHT * parts.format,
  }
  return { overall: overall[name], parts }
}

/** Verifies a completion and rewards it. */
export function rewardCase(name: RewardName, row: VerifyCase): Reward & { result: VerifyResult } {
  const result = verifyCase(row)
  return { ...combineReward(name, result.verdict === 'correct', readFormat(row.answer)), result }
}
