import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { loadPrompt } from './prompts.ts'
import { askOnce } from './ask-once.ts'
import { outcome, replyProblem, spoken } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('describe'),
  ...dataStepBase,
  endpoint: z.string().min(1),
  /** Replaces data/steps/prompts/describe-v1.md. The question is never shown. */
  prompt: z.string().min(1).optional(),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(1024),
})

/**
 * Puts a row's pictures into words. The prompt does not show the question (OpenVLThinker 1.3), so
 * rows with the same pictures share one description and one payment. At temperature 0 all rounds
 * share it too.
 */
export const describe: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'describe the pictures in words, without looking at the question',
  estimate: ({ maxTokens, prompt }) => ({
    writes: 'description',
    rowsOut: 1,
    calls: [{ option: 'endpoint', perRow: 1, withImages: true, maxTokens, promptCharacters: prompt?.length }],
  }),
  async run(row, context) {
    if (row.images.length === 0) return [outcome(row, 'no-image')]
    const { endpoint, prompt } = context.options
    const text = prompt ?? loadPrompt('describe-v1')
    const reply = await askOnce(context, { endpoint, text, images: row.images, subject: row.images.join(' ') })
    const said = spoken(reply)
    const changes = { description: said.text }
    return [outcome(row, replyProblem(said, 'empty-description'), { changes, replies: [reply] })]
  },
}
