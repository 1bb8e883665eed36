import { numberFromWords } from './number-words.ts'
import { collapseSpace, plainLatex, trimMarks, unifyCharacters } from '../plain-text.ts'
import { add, divide, equal, MAX_DIGITS, negate, roundAt, scaleByTen } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import { compareUnits, splitCurrency, splitUnit } from './units.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Judgement } from '../verdict.ts'

/** A number as it was written. */
export type WrittenNumber = {
  value: Rational
  percent: boolean
  /** Canonical unit or currency; null when none was written. */
  unit: string | null
  /** Digits after the point as written; null for fractions, words and powers of ten. */
  decimals: number | null
}

type Core = { value: Rational; decimals: number | null }

/**
 * Reads one number: 1,234.5 · 1.234,5 · 1 234 · 3,14 · 3/4 · 3 1/2 · \frac34 · 3e8 · 3\times10^8 · 45% · -5 · (5) · x = 5 ·
 * $5 · 5 cm · seven. Null for anything else, above all for a text with two numbers or with an operation in it.
 */
export function parseNumber(raw: string): WrittenNumber | null {
  if (raw.length > MAX_DIGITS * 2) return null
  const text = trimMarks(plainLatex(collapseSpace(unifyCharacters(raw))))
  return parseChain(text.replace(/^﹩/, '$'))
}

/** "a = b = c" means c; what stands after ≈ is only an approximation of it. */
function parseChain(text: string): WrittenNumber | null {
  if (/[!<>≠≤≥±]|\\(?:n?eq|[lg]eq?|pm)(?![a-zA-Z])/.test(text)) return null
  for (const part of text.split('≈', 4)) {
    const sign = part.lastIndexOf('=')
    if (!isChainStart(part.slice(0, Math.max(0, sign)))) return null
    const last = part.slice(sign + 1)
    const found = parseQuantity(last.trim())
    if (found !== null) return found
  }
  return null
}

/** "6 because 2 + 3 =" and "x = 12, y =" say more than one thing: what follows their last "=" is not the answer. */
function isChainStart(left: string): boolean {
  if (/[,;] /.test(left)) return false
  return !(/\d/.test(left) && /(?:^|[^\\a-zA-Z])[a-zA-Z]{3}/.test(left))
}

function parseQuantity(text: string): WrittenNumber | null {
  const bare = text.replace(/^(?:approximately|approx\.?|about|around|roughly|circa)\s+/i, '')
  const signed = splitSign(bare)
  const money = splitCurrency(signed.rest)
  const inner = money.unit === null ? { negative: false, rest: money.rest } : splitSign(money.rest)
  const percent = /^(.*\S)\s*(?:%|per ?cent)$/i.exec(inner.rest)
  const body = percent?.[1] ?? inner.rest
  const core = parseCore(body)
  const negative = signed.negative !== inner.negative
  if (core !== null) {
    return {
      value: negative ? negate(core.value) : core.value,
      percent: percent !== null,
      unit: money.unit,
      decimals: core.decimals,
    }
  }
  if (percent !== null || money.unit !== null) return null
  const split = splitUnit(body)
  if (split === null) return null
  const amount = parseCore(split.amount)
  if (amount === null) return null
  const value = negative ? negate(amount.value) : amount.value
  return { value, percent: false, unit: split.unit, decimals: amount.decimals }
}

function splitSign(text: string): { negative: boolean; rest: string } {
  const found = /^(?:([+-])|(minus|negative)\s)\s*/i.exec(text)
  if (found === null) return { negative: false, rest: text }
  return { negative: found[1] !== '+', rest: text.slice(found[0].length) }
}

/** A number without sign, unit and percent. */
function parseCore(text: string): Core | null {
  const open = unwrap(text)
  if (open !== text) {
    const signed = splitSign(open)
    const core = parseCore(signed.rest)
    return core !== null && signed.negative ? { ...core, value: negate(core.value) } : core
  }
  return parseDecimal(text) ?? parseFraction(text) ?? parsePowerOfTen(text) ?? parseScaled(text) ?? wordCore(text)
}

const SCALES: Record<string, number> = { hundred: 2, thousand: 3, million: 6, billion: 9, trillion: 12 }

/** "1.5 million" */
function parseScaled(text: string): Core | null {
  const found = /^([\d.,]+) (hundred|thousand|million|billion|trillion)$/i.exec(text)
  const amount = found === null ? null : parseDecimal(found[1] ?? '')
  const value = amount === null ? null : scaleByTen(amount.value, SCALES[(found?.[2] ?? '').toLowerCase()] ?? 0)
  return value === null ? null : { value, decimals: null }
}

/** Takes off one pair of round or curly brackets that encloses everything; with a comma inside it is a pair, not 1,2. */
function unwrap(text: string): string {
  const pair = text.charAt(0) + text.slice(-1)
  if (text.length < 3 || (pair !== '()' && pair !== '{}')) return text
  const inner = text.slice(1, -1)
  return /[(){},]/.test(inner) ? text : inner.trim()
}

function wordCore(text: string): Core | null {
  const value = numberFromWords(text)
  return value === null ? null : { value: { n: value, d: 1n }, decimals: null }
}

