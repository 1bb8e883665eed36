import type { AnswerForm } from '../data/export/format.ts'
import type { Row } from '../domain/rows.ts'
import { rewardCheckOf } from './reward-check.ts'
import { packGroundTruth } from './reward-file/ground-truth.ts'

/**
 * The reference answer of a row as the one text that EasyR1, verl and ms-swift give to a reward:
 * all that the reward server asks for, as the file of `hone shim` reads it, or the bare answer for
 * a reward function of the user's own.
 */
export function groundTruth(row: Row, answers: AnswerForm): string {
  const gold = row.answer ?? ''
  return answers === 'plain' ? gold : packGroundTruth({ id: row.id, gold, ...rewardCheckOf(row) })
}
