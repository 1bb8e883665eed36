import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { knownMetadata } from '../../domain/rows.ts'
import { assess, finalVerdict } from '../../verifier/judge/assess.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { verifyInPool } from '../../verifier/serve/process-pool.ts'
import { answerCase } from '../rows/answer-case.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { dropped, outcome } from './outcome.ts'
import { judgeCalls, stepJudge } from './step-judge.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('verify'),
  ...dataStepBase,
  /**
   * Endpoint of a judge for answers that the rules leave open. Rows with `reward: rule` in their
   * metadata are never sent to the judge.
   */
  judge: z.string().min(1).optional(),
  /**
   * all: rows with wrong and unverifiable answers stay too, with their verdicts. This measures a
   * model, e.g. for `grade-difficulty`.
   */
  keep: z.enum(['correct', 'all']).default('correct'),
})

/**
 * Keeps traces whose final answer the verifier finds right. Every judged row stores its verdict,
 * dropped rows too. A judge is asked only about free text, and only its grade `correct` keeps a
 * row. A verdict of the rules is final.
 */
export const verify: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'keep traces whose answer is right',
  estimate: ({ judge }) => ({ rowsOut: 1, calls: judgeCalls(judge, 1) }),
  async run(row, context) {
    const { options } = context
    if (row.answer === null) return [dropped(row, 'no-gold')]
    if (row.trace === null) return [dropped(row, 'no-trace')]
    const verified = await verifyInPool(answerCase(row, row.answer, row.trace))
    const { result } = verified
    const judge = knownMetadata(row.metadata).reward === 'rule' ? null : stepJudge(context, options.judge)
    const [assessment] =
      judge === null ? [] : await assess([{ ...verified, question: bareQuestion(row.question) }], judge.judge)
    const { verdict, reason } = assessment ? finalVerdict(assessment) : result
    const version =
      assessment?.by === 'judge' ? `${verifierVersion}+${assessment.judgement.judgeVersion}` : verifierVersion
    const changes = { verdict: { verdict, reason, extracted: result.extracted, verifierVersion: version } }
    const isKept = verdict === 'correct' || options.keep === 'all'
    return [outcome(row, isKept ? null : verdict, { changes, replies: judge?.replies ?? [] })]
  },
}
