import { createRandom, seedOf } from '../../random.ts'
import { readPrompt, readQuestion } from '../read-prompt.ts'
import { decided, readKnown } from './known.ts'
import type { TextSettings } from './settings.ts'

/**
 * Says whether a written question can be used: `verdict: keep` when its rules understand the
 * question, the known places decide it, it is one plain question of its type, and exactly one of
 * its choices is right. The words and errors depend only on the teacher's seed, the prompt and the
 * request's seed.
 */
export function screenQuestion(prompt: string, requestSeed: number, settings: TextSettings): string {
  const random = createRandom(seedOf(settings.seed, 'screener', prompt, requestSeed))
  const fault = faultOf(prompt, settings)
  if (!random.chance(settings.screenerErrorRate)) return verdict(fault)
  return verdict(
    fault === null ? random.pick(['It is not clear what is meant.', 'It leaves more than one answer.']) : null,
  )
}

const verdict = (fault: string | null): string =>
  fault === null ? 'The picture decides it.\nverdict: keep' : `${fault}\nverdict: reject`

/** One sentence on what is wrong; null when nothing is. */
function faultOf(prompt: string, settings: TextSettings): string | null {
  const { description = '', question = '', choices } = readScreenPrompt(prompt)
  const type = /^Type: *([\w-]+)/m.exec(prompt.slice(prompt.lastIndexOf('\nType:') + 1))?.[1]
  if (/\b(?:description|caption)\b/i.test(question)) return 'It speaks of a description and not of the picture.'
  if (/\banswer\b|,|\?.*\S/i.test(question)) return 'It is not one plain question, or gives its answer away.'
  const asked = readQuestion(question)
  if (asked === undefined) return 'The picture does not decide it.'
  const answer = decided(asked, readKnown(description, settings.grid))
  if (answer === undefined) return 'What is known does not decide it.'
  if (asked.kind === 'difference' && answer.startsWith('-')) return 'It says more where there are fewer.'
  if (type === 'descriptive' && asked.kind !== 'describe') return 'It does not ask for a description.'
  if (type !== 'choice') return choices.length === 0 ? null : 'It has choices that its type does not have.'
  if (choices.length < 2) return 'It has no choices.'
  const right = choices.filter((choice) => choice.toLowerCase() === answer)
  if (right.length !== 1 || new Set(choices).size !== choices.length) return 'Not exactly one choice is right.'
  return null
}

/**
 * The type comes between the description and the question, so that the description ends before it.
 */
function readScreenPrompt(prompt: string): ReturnType<typeof readPrompt> {
  const description = /Description:\n([\s\S]*?)\n\nA question about the picture:\n/.exec(prompt)?.[1]
  return { ...readPrompt(prompt), description }
}
