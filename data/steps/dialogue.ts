import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import type { Reply } from '../../models/ask.ts'
import { loadPrompt, renderPrompt } from './prompts.ts'
import { readAnswers, readQuestions } from './synthesis/reply-lines.ts'
import { questionKey } from './synthesis/same-text.ts'
import { askOnce } from './ask-once.ts'
import { dropped, kept, replyProblem, spoken } from './outcome.ts'
import { sampling } from './sampling.ts'
import type { RowStep, StepContext } from './step.ts'

const options = z.strictObject({
  step: z.literal('dialogue'),
  ...dataStepBase,
  /** Text model that reads the description and asks for missing details. */
  asker: z.string().min(1),
  /** Vision model that answers, and writes the merged description at the end. */
  viewer: z.string().min(1),
  /** The most turns. The asker may end earlier. WeThink says "several" without a number. */
  turns: z.int().min(1).max(16).default(3),
  /** The most questions of one turn. */
  questionsEach: z.int().min(1).max(32).default(4),
  temperature: sampling.temperature.default(0),
  topP: sampling.topP.default(1),
  maxTokens: sampling.maxTokens.default(1024),
  /**
   * true: the viewer writes one new description with all answers. false: the answers are put below
   * the old description.
   */
  merge: z.boolean().default(true),
})

type Options = z.infer<typeof options>

interface Exchange {
  question: string
  /** One line, or null without an answer from the viewer. */
  answer: string | null
}

/** Why the talk ended: nothing left to ask, all turns used, or a reply that was cut or refused. */
type Ended = 'complete' | 'turns' | 'truncated' | 'refused'

/**
 * Fills the gaps of a coarse description (WeThink 3.1, step 2). Over several turns a text model
 * asks for missing details and a vision model answers. Then description and answers become one fine
 * description. `metadata.dialogue` keeps the talk. The prompts show only pictures and description,
 * so rows that share both share their payments.
 */
export const dialogue: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'ask for what a description lacks, look again, and merge the answers into it',
  estimate: ({ turns, maxTokens, merge }) => ({
    writes: 'description',
    rowsOut: 1,
    calls: [
      { option: 'asker', perRow: turns, withImages: false, maxTokens },
      { option: 'viewer', perRow: turns + (merge ? 1 : 0), withImages: true, maxTokens },
    ],
  }),
  async run(row, context) {
    if (row.images.length === 0) return [dropped(row, 'no-image')]
    const coarse = row.description?.trim() ?? ''
    if (coarse === '') return [dropped(row, 'no-description')]
    const replies: Reply[] = []
    const ask = speaker(row, context, replies)
    const talk = await converse(coarse, context.options, ask)
    const metadata = { ...row.metadata, dialogue: recordOf(talk) }
    const answers = answerLines(talk.exchanges)
    // Nothing was missing, or the viewer answered nothing: there is nothing to merge.
    if (answers === '') return [kept(row, { changes: { metadata }, replies })]
    if (!context.options.merge) {
      return [kept(row, { changes: { description: `${coarse}\n\n${answers}`, metadata }, replies })]
    }
    const prompt = renderPrompt(loadPrompt('merge-v1'), { description: coarse, answers })
    const merged = await ask('viewer', prompt, talk.turns)
    const said = spoken(merged)
    const description = said.text
    const problem = replyProblem(said, 'empty-description')
    if (problem !== null) return [dropped(row, problem, { changes: { metadata }, replies })]
    return [kept(row, { changes: { description, metadata }, replies })]
  },
}

type Speak = (who: 'asker' | 'viewer', text: string, turn: number) => Promise<Reply>

/** Asks the asker or the viewer and adds the reply to `replies`. */
function speaker(row: Row, context: StepContext<Options>, replies: Reply[]): Speak {
  return async (who, text, turn) => {
    const call = { endpoint: context.options[who], text, subject: row.images.join(' '), turn }
    const reply = await askOnce(context, who === 'viewer' ? { ...call, images: row.images } : call)
    replies.push(reply)
    return reply
  }
}

interface Talk {
  /** How many turns asked something. */
  turns: number
  ended: Ended
  exchanges: readonly Exchange[]
}

async function converse(description: string, { turns, questionsEach }: Options, ask: Speak): Promise<Talk> {
  const exchanges: Exchange[] = []
  const asked = new Set<string>()
  for (let turn = 0; turn < turns; turn++) {
    const wanted = await ask(
      'asker',
      renderPrompt(loadPrompt('ask-missing-v1'), {
        description,
        answers: answerLines(exchanges) || 'none',
        limit: String(questionsEach),
      }),
      turn,
    )
    const cut = ending(wanted)
    if (cut) return { turns: turn, ended: cut, exchanges }
    const questions = newQuestions(readQuestions(wanted.text), asked, questionsEach)
    if (questions.length === 0) return { turns: turn, ended: 'complete', exchanges }
    const seen = await ask(
      'viewer',
      renderPrompt(loadPrompt('answer-missing-v1'), { questions: questions.map((one) => `- ${one}`).join('\n') }),
      turn,
    )
    const blind = ending(seen)
    const answers = blind ? questions.map(() => null) : readAnswers(seen.text, questions)
    questions.forEach((question, index) => exchanges.push({ question, answer: answers[index] ?? null }))
    if (blind) return { turns: turn + 1, ended: blind, exchanges }
  }
  return { turns, ended: 'turns', exchanges }
}

/** The end of a cut reply may be wrong, so the whole reply is not used. */
function ending({ finishReason }: Reply): Ended | null {
  if (finishReason === 'length') return 'truncated'
  return finishReason === 'refused' ? 'refused' : null
}

/** The first questions that `asked` does not have yet, in any spelling. Adds them to `asked`. */
function newQuestions(questions: readonly string[], asked: Set<string>, limit: number): string[] {
  const fresh: string[] = []
  for (const question of questions) {
    const key = questionKey(question)
    if (fresh.length === limit || asked.has(key)) continue
    asked.add(key)
    fresh.push(question)
  }
  return fresh
}

/** The answered questions, as the prompts show them. Empty without answers. */
const answerLines = (exchanges: readonly Exchange[]): string =>
  exchanges.flatMap(({ question, answer }) => (answer === null ? [] : [`Q: ${question}\nA: ${answer}`])).join('\n')

/** For people to read. An answer is null where the viewer gave no answer. */
const recordOf = ({ turns, ended, exchanges }: Talk) => ({
  turns,
  ended,
  questions: exchanges.map(({ question }) => question),
  answers: exchanges.map(({ answer }) => answer),
})
