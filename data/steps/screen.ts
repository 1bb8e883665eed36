import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { knownMetadata } from '../../domain/rows.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { subjectOf } from '../shards/seeds.ts'
import { readScreening } from './synthesis/screening.ts'
import { askOnce } from './ask-once.ts'
import { dropped, outcome, replyProblem } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('screen'),
  ...dataStepBase,
  /**
   * Text model that judges the questions. A model other than the writer of the questions judges
   * better.
   */
  endpoint: z.string().min(1),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(512),
})

const reasons = { keep: null, reject: 'rejected', unreadable: 'unreadable-screening' } as const

/**
 * Second stage of WeThink's filter, by a model: it reads a question beside the description and says
 * whether the question can be used. A question is kept only when the model says so in the agreed
 * form. The row itself does not change.
 */
export const screen: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'let a model reject questions that make no sense or can not be checked',
  estimate: ({ maxTokens }) => ({
    rowsOut: 1,
    calls: [{ option: 'endpoint', perRow: 1, withImages: false, maxTokens }],
  }),
  async run(row, context) {
    const description = row.description?.trim() ?? ''
    if (description === '') return [dropped(row, 'no-description')]
    const question = bareQuestion(row.question)
    if (question === '') return [dropped(row, 'no-question')]
    const { endpoint } = context.options
    const text = renderPrompt(loadPrompt('screen-v1'), {
      description,
      type: knownMetadata(row.metadata).type ?? 'fill-in',
      question,
      choices: choicesBlock(row.choices),
    })
    const reply = await askOnce(context, { endpoint, text, subject: subjectOf(row) })
    const reason = replyProblem(reply, 'unreadable-screening') ?? reasons[readScreening(reply.text)]
    return [outcome(row, reason, { replies: [reply] })]
  },
}
