import { parseUnit } from './answers/units.ts'
import { collapseSpace, trimMarks } from './plain-text.ts'
import type { Slot } from './verdict.ts'

/** Words and signs before or after a number that make it another amount. */
export const boundBefore =
  /(?:[+*/^×÷·<>≠≤≥_\\-]|\b(?:or|and|to|than|not|least|most|minus|negative|between|out of|times|x|isn't|nearly|almost|twice|double|half of|sqrt|log|ln|sin|cos|tan|root of|except|but|before|after|over|under|above|below|mod))\s*$/i
export const boundAfter =
  /^\s*(?:[+*/^×÷·!=<>]|(?:or|times|factorial|squared|cubed|is (?:wrong|incorrect|not|too)|(?:more|less|fewer) than|fewer|below|above|short|under|over|ago|away|off|too|minus|plus|base|percentage|halves|thirds|quarters|fifths|sixths|sevenths|eighths|ninths|tenths|[a-z]+ths|degrees (?:below|under))\b|x\s*\d)/i

/**
 * The last number in prose, with its percent sign or unit. Words around it that make it another
 * amount are kept, so that the number alone never counts.
 */
export function lastNumber(text: string): Slot | null {
  const flat = collapseSpace(
    text
      .slice(-4_000)
      .replace(/(?<=[\u3400-\u9fff\u3040-\u30ff])(?=\d)|(?<=[\da-z%])(?=[\u3040-\u30ff\uac00-\ud7af])/g, ' '),
  )
  const words = flat.split(' ')
  const index = words.findLastIndex((word) => /\d/.test(word))
  if (index < 0) return null
  // "12 345" is one number: a group of three digits belongs to the digits before it.
  let first = index
  while (first > 0 && /^\d{3}\D*$/.test(words[first] ?? '') && /^\d{1,3}$/.test(words[first - 1] ?? '')) first--
  const last = {
    token: withoutLoneBracket(words.slice(first, index + 1).join(' ')),
    from: words.slice(0, first).join(' ').length + (first > 0 ? 1 : 0),
  }
  const before = flat.slice(Math.max(0, last.from - 40), last.from)
  const after = flat.slice(last.from + last.token.length, last.from + last.token.length + 40)
  const scale =
    /^ (?:%|percent|(?:million|billion|trillion|thousand|hundred|lakh|crore|dozen)s?|bn|mn)(?![a-zA-Z])/i.exec(
      after,
    )?.[0] ?? ''
  const word = /^ [a-zA-Z°µΩ][^\s,.;:!?)]{0,20}/.exec(after)?.[0] ?? ''
  const unit = scale === '' && parseUnit(word) !== null && word !== ' in' ? word : scale
  const token = trimMarks(`${last.token}${unit}`)
  if (boundBefore.test(before) && !/[=≈]\s*-?\s*$/.test(before)) {
    return { extracted: trimMarks(`${before.split(' ').slice(-4).join(' ')}${token}`), rule: 'last-number' }
  }
  return { extracted: boundAfter.test(after) ? `${token}${after.slice(0, 12)}` : token, rule: 'last-number' }
}

/** "(The value is 14.)" ends with the bracket of the sentence. */
function withoutLoneBracket(token: string): string {
  return /^[^(]*\)\W*$/.test(token) ? token.replace(/\.?\)\W*$/, '') : token
}
