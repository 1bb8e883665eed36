import type { AnswerForm } from '../data/export/format.ts'
import { questionText } from '../data/rows/question-text.ts'
import { knownMetadata } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import { packGroundTruth } from './reward-file/ground-truth.ts'

/**
 * The reference answer of a row as the one text that EasyR1, verl and ms-swift hand to a reward:
 * all that the reward server asks for, as the file of `hone shim` reads it, or the bare answer for
 * a reward function of the user's own.
 */
export function groundTruth(row: Row, answers: AnswerForm): string {
  const gold = row.answer ?? ''
  if (answers === 'plain') return gold
  const { id, kind, choices, precision, policy } = row
  const { reward } = knownMetadata(row.metadata)
  return packGroundTruth({ id, gold, kind, choices, precision, policy, reward, question: questionText(row, '') })
}
