import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { readFormat } from '../../verifier/format.ts'
import { withOwnMarks } from '../../verifier/model-marks.ts'
import type { Judge } from '../../verifier/judge/judge.ts'
import { goldAnswer, resolveKind } from '../../verifier/verify.ts'
import { answerCase } from '../rows/answer-case.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { subjectOf } from '../rows/seeds.ts'
import { countWords, joinTrace, reasoningWords, splitTrace } from '../rows/trace.ts'
import type { TraceParts } from '../rows/trace.ts'
import { askOnce } from './ask-once.ts'
import { dropped, kept, replyProblem } from './outcome.ts'
import { isSameAnswer } from './same-answer.ts'
import { sampling } from './sampling.ts'
import { judgeCalls, stepJudge } from './step-judge.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('rewrite'),
  ...dataStepBase,
  endpoint: z.string().min(1),
  /** The most words of a rewritten reasoning, as a multiple of the words before. */
  maxGrowth: z.number().positive().default(1),
  /**
   * Says whether an answer in free text still means the same. Without a judge the words must be
   * equal.
   */
  judge: z.string().min(1).optional(),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(2048),
})

/**
 * Lets a model that sees the pictures and the answer rewrite a trace, shorter and without
 * contradictions (WeThink, 3.1 step 6). A row is dropped when the new text is no trace, is longer
 * than before or gives another answer. The step does not check whether contradictions are gone: no
 * rule could tell.
 */
export const rewrite: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'write traces anew with the picture and the answer in view, shorter and without contradictions',
  estimate: ({ judge, maxTokens }) => ({
    writes: 'trace',
    rowsOut: 1,
    calls: [{ option: 'endpoint', perRow: 1, withImages: true, maxTokens }, ...judgeCalls(judge, 1)],
  }),
  async run(row, context) {
    const { options } = context
    if (row.trace === null || row.trace.trim() === '') return [dropped(row, 'no-trace')]
    if (row.answer === null || row.answer.trim() === '') return [dropped(row, 'no-gold')]
    const { trace, answer } = row
    const { endpoint } = options
    const text = renderPrompt(loadPrompt('rewrite-v1'), {
      question: bareQuestion(row.question),
      choices: choicesBlock(row.choices),
      answer,
      reasoning: splitTrace(withOwnMarks(trace, row.policy ?? undefined))?.reasoning ?? trace.trim(),
    })
    const reply = await askOnce(context, { endpoint, text, images: row.images, subject: subjectOf(row) })
    const judge = stepJudge(context, options.judge)
    const written = await rewritten({ ...row, trace, answer }, reply, options.maxGrowth, judge?.judge)
    const replies = [reply, ...(judge?.replies ?? [])]
    return [
      'reason' in written
        ? dropped(row, written.reason, { replies })
        : kept(row, { changes: { trace: joinTrace(written), verdict: null }, replies }),
    ]
  },
}

/** The parts of the new trace, or the reason why it cannot replace the old trace. */
async function rewritten(
  row: Row & { trace: string; answer: string },
  reply: Reply,
  maxGrowth: number,
  judge: Judge | undefined,
): Promise<TraceParts | { reason: string }> {
  const problem = replyProblem(reply, 'empty-trace')
  if (problem !== null) return { reason: problem }
  const parts = splitTrace(reply.text.trim())
  // As strict as the format reward, because a model learns from these traces.
  if (!parts || !readFormat(joinTrace(parts)).held) return { reason: 'malformed' }
  if (countWords(parts.reasoning) > maxGrowth * reasoningWords(row.trace)) return { reason: 'longer' }
  const kind = resolveKind(answerCase(row, row.answer, ''))
  const { extracted } = extractAnswer(parts.rest, kind, { policy: row.policy ?? undefined })
  const gold = goldAnswer(row.answer, kind)
  return extracted && (await isSameAnswer(row, { gold, answer: extracted }, judge))
    ? parts
    : { reason: 'answer-changed' }
}
