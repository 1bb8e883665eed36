import { boxed } from './boxes.ts'
import { cutChatTokens, withoutReasoning } from './format.ts'
import { hedgedEnd, lastLetter, lastYesNo } from './last-pick.ts'
import { lastMath } from './last-math.ts'
import { lastNumber } from './last-number.ts'
import { withKnownMarks } from './model-marks.ts'
import { textWindow } from './plain-text.ts'
import { isConfirmed, isCutOff, retractedAt } from './retraction.ts'
import { statedAnswer, statedNumber, withoutLeadIn } from './stated.ts'
import type { AnswerKind, AnswerPolicy, ExtractionRule, FoundSlot, Slot } from './verdict.ts'

export interface Extraction {
  /** The answer as written. It is '' for an empty slot and null when the text has no answer. */
  extracted: string | null
  rule: ExtractionRule
  /** Why a text without an answer has none. */
  missing: 'no-answer' | 'unclosed-reasoning' | 'retracted' | 'cut-off'
  /** The end of the completion without its reasoning. */
  spoken: string
}

/** What helps to tell an answer from the text around it. */
export interface ExtractionHelp {
  policy?: AnswerPolicy | undefined
  /** Whether a text picks an option, for the kind choice. */
  isOption?: (text: string) => boolean
}

/**
 * A bare answer has at most this many characters. A longer text is prose that holds the answer
 * somewhere.
 */
const wholeLimit = 300
/** The most answers of one text that are taken back, one after the other. */
const mostRetractions = 4

type Kind = Exclude<AnswerKind, 'auto'>

/** A doubt in the last sentence: "I am not sure that it is 12". */
const doubt =
  /\b(?:not|isn't|can't be|cannot be) (?:sure|certain|clear|known|convinced)\b[^.!?]*[.!?]?$|\b(?:doubt|unsure)\b[^.!?]*[.!?]?$/i

/**
 * Finds the answer of a completion. In this order: the last `<answer>`; the last boxed group; "the
 * answer is …"; the whole text when it is short; the last number, letter or yes/no, by kind.
 * Reasoning is never searched. An answer that the text takes back does not count.
 */
export function extractAnswer(completion: string, kind: Kind, help: ExtractionHelp = {}): Extraction {
  const { spoken, unclosed } = withoutReasoning(cutChatTokens(withKnownMarks(completion, help.policy)))
  const text = spoken.slice(-textWindow)
  const slot = answerTag(text) ?? spokenAnswer(text.replaceAll('</answer>', ' '), kind, help)
  if (typeof slot === 'object' && slot !== null) {
    return { extracted: slot.extracted.trim(), rule: slot.rule, missing: 'no-answer', spoken: text }
  }
  return {
    extracted: null,
    rule: 'none',
    missing: unclosed ? 'unclosed-reasoning' : (slot ?? 'no-answer'),
    spoken: text,
  }
}

function answerTag(text: string): Slot | null {
  const open = text.lastIndexOf('<answer>')
  if (open < 0) return null
  const from = open + '<answer>'.length
  const close = text.indexOf('</answer>', from)
  const inner = close < 0 ? text.slice(from) : text.slice(from, close)
  const box = boxed(inner)
  const extracted = box?.extracted ?? withoutLeadIn(inner)
  return { extracted, rule: close < 0 ? 'answer-tag-unclosed' : 'answer-tag' }
}

/** The answer outside of tags, or why there is none. */
function spokenAnswer(text: string, kind: Kind, help: ExtractionHelp, turn = 0): Slot | 'retracted' | 'cut-off' | null {
  const slot = explicitAnswer(text, kind, help)
  if (slot === null) return lastChange(text, kind) ?? byKind(text, kind, help)
  const after = text.slice(slot.to)
  const back = retractedAt(after)
  if (back === null || turn >= mostRetractions) return slot
  const rest = after.slice(back)
  const next =
    explicitAnswer(rest, kind, help) === null ? shortAnswer(rest, kind) : spokenAnswer(rest, kind, help, turn + 1)
  if (next !== null && next !== 'retracted') return next
  return isConfirmed(rest) ? slot : 'retracted'
}

/** The yes, no or letter after words that take back what stands before them. */
function lastChange(text: string, kind: Kind): Slot | null {
  const back = kind === 'choice' || kind === 'yesno' ? retractedAt(text) : null
  if (back === null) return null
  const rest = text.slice(back).replace(/^[\s,.:;—-]+/, '')
  return kind === 'choice' ? lastLetter(rest) : lastYesNo(rest)
}

