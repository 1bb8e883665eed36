import { z } from 'zod'
import { withoutReasoning } from '../../../verifier/format.ts'
import { bareQuestion } from '../../rows/question-text.ts'
import { lastObject } from './last-object.ts'

/**
 * A question as a model wrote it, in Hone's form. `questionProblem` says whether it can be used.
 */
export interface WrittenQuestion {
  /** Without `<image>` marks. May be empty. */
  question: string
  /** Trimmed, without the letters that a model put before them. Null without choices. */
  choices: string[] | null
  /** Field of the question, one line, or null. */
  category: string | null
}

const text = z.string().transform((value) => value.trim())
const choice = z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value).trim())

const reply = z.object({
  question: text.transform(bareQuestion),
  choices: z.array(choice).nullish(),
  category: text.nullish().catch(null),
})

const longestCategory = 60

/**
 * Reads the last JSON object of a reply to the prompt `synthesize`. Null without an object of that
 * form.
 */
export function readWrittenQuestion(replyText: string): WrittenQuestion | null {
  const read = reply.safeParse(lastObject(withoutReasoning(replyText).spoken))
  if (!read.success) return null
  const { question, choices, category } = read.data
  return {
    question,
    choices: choices && choices.length > 0 ? withoutLetters(choices) : null,
    category: category?.replaceAll(/\s+/g, ' ').slice(0, longestCategory).trim() || null,
  }
}

/**
 * `A. red`, `(B) blue` → `red`, `blue`, if every choice has its own letter. Prompts add the letters
 * themselves.
 */
function withoutLetters(choices: string[]): string[] {
  const bare = choices.map((choice, index) => {
    const [, letter, rest] = /^\(?([A-Za-z])[.):]\s+(.+)$/su.exec(choice) ?? []
    return letter?.toUpperCase() === String.fromCodePoint(65 + index) ? rest : undefined
  })
  return bare.every((choice) => choice !== undefined) ? bare : choices
}
