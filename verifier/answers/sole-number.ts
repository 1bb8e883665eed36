import type { Effort } from '../effort.ts'
import { equal } from '../math/rational.ts'
import { collapseSpace, trimMarks } from '../plain-text.ts'
import { mathText } from './math-text.ts'
import { isNoun } from './nouns.ts'
import { numberFromWords } from './number-words.ts'
import { readQuantities } from './quantity.ts'
import type { Quantity } from './structure.ts'
import { parseUnit } from './units.ts'

/**
 * The words that may be before the number in a sentence. A list of words that may not be there
 * ("nearly", "twice", "log", "other than" …) would never end, and each missing word would be a way
 * to be right by accident.
 */
const wordsBefore = new Set(
  'there are is was were it its the a an total totals number count counted i see we get got have has find found so therefore thus hence this that they these which means gives makes in picture image scene figure chart exactly answer final result value equals equal altogether just shows contains showing visible you can and'.split(
    ' ',
  ),
)
/** The text that may follow the counted nouns. */
const tailPattern =
  /^(?:(?:is|are) )?(?:there|here|visible|shown|present|altogether|total|in total|in all|(?:in|on) (?:the|this) [a-z]{2,20})$/i

/**
 * The one number in a short sentence ("There are 3 apples."). Null when any word could change its
 * meaning.
 */
export function soleNumber(raw: string, effort: Effort): Quantity | null {
  const text = trimMarks(collapseSpace(mathText(raw)))
  if (text.length > 200) return null
  const twice = /^([^()]*[^() ]) ?\(([^()]+)\)$/.exec(text)
  if (twice !== null) return sameNumberTwice(twice[1] ?? '', twice[2] ?? '', effort)
  const words = text.split(' ')
  const at = words.findIndex((w) => /\d/.test(w) || (!/^one\b/i.test(w) && numberFromWords(trimMarks(w)) !== null))
  if (at < 0) return null
  const lead = withoutQuantity(words.slice(0, at).map((w) => w.toLowerCase().replace(/'s$|[:,]$/g, '')))
  return lead.every((w) => w === '' || wordsBefore.has(w)) ? readCount(words.slice(at), effort) : null
}

/** Takes "number of red dots is" and "total of" off the end of a lead-in. */
function withoutQuantity(words: readonly string[]): readonly string[] {
  const of = words.findLastIndex((w, i) => w === 'of' && /^(?:number|count|total)$/.test(words[i - 1] ?? ''))
  const named = words.slice(of + 1)
  const closed = named.length === 0 || /^(?:is|are|equals)$/.test(named.at(-1) ?? '')
  const counted = named.slice(0, -1)
  if (of < 0 || !closed || counted.length > 6 || !counted.every((w) => isNoun(w) || wordsBefore.has(w))) return words
  return words.slice(0, of)
}

function sameNumberTwice(first: string, second: string, effort: Effort): Quantity | null {
  const [a, b] = [exactNumber(first, effort), exactNumber(second, effort)]
  if (a?.exact == null || b?.exact == null) return null
  return equal(a.exact, b.exact) && a.unit?.name === b.unit?.name && a.percent === b.percent ? a : null
}

function exactNumber(text: string, effort: Effort): Quantity | null {
  return readQuantities(text, effort).find((quantity) => quantity.exact !== null) ?? null
}

/** "3 red cubes in the picture": the number with its nouns, and a tail that does not change it. */
function readCount(words: readonly string[], effort: Effort): Quantity | null {
  for (let length = Math.min(words.length, 5); length >= 1; length--) {
    const tail = words.slice(length).join(' ')
    if (tail !== '' && !tailPattern.test(tail)) continue
    if (!words.slice(1, length).every((w) => isNoun(trimMarks(w)) || parseUnit(trimMarks(w)) !== null)) continue
    const found = exactNumber(words.slice(0, length).join(' '), effort)
    if (found !== null) return found
  }
  return null
}
