import { z } from 'zod'
import { withoutReasoning } from '../../../verifier/format.ts'
import { bareQuestion } from '../../rows/question-text.ts'
import { lastObject } from './last-object.ts'

/** A question as a model wrote it, in Hone's form. Whether it is of use, `questionProblem` says. */
export interface WrittenQuestion {
  /** Without `<image>` marks; may be empty. */
  question: string
  /** Trimmed, without the letters that a model may have put before them; null without any. */
  choices: string[] | null
  /** Field of the question, one line; null when it names none. */
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

/** Reads a reply to the prompt `synthesize`: its last JSON object. Null when there is none of that form. */
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

/** `A. red`, `(B) blue` → `red`, `blue`, where every choice carries its own letter: prompts set letters themselves. */
function withoutLetters(choices: string[]): string[] {
  const bare = choices.map((choice, index) => {
    const [, letter, rest] = /^\(?([A-Za-z])[.):]\s+(.+)$/su.exec(choice) ?? []
    return letter?.toUpperCase() === String.fromCodePoint(65 + index) ? rest : undefined
  })
  return bare.every((choice) => choice !== undefined) ? bare : choices
}
