import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { dropped } from './outcome.ts'
import { sampleTraces, sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const prompt = z.string().refine((text) => text.includes('{description}') && text.includes('{question}'), {
  error: 'the prompt must say where {description} and {question} go ({choices} is optional)',
})

const options = z
  .strictObject({
    step: z.literal('reason'),
    ...dataStepBase,
    endpoint: z.string().min(1),
    samples: sampling.samples.default(4),
    temperature: sampling.temperature.default(0.7),
    topP: sampling.topP.default(0.95),
    maxTokens: sampling.maxTokens.default(4096),
    /**
     * Shows the right answer to the reasoner, so that it finds the way to the answer (Vision-R1).
     * Rows without an answer are dropped.
     */
    withAnswer: z.boolean().default(false),
    /** Replaces data/steps/prompts/reason-v1.md, or reason-to-answer-v1.md with `withAnswer`. */
    prompt: prompt.optional(),
  })
  .refine(({ withAnswer, prompt }) => !withAnswer || prompt === undefined || prompt.includes('{answer}'), {
    path: ['prompt'],
    error: 'the prompt must say where {answer} goes, because withAnswer is true',
  })

/**
 * Lets a text model reason over the description: k traces a row, each its own outcome.
 * OpenVLThinker hides the answer and keeps the traces with the right answer. Vision-R1 shows the
 * answer (its author said so; the paper leaves it open).
 */
export const reason: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'think over the description and the question, k traces a row',
  estimate: ({ samples, maxTokens, prompt: own }) => ({
    writes: 'trace',
    rowsOut: samples,
    calls: [{ option: 'endpoint', perRow: samples, withImages: false, maxTokens, promptCharacters: own?.length }],
  }),
  async run(row, { options, ask, seed }) {
    if (row.description === null || row.description.trim() === '') return [dropped(row, 'no-description')]
    if (row.question.trim() === '') return [dropped(row, 'no-question')]
    const { endpoint, samples, temperature, topP, maxTokens, withAnswer } = options
    const answer = row.answer?.trim() ?? ''
    if (withAnswer && answer === '') return [dropped(row, 'no-gold')]
    const text = renderPrompt(options.prompt ?? loadPrompt(withAnswer ? 'reason-to-answer-v1' : 'reason-v1'), {
      description: row.description,
      question: bareQuestion(row.question),
      choices: choicesBlock(row.choices),
      // Without withAnswer the prompt's {answer} stays: it may be LaTeX, as in \boxed{answer}.
      ...(withAnswer ? { answer } : {}),
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
