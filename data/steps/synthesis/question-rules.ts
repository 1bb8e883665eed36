import type { QuestionType } from '../../../domain/rows.ts'
import { questionKey } from './same-text.ts'
import type { WrittenQuestion } from './written-question.ts'

/** Characters. No paper gives limits. Useful questions and choices are far below these limits. */
export const longestQuestion = 600
const longestChoice = 200
/**
 * The prompt asks for three to five. With two choices every second guess is right. More than five
 * do no harm.
 */
const fewestChoices = 3
/** Letters name the choices, so rows hold no more (domain/rows.ts). */
const mostChoices = 26

/**
 * First stage of WeThink's filter, by rules. Returns a short code that says why a written question
 * cannot be used, or null. `asked` are the existing questions about the same picture, from this
 * pass and from its evidence. The rules read English. A question in another language passes the
 * rules that look for words, and still needs a question mark.
 */
export function questionProblem(written: WrittenQuestion, type: QuestionType, asked: readonly string[]): string | null {
  const { question, choices } = written
  if (question === '') return 'empty-question'
  if (question.length > longestQuestion || choices?.some((choice) => choice.length > longestChoice)) return 'too-long'
  if (!isAsking(question, type)) return 'not-a-question'
  if ([question, ...(choices ?? [])].some(mentionsDescription)) return 'mentions-description'
  if (givesAnswerAway(written)) return 'answer-given-away'
  const problem = choicesProblem(choices, type)
  if (problem !== null) return problem
  const key = questionKey(question)
  return asked.some((other) => questionKey(other) === key) ? 'duplicate-question' : null
}

const imperatives = [
  'analyse analyze arrange calculate choose classify compare complete compute count decide describe determine discuss',
  'estimate evaluate explain express fill find give identify infer interpret judge justify list locate match measure',
  'name order outline pick point predict prove rank read select show solve sort state suggest summarise summarize tell',
  'trace transcribe translate write',
].flatMap((line) => line.split(' '))

const imperative = new RegExp(String.raw`(?:^|[.!:;,]\s+|\bplease\s+)(?:${imperatives.join('|')})\b`, 'i')

/** Whether the text has a question mark of any script, an order, or a blank to fill in. */
function isAsking(question: string, type: QuestionType): boolean {
  if (/[?？؟]/u.test(question) || imperative.test(question)) return true
  return type === 'fill-in' && /_{2,}|\[blank\]/i.test(question)
}

/**
 * Phrases about the text that the writer read instead of the picture. `The text on the sign` is in
 * the picture. `according to the text` without a place is not.
 */
const descriptionPatterns = [
  /\b(?:the|this|that|your|given|above|provided|following)\s+descriptions?\b/i,
  /\baccording to (?:the|this|your) (?:image |picture |given |provided )?(?:description|caption|text|passage)s?\b(?!\s+(?:on|in|at|of|inside|written|printed|shown|near|beside|below|above|under)\b)/i,
  /\bthe (?:described|mentioned)\b|\bas (?:described|mentioned|stated)\b(?!\s+(?:on|in|at|by|of)\b)/i,
  /\b(?:described|mentioned|stated|listed)\s+(?:above|earlier|in the (?:text|passage|caption))\b(?!\s+(?:on|in|at|of)\b)/i,
]

const mentionsDescription = (text: string): boolean => descriptionPatterns.some((pattern) => pattern.test(text))

/**
 * Whether the question says the answer in words or directly after the question mark: `(answer: 3)`,
 * `the right answer is B`, `How many? 3.`, or a choice marked as correct. A choice that the
 * question names proves nothing: `left of the red square` may well ask between red and blue.
 */
function givesAnswerAway({ question, choices }: WrittenQuestion): boolean {
  return (
    /\banswer\s*[:=]\s*\S|<answer>|\bthe (?:correct|right|true) answer is\s+\S/i.test(question) ||
    /[?？؟]\s*[-–—:(]*\s*(?:\d[\d.,]*\s*%?|yes|no|true|false)\s*[).!]*\s*$/iu.test(question) ||
    (choices ?? []).some((choice) => /\((?:correct|right|correct answer|right answer|answer)\)|[✓✔✅]/iu.test(choice))
  )
}

function choicesProblem(choices: readonly string[] | null, type: QuestionType): string | null {
  if (type !== 'choice') return choices === null ? null : 'choices-not-asked-for'
  if (choices === null) return 'choices-missing'
  if (choices.includes('')) return 'empty-choice'
  if (choices.length < fewestChoices) return 'too-few-choices'
  if (choices.length > mostChoices) return 'too-many-choices'
  // Signs and decimal points stay: -3 is not 3.
  const keys = choices.map((choice) => choice.normalize().toLowerCase().replaceAll(/\s+/g, ' '))
  return new Set(keys).size < keys.length ? 'duplicate-choices' : null
}
