import { assess } from '../../verifier/judge/assess.ts'
import type { Judge } from '../../verifier/judge/judge.ts'
import { sameText } from '../../verifier/kinds/short-text.ts'
import { verifyInPool } from '../../verifier/serve/process-pool.ts'
import { answerCase } from '../rows/answer-case.ts'
import type { CheckedRow } from '../rows/answer-case.ts'
import { bareQuestion } from '../rows/question-text.ts'

/**
 * Whether a completion or a bare answer says the same as `gold`. The rules decide first. An answer
 * that the rules leave open is the same when its words are equal or a judge grades it `correct`.
 * Throws what the judge's `ask` throws.
 */
export async function isSameAnswer(
  row: CheckedRow & { question: string },
  { gold, answer }: { gold: string; answer: string },
  judge?: Judge,
): Promise<boolean> {
  // The tags make the whole of a bare answer count as the answer.
  const { result } = await verifyInPool(answerCase(row, gold, `<answer>${answer}</answer>`))
  if (result.verdict !== 'unverifiable') return result.verdict === 'correct'
  if (sameText(gold, answer)) return true
  const [assessment] = await assess([{ question: bareQuestion(row.question), gold, answer, result }], judge)
  return assessment?.by === 'judge' && assessment.judgement.verdict === 'correct'
}