/** The last box or stated answer. A choice takes the option that is stated after another box. */
function explicitAnswer(text: string, kind: Kind, { isOption }: ExtractionHelp): FoundSlot | null {
  const box = boxed(text)
  if (box === null) return statedAnswer(text, kind)
  if (kind !== 'choice' && kind !== 'yesno') return box
  const after = text.slice(box.to)
  const stated = statedAnswer(after, kind)
  const place = (slot: FoundSlot): FoundSlot => ({ ...slot, from: slot.from + box.to, to: slot.to + box.to })
  if (kind === 'yesno') return stated === null || isOption?.(box.extracted) !== false ? box : place(stated)
  if (stated !== null && isOption?.(stated.extracted) !== false) return place(stated)
  if (isOption?.(box.extracted) !== false) return box
  const letter = /(?:\n|→|->|=>)\W*[A-J]\W*$|\b(?:option|choice)\s*\(?[A-J]\)?/i.test(after) ? lastLetter(after) : null
  if (letter !== null) return { ...letter, from: box.to, to: text.length }
  return stated === null ? box : place(stated)
}

/** The answer of a text after words that took back another answer. Null when it names none. */
function shortAnswer(text: string, kind: Kind): Slot | null {
  const isMath = kind === 'number' || kind === 'expression' || kind === 'list' || kind === 'chart'
  const hasAnswer = isMath ? /\d|\\[a-zA-Z]|\$/.test(text) : kind === 'choice' ? lastLetter(text) !== null : false
  const found = hasAnswer ? byKind(text, kind) : null
  return typeof found === 'string' ? null : found
}

function byKind(raw: string, kind: Kind, { isOption }: ExtractionHelp = {}): Slot | 'cut-off' | null {
  const text = raw.trim()
  if (text === '') return null
  if (kind === 'choice' || kind === 'yesno') {
    const listed = kind === 'choice' ? listedOptions(text) : null
    if (listed !== null) return { extracted: listed, rule: 'whole' }
    const isPick =
      /^\(?(?:[B-HJ]\b|[AI](?![\s\w])|A is\b)/.test(text) && !text.includes('\n') && isOption?.(text) === true
    if (text.length <= wholeLimit && (isBare(text) || isPick)) return { extracted: withoutLeadIn(text), rule: 'whole' }
    const found = kind === 'choice' ? lastLetter(text) : lastYesNo(text)
    return found ?? (text.length <= wholeLimit ? { extracted: text, rule: 'whole' } : null)
  }
  if (kind === 'box') return { extracted: withoutLeadIn(text), rule: 'whole' }
  if (kind !== 'number' && kind !== 'expression' && kind !== 'list') return wholeOrLastLine(text)
  if (isCutOff(text)) return 'cut-off'
  const math = lastMath(text)
  const number = kind === 'number' ? lastNumber(text) : null
  const isStated = statedNumber.test(text.slice(-300)) && !doubt.test(text.slice(-300))
  if (kind === 'number' && math === null && number !== null && isStated) return number
  if (text.length <= wholeLimit && isBare(text) && (math === null || math.isWhole)) {
    return { extracted: withoutLeadIn(text), rule: 'whole' }
  }
  const hedged = math === null && number === null ? null : hedgedEnd(text)
  if (hedged !== null) return { extracted: hedged, rule: 'whole' }
  if (math !== null && (number === null || !/\d/.test(text.slice(math.to)))) return math.slot
  if (number !== null) return number
  return wholeOrLastLine(text)
}

/** Lines that each name an option, at the end of a text: a list picks all of them. */
function listedOptions(text: string): string | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const from = lines.findLastIndex((line) => !/^\s*\(?[A-J][).:]\s/.test(line)) + 1
  return lines.length - from >= 2 ? lines.slice(from).join(' ').slice(0, wholeLimit) : null
}

/** Whether the text is one line with one short sentence. */
function isBare(text: string): boolean {
  return (
    !text.includes('\n') &&
    !/[.!?]\s+[A-Z(]\w/.test(text.replace(/^\W?[A-Za-z][.)]\s/, '')) &&
    text.split(' ').filter((w) => /\p{L}/u.test(w)).length <= 8
  )
}

function wholeOrLastLine(text: string): Slot {
  if (text.length <= wholeLimit) return { extracted: withoutLeadIn(text), rule: 'whole' }
  const line = text.slice(text.lastIndexOf('\n') + 1).trim()
  return { extracted: withoutLeadIn(line), rule: 'whole' }
}
