import { add, divide, maxDigits, negate, scaleByTen } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import { fractionFromWords, numberFromWords } from './number-words.ts'

/** A plain number without percent sign and unit. */
export interface Amount {
  value: Rational
  /**
   * The number of digits after the point as written. Null for fractions, words and powers of ten.
   */
  decimals: number | null
  /** Whether it is written as a division: 30/2. */
  isFraction?: boolean
}

/**
 * Reads one number: 1,234.5 · 1.234,5 · 1 234 · 3,14 · 3/4 · 3 1/2 · 3e8 · 3×10^8 · (5) · 1.5
 * million · seven. Null for anything else, above all for a text with two numbers or an operation in
 * it. A sign is read only inside brackets.
 */
export function parseAmount(text: string): Amount | null {
  const open = unwrap(text)
  if (open !== text) {
    const signed = splitSign(open)
    const amount = parseAmount(signed.rest)
    return amount !== null && signed.negative ? { ...amount, value: negate(amount.value) } : amount
  }
  return (
    parseDecimal(text) ??
    parseRepeating(text) ??
    parseFraction(text) ??
    parsePowerOfTen(text) ??
    parseScaled(text) ??
    fromWords(text)
  )
}

/** Takes a leading + or - (or "minus") off a text. */
export function splitSign(text: string): { negative: boolean; rest: string } {
  const found = /^(?:([+-])|(minus|negative)\s)\s*/i.exec(text)
  if (found === null) return { negative: false, rest: text }
  return { negative: found[1] !== '+', rest: text.slice(found[0].length) }
}

const powersOfTen: Record<string, number> = {
  hundred: 2, thousand: 3, lakh: 5, lac: 5, million: 6, mn: 6, crore: 7, billion: 9, bn: 9, trillion: 12,
} // prettier-ignore
const suffixes: Record<string, number> = { k: 3, K: 3, M: 6, B: 9, T: 12 }

/** The value of 1.5B, 2.5k or 3M. The letter may also be a factor or a unit. */
export function parseSuffixed(text: string): Amount | null {
  const found = /^([\d.,]+)([kKMBT])$/.exec(text)
  const amount = found === null ? null : parseDecimal(found[1] ?? '')
  const value = amount === null ? null : scaleByTen(amount.value, suffixes[found?.[2] ?? ''] ?? 0)
  return value === null ? null : { value, decimals: null }
}

/** 0.(3), 0.1(6), 0.333…, 0.1666…: the digits that repeat, in brackets or written several times. */
function parseRepeating(text: string): Amount | null {
  const bracketed = /^(\d{0,20})\.(\d{0,20})\((\d{1,20})\)$/.exec(text)
  const dotted = bracketed === null ? /^(\d{0,20})\.(\d{0,20}?)(\d{1,10}?)\3+…$/.exec(text) : null
  const found = bracketed ?? dotted
  if (found === null) return null
  const [all, whole = '', fixed = '', period = ''] = found
  // One digit must be written three times: 0.33… may round anything.
  if (dotted !== null && all.length - whole.length - fixed.length - 2 < Math.max(3, 2 * period.length)) return null
  const nines = 10n ** BigInt(period.length) - 1n
  const n = BigInt(`${whole}${fixed}` || '0') * nines + BigInt(period)
  return { value: { n, d: nines * 10n ** BigInt(fixed.length) }, decimals: null }
}

/** "1.5 million" */
function parseScaled(text: string): Amount | null {
  const dozens = /^(\d[\d.,]*) dozens?$/i.exec(text)
  const count = dozens === null ? null : parseDecimal(dozens[1] ?? '')
  if (count !== null) return { value: { n: count.value.n * 12n, d: count.value.d }, decimals: null }
  const found = /^([\d.,]+) ?(?:(hundred|thousand|lakh|lac|million|crore|billion|trillion)s?|(mn|bn))$/i.exec(text)
  const amount = found === null ? null : parseDecimal(found[1] ?? '')
  const value =
    amount === null ? null : scaleByTen(amount.value, powersOfTen[(found?.[2] ?? found?.[3] ?? '').toLowerCase()] ?? 0)
  return value === null ? null : { value, decimals: null }
}

/**
 * Takes off one pair of round or curly brackets around the whole text. (1,2) is a pair and keeps
 * its brackets.
 */
function unwrap(text: string): string {
  const pair = text.charAt(0) + text.slice(-1)
  if (text.length < 3 || (pair !== '()' && pair !== '{}')) return text
  const inner = text.slice(1, -1)
  return /[(){},]/.test(inner) ? text : inner.trim()
}

