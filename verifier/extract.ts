import { cutChatTokens, withoutReasoning } from './format.ts'
import { lastMath } from './last-math.ts'
import { lastNumber } from './last-number.ts'
import { textWindow, trimMarks } from './plain-text.ts'
import type { AnswerKind, ExtractionRule, Slot } from './verdict.ts'

export interface Extraction {
  /** The answer as written. It is '' for an empty slot and null when the text has no answer. */
  extracted: string | null
  rule: ExtractionRule
  /** Whether the model never finished its reasoning. */
  unclosedReasoning: boolean
}

/**
 * A bare answer has at most this many characters. A longer text is prose that holds the answer
 * somewhere.
 */
const wholeLimit = 300

/**
 * Finds the answer of a completion. In this order: the last `<answer>`; the last boxed group; "the
 * answer is …"; the whole text when it is short; the last number, letter or yes/no, by kind.
 * Reasoning is never searched.
 */
export function extractAnswer(completion: string, kind: Exclude<AnswerKind, 'auto'>): Extraction {
  const { spoken, unclosed } = withoutReasoning(
    cutChatTokens(completion).replace(/<(\/?)(think|answer)>/gi, (tag) => tag.toLowerCase()),
  )
  const text = spoken.slice(-textWindow)
  const slot =
    answerTag(text) ?? boxed(text) ?? statedAnswer(text, kind) ?? byKind(text.replaceAll('</answer>', ' '), kind)
  if (slot !== null) return { ...slot, extracted: slot.extracted.trim(), unclosedReasoning: unclosed }
  return { extracted: null, rule: 'none', unclosedReasoning: unclosed }
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

/** The most boxes that can make one answer together: "\\boxed{1} and \\boxed{2}". */
const mostBoxes = 16

/** The last box. Boxes before it belong to it when only a comma or "and" is between them. */
function boxed(text: string): Slot | null {
  const groups: string[] = []
  let before = text.length
  let next = -1
  let unclosed = false
  while (groups.length < mostBoxes) {
    const at = text.lastIndexOf('boxed', before - 1)
    if (at < 0) break
    before = at
    const found = text.charAt(at - 1) === '\\' ? readBox(text, at + 'boxed'.length) : null
    if (found !== null) {
      if (next >= 0 && !standTogether(text.slice(found.to, next))) break
      if (groups.length === 0) unclosed = !found.closed
      groups.unshift(found.inner)
      next = at - 1
      if (unclosed) break
    }
    if (at === 0) break
  }
  if (groups.length === 0) return null
  return { extracted: groups.join(', '), rule: unclosed ? 'boxed-unclosed' : 'boxed' }
}

/**
 * Whether a comma or "and" joins two boxes: "\boxed{1}, \boxed{2}", or "\boxed{3} apples and y =
 * \boxed{4}".
 */
function standTogether(gap: string): boolean {
  if (gap.length > 80) return false
  const plain = gap
    .replace(/\\text\s*\{([^{}]*)\}/g, '$1')
    .replace(/\\q?quad|\\[,;:! ()[\]]|[$\\]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return /^(?:[\w()]{1,12} ?){0,3}(?:[,;、]|, and|and|or|和|&)(?: ?[a-zA-Z]_?\{?\w?\}? ?=)?$|^$/i.test(plain)
}

/**
 * The content of a box. Its brace is at `at` or just after it. A box that is not closed ends with
 * its line.
 */
function readBox(text: string, at: number): { inner: string; closed: boolean; to: number } | null {
  const open = /^\s?\{/.exec(text.slice(at, at + 2))
  if (open === null) {
    const bare = /^ ([^\s{}$\\]{1,40})/.exec(text.slice(at, at + 42))
    return bare === null ? null : { inner: bare[1] ?? '', closed: true, to: at + bare[0].length }
  }
  const from = at + open[0].length
  let depth = 1
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 92) i++
    else if (c === 123) depth++
    else if (c === 125) depth--
    if (depth === 0) return { inner: text.slice(from, i), closed: true, to: i + 1 }
  }
  return { inner: (text.slice(from).split('\n', 1)[0] ?? '').replace(/\$+\.?$/, ''), closed: false, to: text.length }
}

const statedLead =
  /(?:\bfinal answer|\banswer|\bcorrect (?:option|choice)|答案)(?: here)?[*_]{0,2} ?(?:is|are|was|:|=|：|是|为)(?: ?(?:therefore|thus|option|choice)\b)?[ :：*_]{0,4}/gi

function statedAnswer(text: string, kind: Exclude<AnswerKind, 'auto'>): Slot | null {
  let last: { from: number } | null = null
  for (const found of text.matchAll(statedLead)) last = { from: found.index + found[0].length }
  if (last === null) return null
  const rest = text.slice(last.from, last.from + 4_000)
  const line = rest.split('\n').find((l) => trimMarks(l.replaceAll('$', '')) !== '') ?? ''
  const extracted = withoutLeadIn(firstSentence(line))
  if (kind === 'number' && statedNumber.test(extracted.slice(-300))) {
    const number = lastNumber(extracted)
    if (number !== null) return { ...number, rule: 'final-answer' }
  }
  return extracted === '' ? null : { extracted, rule: 'final-answer' }
}

/**
 * The text up to the full stop that ends its first sentence. A full stop within a number does not
 * end a sentence. Reasons ("because …") are cut off too.
 */
function firstSentence(line: string): string {
  let sentence = line
  for (const end of line.matchAll(/[.!?](?:\s|\*\*)+(?=[A-Z*])|。|\.$/g)) {
    const before = line.slice(0, end.index)
    // "B. red" is a letter with its text and "J.K. Rowling" is a name: neither ends a sentence.
    if (/(?:^|[\s.(*])[A-Za-z]$/.test(before) && end[0] !== '.') continue
    sentence = before
    break
  }
  const clause = /,? (?:because|since|which|as)\b/.exec(sentence)
  return clause === null ? sentence : sentence.slice(0, clause.index)
}

/** Takes "Final answer:", "The answer is" or "Answer:" off an answer. */
function withoutLeadIn(raw: string): string {
  const text = raw.trim().replace(/^\*{2}(?=[^*])/, '')
  const found =
    /^(?:(?:so|thus|therefore|hence),? )?(?:the )?(?:(?:final|correct|right|best) )?(?:answer|option|choice|result|value|答案)[*_]{0,2} ?(?:is|:|=|：|是|为)[ :：*_]{0,4}/i.exec(
      text,
    )
  return (found === null ? text : text.slice(found[0].length)).replace(/^\s*\*\*|\*\*\s*$/g, '').trim()
}

/** Prose that ends in "… is 12 cm²". It states this number. */
const statedNumber = /\p{L}{3,} .{0,200}(?:\b(?:is|are|was|were|equals|it's)|:) [$€£¥]?-?\d[\d.,]*\s?\S{0,12}\.?$/u

function byKind(raw: string, kind: Exclude<AnswerKind, 'auto'>): Slot | null {
  const text = raw.trim()
  if (text === '') return null
  if (kind === 'choice' || kind === 'yesno') {
    if (text.length <= wholeLimit && isBare(text)) return { extracted: withoutLeadIn(text), rule: 'whole' }
    return kind === 'choice' ? lastLetter(text) : lastYesNo(text)
  }
  if (kind === 'box') return { extracted: withoutLeadIn(text), rule: 'whole' }
  if (kind !== 'number' && kind !== 'expression' && kind !== 'list') return wholeOrLastLine(text)
  const math = lastMath(text)
  const number = kind === 'number' ? lastNumber(text) : null
  if (kind === 'number' && math === null && number !== null && statedNumber.test(text.slice(-300))) return number
  if (text.length <= wholeLimit && isBare(text) && (math === null || math.isWhole)) {
    return { extracted: withoutLeadIn(text), rule: 'whole' }
  }
  if (math !== null && (number === null || !/\d/.test(text.slice(math.to)))) return math.slot
  if (number !== null) return number
  return wholeOrLastLine(text)
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

function lastLetter(text: string): Slot | null {
  const tail = text.slice(-4_000)
  let last: RegExpMatchArray | null = null
  for (const found of tail.matchAll(/(?<![A-Za-z'’\d])\(?\b([A-J])\b\)?(?!['’])(?=[\s).,:;!?*]|$)/g)) {
    // "A" and "I" before a lower-case word are an article and a pronoun, not letters of options.
    const next = tail.slice((found.index ?? 0) + found[0].length, (found.index ?? 0) + found[0].length + 3)
    if (/^[AI]$/.test(found[0]) && /^ [a-z]/.test(next) && !/^ (?:is|or)/.test(next)) continue
    last = found
  }
  if (last === null) return null
  const at = last.index ?? 0
  const bound = /(?:\b([A-J])\)?,? (?:or|and)|\b(?:not|isn't|neither|nor)(?: option)?)\s*$/i.exec(
    tail.slice(Math.max(0, at - 24), at),
  )
  return { extracted: `${bound?.[0] ?? ''}${last[0]}`, rule: 'last-letter' }
}

function lastYesNo(text: string): Slot | null {
  const sentences = text
    .slice(-4_000)
    .split(/[.!?\n。]+/)
    .map((s) => s.trim())
  const opens = /^(?:(?:so|thus|therefore|hence),? )?(?:yes|no|true|false|是|否|对|错)\b/i
  const found = sentences.findLast((s) => opens.test(s) || /^[是否对错]/.test(s))
  return found === undefined ? null : { extracted: found, rule: 'last-yesno' }
}
