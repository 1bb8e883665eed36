import { assess } from '../../verifier/judge/assess.ts'
import type { Judge } from '../../verifier/judge/judge.ts'
import { sameText } from '../../verifier/kinds/short-text.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { answerCase, type CheckedRow } from '../rows/answer-case.ts'
import { bareQuestion } from '../rows/question-text.ts'

/**
 * Whether a completion or a bare answer says what `gold` says. Rules first; what they leave open is the same when its
 * words are, or when a judge grades it `correct`. @throws what the judge's `ask` throws.
 */
export async function isSameAnswer(
  row: CheckedRow & { question: string },
  { gold, answer }: { gold: string; answer: string },
  judge?: Judge,
): Promise<boolean> {
  // Tags make sure that the whole of a bare answer counts as one.
  const result = verifyCase(answerCase(row, gold, `<answer>${answer}</answer>`))
  if (result.verdict !== 'unverifiable') return result.verdict === 'correct'
  if (sameText(gold, answer)) return true
  const [assessment] = await assess([{ question: bareQuestion(row.question), gold, answer, result }], judge)
  return assessment?.by === 'judge' && assessment.judgement.verdict === 'correct'
}
