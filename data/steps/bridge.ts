import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { askOnce } from './ask-once.ts'
import { dropped, kept, replyProblem, spoken } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('bridge'),
  ...dataStepBase,
  endpoint: z.string().min(1),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  /** Limit of each of the two replies. */
  maxTokens: sampling.maxTokens.default(1024),
})

/**
 * Modality bridging (Vision-R1, section on the cold-start data). First the vision model explains
 * the right answer (the pseudo-CoT). Then it describes the picture with that explanation in its
 * prompt. So the description has the details that the question needs, and a text model can reason
 * without the picture. The step does not check whether a description gives the answer away: a good
 * description nearly always contains the parts of the answer.
 *
 * Rows with the same pictures, question and answer share their payments. At temperature 0 they
 * share them in every round.
 */
export const bridge: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'explain the right answer from the picture, then describe the picture for the question',
  estimate: ({ maxTokens }) => ({
    writes: 'description',
    rowsOut: 1,
    calls: [{ option: 'endpoint', perRow: 2, withImages: true, maxTokens }],
  }),
  async run(row, context) {
    if (row.images.length === 0) return [dropped(row, 'no-image')]
    const question = bareQuestion(row.question)
    if (question === '') return [dropped(row, 'no-question')]
    if (row.answer === null || row.answer.trim() === '') return [dropped(row, 'no-gold')]
    const { endpoint } = context.options
    const choices = choicesBlock(row.choices)
    const subject = JSON.stringify([row.images, question, row.choices, row.answer])
    const see = (text: string, turn: number) => askOnce(context, { endpoint, text, images: row.images, subject, turn })

    const first = await see(
      renderPrompt(loadPrompt('pseudo-cot-v1'), { question, choices, answer: row.answer.trim() }),
      0,
    )
    const explained = spoken(first)
    const noPseudoCot = replyProblem(explained, 'empty-pseudo-cot')
    if (noPseudoCot !== null) return [dropped(row, noPseudoCot, { replies: [first] })]
    const pseudoCot = explained.text

    const second = await see(
      renderPrompt(loadPrompt('describe-for-question-v1'), { question, choices, explanation: pseudoCot }),
      1,
    )
    const described = spoken(second)
    const made = {
      changes: { description: described.text, metadata: { ...row.metadata, pseudoCot } },
      replies: [first, second],
    }
    const noDescription = replyProblem(described, 'empty-description')
    return [noDescription === null ? kept(row, made) : dropped(row, noDescription, made)]
  },
}
