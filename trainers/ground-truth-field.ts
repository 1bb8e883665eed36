import type { AnswerForm } from '../data/export/format.ts'
import type { Row } from '../domain/rows.ts'
import { rewardCheckOf } from './reward-check.ts'
import { packGroundTruth } from './reward-file/ground-truth.ts'

/**
 * The reference answer of a row as a single text, because EasyR1, verl and ms-swift pass only this
 * text to a reward. It holds everything that the reward server asks for, in the form that the file
 * of `hone shim` reads. For a reward function of the user's own it is the bare answer.
 */
export function groundTruth(row: Row, answers: AnswerForm): string {
  const gold = row.answer ?? ''
  return answers === 'plain' ? gold : packGroundTruth({ id: row.id, gold, ...rewardCheckOf(row) })
}
