import { HoneError } from '../domain/errors.ts'
import type { rewardNames } from '../domain/recipe/steps.ts'
import type { TraceFormat } from './format.ts'

export type RewardName = (typeof rewardNames)[number]

export interface Reward {
  /** The number that the trainer optimises. */
  overall: number
  /** `accuracy` is 0 or 1 from a rule, and from 0 to 1 from a judge. `format` is 0 or 1. */
  parts: { accuracy: number; format: number }
}

/** OpenVLThinker's deduction when there is no text between reasoning and answer. */
const explanationDeduction = 0.5
/** WeThink's hybrid reward (arXiv 2506.07905). Its authors did not sweep the weights. */
const accuracyWeight = 0.7
const formatWeight = 0.3

/**
 * Combines an accuracy and a format into a reward.
 * - `accuracy`: the accuracy alone.
 * - `format-and-accuracy`: the accuracy when the format holds, else 0 (Vision-R1's hard
 *   format-result reward).
 * - `accuracy-with-explanation`: the accuracy, less 0.5 when there are no words between reasoning
 *   and answer, so from −0.5 to 1 (OpenVLThinker). A text without the format has no explanation
 *   either: leaving the tags out must not avoid the deduction.
 * - `weighted`: 0.7 accuracy + 0.3 format (WeThink).
 *
 * `accuracy` is from 0 to 1. A rule gives 1 for a correct answer, else 0. A judge may give a number
 * between for a free-text row. An unverifiable answer that no judge scored has accuracy 0; its
 * verdict lets the caller count it or leave it out.
 * Throws HoneError (InvalidInput) when the accuracy is not from 0 to 1.
 */
export function combineReward(name: RewardName, accuracy: number, format: TraceFormat): Reward {
  if (!(accuracy >= 0 && accuracy <= 1)) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `The accuracy ${accuracy} is not from 0 to 1.`,
      nextStep: 'Give a number from 0 to 1. Convert another scale to it first.',
    })
  }
  const parts = { accuracy, format: format.held ? 1 : 0 }
  const overall: Record<RewardName, number> = {
    accuracy,
    'format-and-accuracy': accuracy * parts.format,
    'accuracy-with-explanation': accuracy - (format.explanation ? 0 : explanationDeduction),
    weighted: accuracyWeight * accuracy + formatWeight * parts.format,
  }
  return { overall: overall[name], parts }
}
