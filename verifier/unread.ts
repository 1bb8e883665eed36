import { noAnswer } from './answers/math-rules.ts'
import { numberFromWords } from './answers/number-words.ts'
import { collapseSpace, unifyCharacters } from './plain-text.ts'
import { retractedAt } from './retraction.ts'
import type { Extraction } from './extract.ts'
import type { ExtractionRule, ReasonCode, Ruling } from './verdict.ts'
import { unverifiable } from './verdict.ts'

/**
 * A longer text is reasoning: its numbers are steps, and its last number was read as its answer.
 */
const proseLimit = 800
/** A text with this many numbers more than the gold states no answer: it lists candidates. */
const mostOthers = 4

const explicit: ReadonlySet<ExtractionRule> = new Set([
  'answer-tag',
  'answer-tag-unclosed',
  'boxed',
  'boxed-unclosed',
  'final-answer',
])
const notRead: ReadonlySet<ReasonCode> = new Set([
  'no-answer',
  'not-a-number',
  'not-an-expression',
  'not-a-choice',
  'not-a-yesno',
  'not-a-date',
  'not-a-time',
  'not-a-box',
])
const guessed: ReadonlySet<ReasonCode> = new Set([
  'different-number',
  'different-expression',
  'different-list',
  'different-form',
  'different-relation',
  'different-text',
])
const hedge =
  /\b(?:or|either|neither|nor|not|never|except|unless|maybe|perhaps|possibly|probably|might|could|depends|unsure|wrong|incorrect)\b|n['’]t\b|\?|或|不/i

/**
 * The ruling on an answer that a rule called incorrect without having read it. A sentence that is
 * not read, and prose that states the gold's value somewhere, are unverifiable: a judge may read
 * them. Where the completion marks its answer, only the answer is looked at.
 */
export function withoutGuess(
  ruling: Ruling,
  gold: string,
  { extracted, rule, spoken }: Pick<Extraction, 'extracted' | 'rule' | 'spoken'>,
): Ruling {
  const text = explicit.has(rule) ? (extracted ?? '') : spoken
  if (ruling.verdict !== 'incorrect' || text.length > proseLimit || !isProse(text)) return ruling
  if (noAnswer.test(text)) return ruling
  if (notRead.has(ruling.reason)) {
    // "nearly 12" was read, and so was a box that holds no option. "brings us to 12" was not.
    const isBound = rule === 'last-number' && !/\b(?:to|and)\s+\S+$/i.test(extracted ?? '')
    const isOption = ruling.reason === 'not-a-choice' && rule !== 'whole' && rule !== 'final-answer'
    return (isBound || isOption) && extracted !== null ? ruling : unverifiable('unread')
  }
  if (explicit.has(rule) || !guessed.has(ruling.reason) || hedge.test(text)) return ruling
  if (retractedAt(text) !== null || endsWith(text, extracted)) return ruling
  return holdsNumbers(gold, text) || holdsWords(gold, text) ? unverifiable('contains-gold') : ruling
}

const states = /\b(?:is|are|was|were|gives?|get|got|equals?|makes|yields|leaves|therefore|thus|hence|so)\b|[=:≈]/i

/** Whether the text ends by stating this value. A number in the middle of prose is a guess. */
function endsWith(text: string, value: string | null): boolean {
  const last = text.slice(Math.max(0, ...Array.from(text.matchAll(/[.!?]\s|\n|。/g), ({ index }) => index + 1))).trim()
  const at = value === null || value === '' ? -1 : last.lastIndexOf(value)
  return at >= 0 && /^[\s$.*)]*$/.test(last.slice(at + (value ?? '').length)) && states.test(last.slice(0, at))
}

/** At least four words, or three characters of a script without spaces. */
function isProse(text: string): boolean {
  const words = text.replace(/\\[a-zA-Z]+/g, ' ').match(/\p{L}[\p{L}'’]+/gu) ?? []
  return words.length >= 4 || /[\u3040-\u9fff\uac00-\ud7af]{3}/.test(text)
}

/** Whether all numbers of the gold are in the text, in digits or in words, and few others. */
function holdsNumbers(gold: string, text: string): boolean {
  const wanted = numbersOf(gold)
  const given = numbersOf(text)
  if (wanted.length === 0 || given.length > wanted.length + mostOthers) return false
  const free = [...given]
  return wanted.every((number) => {
    const at = free.indexOf(number)
    if (at >= 0) free.splice(at, 1)
    return at >= 0
  })
}

/** Absolute values, in their order: the sign may be a word. */
function numbersOf(raw: string): string[] {
  const words = collapseSpace(
    unifyCharacters(raw)
      .replace(/(?<=\d) (?=\d{3}(?!\d))/g, '')
      .replace(/[^\p{L}\p{N}.,-]+/gu, ' '),
  )
    .toLowerCase()
    .split(' ')
  const numbers: string[] = []
  for (let at = 0; at < words.length;) {
    const digits = (words[at] ?? '').match(/\d+(?:,\d{3})*(?:\.\d+)?/g)
    let taken = 1
    if (digits !== null) numbers.push(...digits.map((text) => text.replaceAll(',', '')))
    else {
      for (let length = Math.min(6, words.length - at); length > 0; length--) {
        const value = numberFromWords(
          words
            .slice(at, at + length)
            .join(' ')
            .replace(/[.,]+$/, ''),
        )
        if (value === null) continue
        numbers.push(String(value))
        taken = length
        break
      }
    }
    at += taken
  }
  return numbers
}

/** Whether the words of the gold are in the text, one after the other. */
function holdsWords(gold: string, text: string): boolean {
  const plain = (raw: string): string =>
    ` ${raw
      .toLowerCase()
      .replace(/\\(?:text|mathrm)|\b(?:the|an?)\b/g, ' ')
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `
  return /\p{L}{2}/u.test(gold) && plain(text).includes(plain(gold))
}
