import { questionText } from '../data/rows/question-text.ts'
import { checkOf } from '../domain/answer-check.ts'
import type { RewardCheck } from '../domain/answer-check.ts'
import { rewardOf } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'

/**
 * What a reward may know of a row besides its reference answer. The question is without the
 * recipe's suffix: a judge is asked about the question alone.
 */
export const rewardCheckOf = (row: Row): RewardCheck => ({
  ...checkOf(row),
  question: questionText(row, ''),
  reward: rewardOf(row),
})
