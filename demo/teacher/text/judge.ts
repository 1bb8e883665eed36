import { createRandom, seedOf } from '../../random.ts'
import type { Random } from '../../random.ts'
import { readDescription } from '../read-prompt.ts'
import type { Mention } from '../read-prompt.ts'
import type { TextSettings } from './settings.ts'

type Tier = 'correct' | 'mostly' | 'partial' | 'incorrect' | 'cannot-tell'

const allTiers: readonly Tier[] = ['correct', 'mostly', 'partial', 'incorrect', 'cannot-tell']

/**
 * From this share of the reference on, an answer says the main point and is `mostly`. A smaller
 * share, above zero, is `partial`.
 */
const mostlyShare = 0.7

/**
 * Grades an answer beside a reference by the things that both name, or by their words where they
 * name no thing, and ends in a line `tier: …`. The words and errors depend only on the teacher's
 * seed, the prompt and the request's seed, so that the same case under another seed may be judged
 * otherwise.
 */
export function judgeAnswer(prompt: string, requestSeed: number, settings: TextSettings): string {
  const random = createRandom(seedOf(settings.seed, 'judge', prompt, requestSeed))
  const texts = readMarked(prompt)
  const right = texts === undefined ? 'cannot-tell' : tierOf(texts.reference, texts.answer)
  if (random.chance(settings.judgeProseRate)) return 'The answer is close to the reference, but I would not grade it.'
  const tier = random.chance(settings.judgeErrorRate) ? otherTier(right, random) : right
  return `${sentenceOf[tier]}\ntier: ${tier}`
}

const sentenceOf: Readonly<Record<Tier, string>> = {
  correct: 'The answer says what the reference says.',
  mostly: 'The answer has a lesser detail otherwise.',
  partial: 'The answer has some of what the reference says.',
  incorrect: 'The answer says something else than the reference.',
  'cannot-tell': 'There is nothing to compare.',
}

const otherTier = (tier: Tier, random: Random): Tier => random.pick(allTiers.filter((each) => each !== tier))

/** The code of the marks comes from the last line, which no text between the marks can change. */
function readMarked(prompt: string): { reference: string; answer: string } | undefined {
  const code = /\banswer-([0-9a-f]{16})\.\s*$/.exec(prompt)?.[1]
  const reference = code === undefined ? undefined : between(prompt, `reference-${code}`)
  const answer = code === undefined ? undefined : between(prompt, `answer-${code}`)
  return reference === undefined || answer === undefined ? undefined : { reference, answer }
}

function between(text: string, mark: string): string | undefined {
  const [from, to] = [text.indexOf(`<${mark}>`), text.indexOf(`</${mark}>`)]
  return from === -1 || to < from ? undefined : text.slice(from + mark.length + 2, to)
}

function tierOf(reference: string, answer: string): Tier {
  const [wanted, given] = [contentOf(reference), contentOf(answer)]
  if (wanted === undefined) return 'cannot-tell'
  if (given === undefined || wanted.kind !== given.kind) return 'incorrect'
  const share =
    wanted.kind === 'things' && given.kind === 'things' ? thingsShare(wanted, given) : wordsShare(wanted, given)
  if (share === 1) return 'correct'
  if (share === 0) return 'incorrect'
  return share >= mostlyShare ? 'mostly' : 'partial'
}

/**
 * The content of a text: its things (the list may be empty), or else its words. Undefined for a
 * text without either.
 */
type Content =
  | { kind: 'things'; things: readonly Mention[]; words: ReadonlySet<string> }
  | { kind: 'words'; words: ReadonlySet<string> }

const idleWords = new Set(
  'a an the there is are it i see in at on of and row column picture image so only just'.split(' '),
)
const numberWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

function contentOf(text: string): Content | undefined {
  const all = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
  const plain = all.map((word) => (numberWords.includes(word) ? String(numberWords.indexOf(word)) : word))
  const telling = plain.filter((word) => !idleWords.has(word))
  const words = new Set(telling.length > 0 ? telling : plain)
  if (words.size === 0) return undefined
  const things = readDescription(text).filter(({ what }) => what !== null)
  if (things.length > 0 || words.has('nothing') || words.has('empty')) return { kind: 'things', things, words }
  return { kind: 'words', words }
}

/**
 * Pairs each thing of one text with a thing of the other. The same thing counts in full, a thing
 * with a wrong detail counts half.
 */
function thingsShare(
  { things: wanted }: { things: readonly Mention[] },
  { things: given }: { things: readonly Mention[] },
): number {
  const most = Math.max(wanted.length, given.length)
  if (most === 0) return 1
  const left = [...given]
  const take = (worth: number, from: readonly Mention[]): { sum: number; rest: Mention[] } => {
    const rest: Mention[] = []
    let sum = 0
    for (const mention of from) {
      const at = left.findIndex((other) => likeness(mention, other) === worth)
      if (at === -1) rest.push(mention)
      else {
        left.splice(at, 1)
        sum += worth
      }
    }
    return { sum, rest }
  }
  const same = take(1, wanted)
  return (same.sum + take(0.5, same.rest).sum) / most
}

function likeness(one: Mention, other: Mention): number {
  const alike = [one.what?.color === other.what?.color, one.what?.shape === other.what?.shape]
  // A place that only one of them names is an added detail, not a wrong one.
  const isElsewhere = one.place !== null && other.place !== null && one.place !== other.place
  if (alike.every(Boolean)) return isElsewhere ? 0.5 : 1
  return alike.some(Boolean) && !isElsewhere ? 0.5 : 0
}

function wordsShare({ words: wanted }: Content, { words: given }: Content): number {
  const both = [...wanted].filter((word) => given.has(word)).length
  return both / (wanted.size + given.size - both)
}
