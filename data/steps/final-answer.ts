import type { Reply } from '../../models/ask.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { sameText } from '../../verifier/kinds/short-text.ts'
import { leafLimit } from '../../verifier/plain-text.ts'
import { verifyInPool } from '../../verifier/serve/process-pool.ts'
import { answerCase } from '../rows/answer-case.ts'
import type { CheckedRow } from '../rows/answer-case.ts'
import { replyProblem } from './outcome.ts'

/** What a model writes when it has no answer. */
const noAnswers = ['unknown', 'not visible', 'n/a']

/**
 * The final answer of a reply, as it is written. Null when the reply was cut or refused, when the
 * verifier finds no answer, and when the model does not know, names none of the choices, or writes
 * more than a checker could read.
 */
export async function finalAnswer(reply: Reply, row: CheckedRow): Promise<string | null> {
  if (replyProblem(reply, 'empty') !== null) return null
  const { choices } = row
  // The row has no gold answer yet, so `auto` can only look at the choices.
  const kind = row.kind !== 'auto' ? row.kind : choices === null ? 'text' : 'choice'
  const { extracted } = extractAnswer(reply.text, kind, { policy: row.policy ?? undefined })
  if (extracted === null || extracted === '' || extracted.length > leafLimit) return null
  if (kind === 'choice' && choices !== null) {
    // The verifier decides whether the text names a choice. "Unknown" is an answer if a choice says
    // it.
    const named = await verifyInPool(answerCase({ ...row, kind }, extracted, `<answer>${extracted}</answer>`))
    return named.result.verdict === 'correct' ? extracted : null
  }
  return noAnswers.some((words) => sameText(words, extracted)) ? null : extracted
}