function fromWords(text: string): Amount | null {
  if (!/^[a-zA-Z\s-]+$|[\u4e00-\u9fff〇]/.test(text)) return null
  const whole = numberFromWords(text)
  const value = whole === null ? fractionFromWords(text) : { n: whole, d: 1n }
  return value === null ? null : { value, decimals: null }
}

/** Digits with at most one decimal mark, and with thousands separators only in their places. */
function parseDecimal(text: string): Amount | null {
  if (!/^[\d.,' ’]+$/.test(text) || !/\d/.test(text)) return null
  const mark = decimalMark(text, text.lastIndexOf('.'), text.lastIndexOf(','))
  const whole = ungroup(mark < 0 ? text : text.slice(0, mark))
  const tail = mark < 0 ? '' : text.slice(mark + 1)
  if (whole === null || !/^\d*$/.test(tail) || whole.length + tail.length > maxDigits) return null
  const value = scaleByTen({ n: BigInt(`${whole}${tail}` || '0'), d: 1n }, -tail.length)
  return value === null ? null : { value, decimals: tail.length }
}

/**
 * The position of the decimal mark, -1 when there is no decimal mark. A single comma before exactly
 * three digits groups thousands, except after a zero.
 */
function decimalMark(text: string, dot: number, comma: number): number {
  if (dot >= 0 && comma >= 0) return Math.max(dot, comma)
  if (dot >= 0) return text.indexOf('.') === dot ? dot : -1
  if (comma < 0 || text.indexOf(',') !== comma) return -1
  const groups = comma >= 1 && comma <= 3 && !text.startsWith('0') && text.length - comma - 1 === 3
  return groups || comma === 0 || comma === text.length - 1 ? -1 : comma
}

/**
 * Removes thousands separators of one sort. Null when they are not before groups of three digits.
 */
function ungroup(text: string): string | null {
  if (/^\d*$/.test(text)) return text
  const separators = new Set(text.replace(/\d/g, ''))
  if (separators.size !== 1) return null
  const [separator = ''] = separators
  const [head = '', ...groups] = text.split(separator)
  const indian = separator === ',' && head.length <= 2 && groups.length >= 2 && groups.at(-1)?.length === 3
  const fits =
    head.length >= 1 &&
    head.length <= 3 &&
    !head.startsWith('0') &&
    (groups.every((g) => g.length === 3) || (indian && groups.slice(0, -1).every((g) => g.length === 2)))
  return fits ? head + groups.join('') : null
}

/** a/b, (a)/(b), and mixed numbers "3 1/2". */
function parseFraction(text: string): Amount | null {
  const slash = text.indexOf('/')
  if (slash < 1 || slash !== text.lastIndexOf('/')) return null
  const left = text.slice(0, slash).trim()
  const bottom = signedDecimal(text.slice(slash + 1).trim())
  if (bottom === null) return null
  const mixed = /^(\d+) \(?([1-9]\d*)\)?$/.exec(left)
  if (mixed !== null) {
    const whole = parseDecimal(mixed[1] ?? '')
    const part = parseDecimal(mixed[2] ?? '')
    const rest = part === null ? null : divide(part.value, bottom)
    return whole === null || rest === null || bottom.n < 0n ? null : { value: add(whole.value, rest), decimals: null }
  }
  const top = signedDecimal(left)
  const value = top === null ? null : divide(top, bottom)
  return value === null ? null : { value, decimals: null, isFraction: true }
}

function signedDecimal(text: string): Rational | null {
  const signed = splitSign(unwrap(text))
  const amount = parseDecimal(signed.rest)
  if (amount === null) return null
  return signed.negative ? negate(amount.value) : amount.value
}

/** 3e8, 3×10^8, 3x10^{-8}, 10^6. */
function parsePowerOfTen(text: string): Amount | null {
  const found =
    /^([\d.,]+) ?e ?([+-]?\d{1,9})$/i.exec(text) ??
    /^(?:([\d.,]+) ?(?:[×x*·]|\\times|\\cdot) ?)?10 ?\^ ?[{(]? ?([+-]?\d{1,9}) ?[)}]?$/i.exec(text)
  if (found === null) return null
  const mantissa = found[1] === undefined ? { n: 1n, d: 1n } : parseDecimal(found[1])?.value
  if (mantissa === undefined) return null
  const value = scaleByTen(mantissa, Number(found[2]))
  return value === null ? null : { value, decimals: null }
}
