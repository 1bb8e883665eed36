import { z } from 'zod'
import { noCheck } from '../../domain/answer-check.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import { questionTypes } from '../../domain/rows.ts'
import type { Outcome, QuestionType, Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { sampleSeed, subjectOf } from '../rows/seeds.ts'
import { companionAbilities } from './synthesis/abilities.ts'
import { drawConstraint, earlierQuestions } from './synthesis/constraints.ts'
import type { Constraint, EarlierQuestions } from './synthesis/constraints.ts'
import { questionProblem } from './synthesis/question-rules.ts'
import { readWrittenQuestion } from './synthesis/written-question.ts'
import { carried, dropped, outcome, replyProblem } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep } from './step.ts'

const distinct = (names: readonly string[]): boolean => new Set(names).size === names.length
const eachOnce = { error: 'name each of them once' }

const options = z.strictObject({
  step: z.literal('synthesize'),
  ...dataStepBase,
  /** Text model that writes the questions. */
  endpoint: z.string().min(1),
  /** Questions for each row, written one after the other. */
  questions: z.int().min(1).max(64).default(3),
  /** Types to draw from. */
  types: z
    .array(z.enum(questionTypes))
    .min(1)
    .refine(distinct, eachOnce)
    .default([...questionTypes]),
  /** Abilities to draw from. Every question also needs `reasoning`, which is not listed here. */
  abilities: z
    .array(z.enum(companionAbilities))
    .min(1)
    .refine(distinct, eachOnce)
    .default([...companionAbilities]),
  temperature: sampling.temperature.default(0.7),
  topP: sampling.topP.default(0.95),
  maxTokens: sampling.maxTokens.default(512),
  /**
   * Earlier datasets of questions. Types and abilities that are rare among their kept rows are
   * drawn more often, and their questions about the same picture are not asked again.
   */
  evidence: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
})

/**
 * Writes questions about a picture from its description (WeThink 3.1, step 3). Each question needs
 * reasoning and one or two other abilities, and is a choice, a fill-in or a descriptive question.
 * Rules drop unusable questions at once (the first stage of WeThink's filter). A dropped question
 * keeps its text, so that people can read it.
 */
export const synthesize: RowStep<typeof options, EarlierQuestions | undefined> = {
  per: 'row',
  options,
  summary: 'write questions to a picture from its description, under ability constraints',
  estimate: ({ questions, maxTokens }) => ({
    writes: 'question',
    rowsOut: questions,
    calls: [{ option: 'endpoint', perRow: questions, withImages: false, maxTokens }],
  }),
  evidence: { reduce: earlierQuestions },
  async run(row, { options, overview, ask, seed }) {
    const description = row.description?.trim() ?? ''
    if (description === '') return [dropped(row, 'no-description')]
    const { endpoint, questions, types, abilities, temperature, topP, maxTokens } = options
    const { tally } = overview ?? {}
    // The tally is part of the subject: a second pass over the same rows must draw something else.
    const subject = tally === undefined ? subjectOf(row) : JSON.stringify([subjectOf(row), tally])
    const own = bareQuestion(row.question)
    const earlier = overview?.asked.get(row.originId) ?? []
    const asked = own === '' || earlier.includes(own) ? [...earlier] : [...earlier, own]
    const outcomes: Outcome[] = []
    for (let index = 0; index < questions; index++) {
      const drawn = sampleSeed(seed, subject, index)
      const constraint = drawConstraint({ types, companions: abilities, tally, seed: drawn })
      const reply = await ask({
        endpoint,
        messages: [{ role: 'user', text: promptFor(description, constraint, asked) }],
        sampling: { temperature, topP, maxTokens, seed: temperature === 0 ? 0 : drawn },
        sampleIndex: index,
      })
      const made = questionOutcome(row, reply, constraint, asked)
      if (made.status === 'kept' && made.changes.question !== undefined) asked.push(made.changes.question)
      outcomes.push(made)
    }
    return outcomes
  },
}

const promptFor = (description: string, { type, abilities }: Constraint, asked: readonly string[]): string =>
  renderPrompt(loadPrompt('synthesize-v1'), {
    description,
    type,
    abilities: abilities.join(', '),
    asked: asked.map((question) => `- ${question.replaceAll(/\s+/g, ' ')}`).join('\n') || 'none',
  })

/** How the verifier checks an answer: by its letter, by the form of the answer, or as a text. */
const kindOf = { choice: 'choice', 'fill-in': 'auto', descriptive: 'text' } as const satisfies Record<
  QuestionType,
  Row['kind']
>

function questionOutcome(row: Row, reply: Reply, { type, abilities }: Constraint, asked: readonly string[]): Outcome {
  const written = readWrittenQuestion(reply.text)
  const reason =
    replyProblem(reply, 'unparseable') ?? (written === null ? 'unparseable' : questionProblem(written, type, asked))
  const reward = type === 'descriptive' ? 'judge' : 'rule'
  const category = written?.category ? { category: written.category } : {}
  // The new row inherits nothing that belonged to another question.
  const changes: Outcome['changes'] = {
    question: written?.question ?? '',
    answer: null,
    ...noCheck,
    choices: written?.choices ?? null,
    kind: kindOf[type],
    trace: null,
    verdict: null,
    metadata: { ...carried(row.metadata), type, abilities, ...category, reward },
  }
  return outcome(row, reason, { changes, replies: [reply] })
}
