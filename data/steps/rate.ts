import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { withoutReasoning } from '../../verifier/format.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { subjectOf } from '../shards/seeds.ts'
import { askOnce } from './ask-once.ts'
import { dropped, kept, replyProblem } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('rate'),
  ...dataStepBase,
  endpoint: z.string().min(1),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(512),
})

/**
 * Asks a model how hard a question is, from 1 to 10. The model sees the pictures and the right
 * answer (OpenVLThinker v3 rates five examples of each source). All rows of one question share one
 * request. At temperature 0 all rounds share it too.
 */
export const rate: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'let a model rate how hard each question is, from 1 to 10',
  estimate: ({ maxTokens }) => ({
    rowsOut: 1,
    calls: [{ option: 'endpoint', perRow: 1, withImages: true, maxTokens }],
  }),
  async run(row, context) {
    const question = bareQuestion(row.question)
    if (question === '') return [dropped(row, 'no-question')]
    if (row.answer === null || row.answer.trim() === '') return [dropped(row, 'no-gold')]
    const { endpoint } = context.options
    const text = renderPrompt(loadPrompt('rate-v1'), {
      question,
      choices: choicesBlock(row.choices),
      answer: row.answer.trim(),
    })
    const reply = await askOnce(context, { endpoint, text, images: row.images, subject: subjectOf(row) })
    const rating = readRating(reply.text)
    const problem = replyProblem(reply, 'empty-rating') ?? (rating === null ? 'unreadable-rating' : null)
    if (problem !== null) return [dropped(row, problem, { replies: [reply] })]
    return [kept(row, { changes: { metadata: { ...row.metadata, rating } }, replies: [reply] })]
  },
}

/** A rating line. Marks of emphasis and "/10" are common and change nothing. */
const ratingLine = /^[*_`]*rating[*_`]*\s*:/i
const ratingValue = /^[*_`]*rating[*_`]*\s*:\s*[*_`]*\s*(10|[1-9])(?:\s*\/\s*10)?[*_`]*\.?[*_`]*$/i

/**
 * The whole number from 1 to 10 of the only line `rating: N`, which must be the last line. Null for
 * anything else: with two rating lines it is open which rating counts. The thoughts of a thinking
 * model are not read.
 */
export function readRating(reply: string): number | null {
  const { spoken, unclosed } = withoutReasoning(reply)
  // Thoughts that never end have reached no rating.
  if (unclosed) return null
  const lines = spoken
    .split(/\r\n|[\r\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.filter((line) => ratingLine.test(line)).length !== 1) return null
  const found = ratingValue.exec(lines.at(-1) ?? '')
  return found ? Number(found[1]) : null
}
