import type { Reply } from '../../models/ask.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { sameText } from '../../verifier/kinds/short-text.ts'
import { leafLimit } from '../../verifier/plain-text.ts'
import { verifyCase } from '../../verifier/verify.ts'
import { answerCase, type CheckedRow } from '../rows/answer-case.ts'
import { replyProblem } from './outcome.ts'

/** Words of a model that has no answer. */
const noAnswers = ['unknown', 'not visible', 'n/a']

/**
 * The final answer of a reply as it is written; null where there is none: nothing was found, the reply was cut or refused,
 * the model says that it does not know, names none of the choices, or writes more than anybody could check.
 */
export function finalAnswer(reply: Reply, row: CheckedRow): string | null {
  if (replyProblem(reply, 'empty') !== null) return null
  const { choices } = row
  // Without a gold answer `auto` can only look at the choices.
  const kind = row.kind !== 'auto' ? row.kind : choices === null ? 'text' : 'choice'
  const { extracted } = extractAnswer(reply.text, kind)
  if (extracted === null || extracted === '' || extracted.length > leafLimit) return null
  if (kind === 'choice' && choices !== null) {
    // What names a choice is the same as itself; "unknown" is an answer where a choice says so.
    const named = verifyCase(answerCase({ ...row, kind }, extracted, `<answer>${extracted}</answer>`))
    return named.verdict === 'correct' ? extracted : null
  }
  return noAnswers.some((words) => sameText(words, extracted)) ? null : extracted
}
