import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { questionText } from '../rows/question-text.ts'
import { dropped } from './outcome.ts'
import { sampleTraces, sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('sample'),
  ...dataStepBase,
  /** Normally an endpoint that serves a checkpoint of this campaign. */
  endpoint: z.string().min(1),
  samples: sampling.samples.default(4),
  temperature: sampling.temperature.default(1),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(2048),
})

/**
 * Lets the trained model look at the pictures and answer: k traces a row. The user turn is the same
 * as in training.
 */
export const sample: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'let a vision-language model answer from the pictures, k traces a row',
  estimate: ({ samples, maxTokens }) => ({
    writes: 'trace',
    rowsOut: samples,
    calls: [{ option: 'endpoint', perRow: samples, withImages: true, maxTokens }],
  }),
  run(row, { options, ask, seed, promptSuffix }) {
    if (row.question.trim() === '') return Promise.resolve([dropped(row, 'no-question')])
    const { endpoint, samples, temperature, topP, maxTokens } = options
    return sampleTraces({
      row,
      ask,
      endpoint,
      messages: [{ role: 'user', text: questionText(row, promptSuffix), images: row.images }],
      samples,
      seed,
      sampling: { temperature, topP, maxTokens },
    })
  },
}
