import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe.ts'
import { loadPrompt, renderPrompt } from '../prompts.ts'
import { bareQuestion, choicesBlock } from '../question-text.ts'
import { dropped } from './outcome.ts'
import { sampleTraces, sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const prompt = z.string().refine((text) => text.includes('{description}') && text.includes('{question}'), {
  error: 'the prompt must say where {description} and {question} go ({choices} is optional)',
})

const options = z.strictObject({
  step: z.literal('reason'),
  ...dataStepBase,
  endpoint: z.string().min(1),
  samples: sampling.samples.default(4),
  temperature: sampling.temperature.default(0.7),
  topP: sampling.topP.default(0.95),
  maxTokens: sampling.maxTokens.default(4096),
  /** The recipe's own words in the place of data/prompts/reason-v1.md. */
  prompt: prompt.optional(),
})

/** Lets a text model think over the description: k traces a row, each an outcome of its own (OpenVLThinker 1.3). */
export const reason: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'think over the description and the question, k traces a row',
  estimate: ({ samples, maxTokens }) => ({
    rowsOut: samples,
    calls: [{ option: 'endpoint', perRow: samples, withImages: false, maxTokens }],
  }),
  async run(row, { options, ask, seed }) {
    if (row.description === null || row.description.trim() === '') return [dropped(row, 'no-description')]
    if (row.question.trim() === '') return [dropped(row, 'no-question')]
    const { endpoint, samples, temperature, topP, maxTokens } = options
    const text = renderPrompt(options.prompt ?? loadPrompt('reason-v1'), {
      description: row.description,
      question: bareQuestion(row.question),
      choices: choicesBlock(row.choices),
    })
    return sampleTraces({
      row,
      ask,
      endpoint,
      messages: [{ role: 'user', text }],
      samples,
      seed,
      sampling: { temperature, topP, maxTokens },
    })
  },
}
