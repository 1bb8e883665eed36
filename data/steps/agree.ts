import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Outcome, Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion, choicesBlock } from '../rows/question-text.ts'
import { subjectOf } from '../rows/seeds.ts'
import { askOnce } from './ask-once.ts'
import { finalAnswer } from './final-answer.ts'
import { dropped, kept } from './outcome.ts'
import { isSameAnswer } from './same-answer.ts'
import { sampling } from './sampling.ts'
import { judgeCalls, stepJudge } from './step-judge.ts'
import type { RowStep, StepContext } from './step.ts'

const options = z.strictObject({
  step: z.literal('agree'),
  ...dataStepBase,
  /** Answers from the description. Its trace stays where the reasoner and the viewer agree. */
  reasoner: z.string().min(1),
  /** Answers from the pictures. */
  viewer: z.string().min(1),
  /** Looks at the pictures and decides where reasoner and viewer differ. */
  arbiter: z.string().min(1),
  /**
   * Says whether two answers in free text mean the same. Without a judge the words must be equal.
   */
  judge: z.string().min(1).optional(),
  temperature: sampling.temperature.default(0.6),
  topP: sampling.topP.default(0.95),
  maxTokens: sampling.maxTokens.default(2048),
})

/**
 * Answers a question twice, from the description and from the pictures, and keeps the answer that
 * both give. WeThink (3.1, step 5) asks a text model and a vision model, and a third model where
 * the two differ. The paper gives no sampling settings: the defaults are the settings that the
 * makers of its reasoner recommend. The arbiter may only choose: a third answer is no agreement.
 */
export const agree: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'answer from the description and from the picture, and keep what both say',
  estimate: ({ judge, maxTokens }) => ({
    writes: 'trace',
    rowsOut: 1,
    calls: [
      { option: 'reasoner', perRow: 1, withImages: false, maxTokens },
      { option: 'viewer', perRow: 1, withImages: true, maxTokens },
      { option: 'arbiter', perRow: 1, withImages: true, maxTokens },
      // Up to three comparisons: first with second, third with first, third with second.
      ...judgeCalls(judge, 3),
    ],
  }),
  async run(row, context) {
    if (row.images.length === 0) return [dropped(row, 'no-image')]
    if (row.description === null || row.description.trim() === '') return [dropped(row, 'no-description')]
    if (row.question.trim() === '') return [dropped(row, 'no-question')]
    const { reasoner, viewer } = context.options
    const [reasoned, viewed] = await Promise.all([
      askOne(row, context, { endpoint: reasoner, prompt: 'reason-v1', values: { description: row.description } }),
      askOne(row, context, { endpoint: viewer, prompt: 'answer-picture-v1', withImages: true }),
    ])
    return [await settle(row, context, reasoned, viewed)]
  },
}

type Context = StepContext<z.infer<typeof options>>

async function settle(row: Row, context: Context, reasoned: Reply, viewed: Reply): Promise<Outcome> {
  const judge = stepJudge(context, context.options.judge)
  const first = await finalAnswer(reasoned, row)
  const second = await finalAnswer(viewed, row)
  const replies = [reasoned, viewed]
  if (first === null && second === null) return dropped(row, 'no-answers', { replies })
  const isSame = (gold: string | null, answer: string | null) =>
    gold !== null && answer !== null && isSameAnswer(row, { gold, answer }, judge?.judge)
  const keep = (answer: string | null, trace: Reply, agreement: string, used: readonly Reply[]) =>
    kept(row, {
      // The verdict of the row belonged to another answer and trace.
      changes: { answer, trace: trace.text.trim(), verdict: null, metadata: { ...row.metadata, agreement } },
      replies: used,
    })

  if (await isSame(first, second)) return keep(first, reasoned, 'both', [...replies, ...(judge?.replies ?? [])])
  replies.push(...(judge?.replies ?? []))
  const judgedBefore = judge?.replies.length ?? 0
  const arbitrated = await askOne(row, context, {
    endpoint: context.options.arbiter,
    prompt: 'arbitrate-v1',
    values: { first: first ?? 'none', second: second ?? 'none' },
    withImages: true,
  })
  replies.push(arbitrated)
  const third = await finalAnswer(arbitrated, row)
  if (third === null) return dropped(row, 'arbiter-unreadable', { replies })
  const isFirst = await isSame(first, third)
  const isSecond = !isFirst && (await isSame(second, third))
  replies.push(...(judge?.replies.slice(judgedBefore) ?? []))
  if (isFirst) return keep(first, reasoned, 'arbiter-first', replies)
  return isSecond ? keep(second, viewed, 'arbiter-second', replies) : dropped(row, 'arbiter-disagrees', { replies })
}

interface Question {
  endpoint: string
  prompt: Parameters<typeof loadPrompt>[0]
  values?: Readonly<Record<string, string>>
  withImages?: boolean
}

function askOne(row: Row, context: Context, question: Question): Promise<Reply> {
  const { endpoint, prompt, values = {}, withImages = false } = question
  const text = renderPrompt(loadPrompt(prompt), {
    question: bareQuestion(row.question),
    choices: choicesBlock(row.choices),
    ...values,
  })
  return askOnce(context, { endpoint, text, subject: subjectOf(row), ...(withImages && { images: row.images }) })
}