/** Digits with at most one decimal mark and thousands separators that stand where they must. */
function parseDecimal(text: string): Core | null {
  if (!/^[\d.,' ’]+$/.test(text) || !/\d/.test(text)) return null
  const dot = text.lastIndexOf('.')
  const comma = text.lastIndexOf(',')
  const mark = decimalMark(text, dot, comma)
  const whole = ungroup(mark < 0 ? text : text.slice(0, mark))
  const tail = mark < 0 ? '' : text.slice(mark + 1)
  if (whole === null || !/^\d*$/.test(tail) || whole.length + tail.length > MAX_DIGITS) return null
  const value = scaleByTen({ n: BigInt(`${whole}${tail}` || '0'), d: 1n }, -tail.length)
  return value === null ? null : { value, decimals: tail.length }
}

/** Position of the decimal mark, -1 for none. A single comma before exactly three digits groups thousands, except after a zero. */
function decimalMark(text: string, dot: number, comma: number): number {
  if (dot >= 0 && comma >= 0) return Math.max(dot, comma)
  if (dot >= 0) return text.indexOf('.') === dot ? dot : -1
  if (comma < 0 || text.indexOf(',') !== comma) return -1
  const groups = comma >= 1 && comma <= 3 && !text.startsWith('0') && text.length - comma - 1 === 3
  return groups || comma === 0 || comma === text.length - 1 ? -1 : comma
}

/** Removes thousands separators of one sort; null when they do not stand before groups of three. */
function ungroup(text: string): string | null {
  if (/^\d*$/.test(text)) return text
  const separators = new Set(text.replace(/\d/g, ''))
  if (separators.size !== 1) return null
  const [separator = ''] = separators
  const [head = '', ...groups] = text.split(separator)
  const fits = head.length >= 1 && head.length <= 3 && !head.startsWith('0') && groups.every((g) => g.length === 3)
  return fits ? head + groups.join('') : null
}

/** a/b, (a)/(b), and mixed numbers "3 1/2". */
function parseFraction(text: string): Core | null {
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
  return value === null ? null : { value, decimals: null }
}

function signedDecimal(text: string): Rational | null {
  const signed = splitSign(unwrap(text))
  const core = parseDecimal(signed.rest)
  if (core === null) return null
  return signed.negative ? negate(core.value) : core.value
}

/** 3e8, 3×10^8, 3x10^{-8}, 10^6. */
function parsePowerOfTen(text: string): Core | null {
  const found =
    /^([\d.,]+) ?e ?([+-]?\d{1,9})$/i.exec(text) ??
    /^(?:([\d.,]+) ?[×x*·] ?)?10 ?\^ ?[{(]? ?([+-]?\d{1,9}) ?[)}]?$/i.exec(text)
  if (found === null) return null
  const mantissa = found[1] === undefined ? { n: 1n, d: 1n } : parseDecimal(found[1])?.value
  if (mantissa === undefined) return null
  const value = scaleByTen(mantissa, Number(found[2]))
  return value === null ? null : { value, decimals: null }
}

/**
 * Compares two numbers. Exact, except: `precision` rounds both (half away from zero); a percent equals its fraction and its
 * bare number (45% = 0.45 = 45); a decimal of four or more places equals the fraction that rounds to it (0.3333 = 1/3); a unit
 * is needed only when both name one.
 */
export function compareNumbers(gold: WrittenNumber, answer: WrittenNumber, precision?: number): Judgement {
  const unit = compareUnits(gold.unit, answer.unit)
  const percentOfUnit = (gold.percent && answer.unit !== null) || (answer.percent && gold.unit !== null)
  if (unit === 'different' || percentOfUnit) return incorrect('different-unit')
  if (unit === 'convertible') return unverifiable('different-unit')
  const same = sameValue(gold, answer, precision)
  if (same !== null) return unit === 'missing' ? correct('unit-missing') : correct(same)
  if (gold.percent !== answer.percent) {
    const [percent, bare] = gold.percent ? [gold, answer] : [answer, gold]
    const hundredth = { ...percent, value: { n: percent.value.n, d: percent.value.d * 100n } }
    if (sameValue(hundredth, bare, precision) !== null) return correct('percent-scale')
  }
  return incorrect('different-number')
}

function sameValue(a: WrittenNumber, b: WrittenNumber, precision?: number): 'same-number' | 'rounded' | null {
  if (equal(a.value, b.value)) return 'same-number'
  if (precision !== undefined) return roundAt(a.value, precision) === roundAt(b.value, precision) ? 'rounded' : null
  return roundsTo(a, b) || roundsTo(b, a) ? 'rounded' : null
}

const FEWEST_DECIMALS = 4

function roundsTo(fraction: WrittenNumber, decimal: WrittenNumber): boolean {
  if (fraction.decimals !== null || decimal.decimals === null || decimal.decimals < FEWEST_DECIMALS) return false
  return roundAt(fraction.value, decimal.decimals) === roundAt(decimal.value, decimal.decimals)
}

/** True for a text that a computer algebra could still turn into a number. */
export function looksLikeMath(text: string): boolean {
  return /\\[a-zA-Z]|[\d)}\s][+*/^×÷·√!_-]\s*[\d({\\]|\d\s*[+*/^×÷·√!_]|[√π]/.test(unifyCharacters(text))
}
