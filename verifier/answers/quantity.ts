import type { Effort } from '../effort.ts'
import { compareExpressions } from '../math/compare.ts'
import { exactValue } from '../math/evaluate.ts'
import { integer, symbolsOf } from '../math/expression.ts'
import type { Expression } from '../math/expression.ts'
import { parseExpression } from '../math/parse.ts'
import { negate } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import { parseAmount, parseSuffixed, splitSign } from './amount.ts'
import { isNoun, nounUnit } from './nouns.ts'
import { numberFromWords } from './number-words.ts'
import type { Quantity } from './structure.ts'
import { isMeasureWord, parseUnit } from './units.ts'
import type { Unit } from './units.ts'

const number = (value: Rational, decimals: number | null): Expression => ({ type: 'number', value, decimals })

/**
 * Reads a value with its percent sign, currency or unit: 45% · $5 · -5 cm · 3 red cubes · \frac13
 * meters · 2\sqrt3 · x+1. The text must come from `mathText`. There are two readings when a lone
 * letter may be a unit or a factor (5m), and no reading for prose.
 */
export function readQuantities(raw: string, effort: Effort): Quantity[] {
  effort.spend(1 + raw.length / 50)
  const text = raw
    .replace(/^(\d{1,9})-(years?|months?|weeks?|days?)-old$/i, '$1 $2 old')
    .replace(/^(?:approximately|approx\.?|about|around|roughly|circa|exactly|约|大约|≈)\s*/i, '')
    .trim()
  if (text === '') return []
  const signed = splitSign(text)
  const money = splitCurrency(signed.rest)
  const inner = money.unit === null ? { negative: false, rest: money.rest } : splitSign(money.rest)
  const percent = /^(.*\S)\s*(?:%|％|per ?cent(?:age)?|pct\.?)$/i.exec(inner.rest)
  const body = percent?.[1] ?? inner.rest
  const negative = signed.negative !== inner.negative
  const bare = readValue(body, negative, effort)
  const readings: Quantity[] = []
  if (bare !== null) readings.push({ ...bare, percent: percent !== null, unit: money.unit })
  if (percent !== null) return readings
  const suffixed = parseSuffixed(body)
  if (suffixed !== null) {
    const exact = negative ? negate(suffixed.value) : suffixed.value
    readings.push({
      type: 'quantity',
      expression: number(exact, null),
      exact,
      decimals: null,
      percent: false,
      unit: money.unit,
    })
  }
  if (money.unit !== null) return readings
  const split = bare === null || endsLikeUnit.test(body) ? splitUnit(body, effort) : null
  const valued = split === null ? null : readValue(split.amount, negative, effort)
  if (split !== null && valued !== null && symbolsOf(valued.expression).size === 0) {
    const withUnit: Quantity = { ...valued, percent: false, unit: split.unit }
    return split.unit?.uncertain === true ? [...readings, withUnit] : [withUnit, ...readings]
  }
  return readings
}

type Value = Pick<Quantity, 'type' | 'expression' | 'exact' | 'decimals' | 'base'>

function readValue(body: string, negative: boolean, effort: Effort): Value | null {
  const amount = parseAmount(body)
  if (amount !== null) {
    const exact = negative ? negate(amount.value) : amount.value
    const value = number(exact, amount.decimals)
    // 30/2 keeps its form: it is not yet 15.
    const isOpen = amount.isFraction === true && exact.n % exact.d === 0n
    const expression: Expression = isOpen ? { type: 'quotient', top: value, bottom: integer(1) } : value
    return { type: 'quantity', expression, exact, decimals: amount.decimals }
  }
  const plain = withoutGrouping(body.replace(countedPi, (all, word: string) => String(numberFromWords(word) ?? all)))
  const expression = parseExpression(negative ? `-${plain}` : plain, effort)
  if (expression === null) return null
  const base = /^\(?[0-9A-F.]+\)?\s*_\s*\{?\s*(\d{1,2}|[a-z]{3,7})\s*\}?$/.exec(body)?.[1]
  const value = { type: 'quantity' as const, expression, exact: exactValue(expression, effort), decimals: null }
  return base === undefined ? value : { ...value, base }
}

/**
 * 1,234+x → 1234+x: in an expression, a comma between a digit and three digits groups thousands.
 */
function withoutGrouping(text: string): string {
  if (!text.includes(',')) return text
  return text.replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/g, (run) => run.replaceAll(',', ''))
}

/** "$5", "US$ 5", "5 €" → the amount and the currency. `unit` is null when there is no currency. */
function splitCurrency(text: string): { rest: string; unit: Unit | null } {
  const before = /^(?:US ?|R)?([$€£¥₹]) ?/.exec(text) ?? /^(USD|EUR|GBP|JPY|INR|CNY|RMB|Rs\.?) /.exec(text)
  if (before !== null) return { rest: text.slice(before[0].length), unit: parseUnit(before[1] ?? '') }
  const after = /\s*([$€£¥₹])$/.exec(text)
  if (after !== null) return { rest: text.slice(0, after.index), unit: parseUnit(after[1] ?? '') }
  return { rest: text, unit: null }
}

/** Numbers of a few words before π: two pi. */
const countedPi = /^([a-z]+) (?=pi$)/i

const endsLikeUnit = /[a-zA-Z°µΩ\u4e00-\u9fff](?:\s*\^?\s*[({]?-?\d[)}]?)?$/
const unitStart = /[a-zA-Z°µμΩ℃℉¢\u4e00-\u9fff]/
/** Amounts that a noun in the singular may follow. */
const oneThing = /^(?:1|one|an?|half an?|0?\.\d{1,9}|\d{1,9} ?\/ ?\d{1,9})$/i
/** The most places at which a unit is looked for. */
const mostSplits = 12

/**
 * "5 cm", "5cm", "3 red cubes", "2\pi \text{ m}" → amount and unit. The longest text that is a unit
 * counts.
 */
function splitUnit(text: string, effort: Effort): { amount: string; unit: Unit | null } | null {
  const from = Math.max(1, text.length - 60)
  let tries = 0
  for (let i = from; i < text.length && tries < mostSplits; i++) {
    const [before = '', here = ''] = [text[i - 1], text[i]]
    if (!unitStart.test(here) || !/[\d\s)}\]πe!a-z一二三四五六七八九十百千万亿两半]/.test(before)) continue
    if (/[a-zA-Z\\]/.test(before)) continue
    tries++
    effort.spend(5)
    const suffix = text.slice(i).replace(/\.$/, '')
    const amount = text.slice(0, i).trim()
    // Directly after a number these letters are factors rather than bytes, days, tonnes or
    // coulombs.
    if (before !== ' ' && /^[ABCdFJKNtT]$/.test(text.slice(i))) continue
    const isGlued = before !== ' ' && !/[\u4e00-\u9fff]/.test(here)
    const unit = unitOf(suffix, isGlued, oneThing.test(amount))
    if (
      unit !== undefined &&
      /[\dπ一二三四五六七八九十百千万亿两半]|\\pi|\\sqrt|^[a-zA-Z-]+(?: and (?:a|one|three) (?:half|quarters?))?$/.test(
        amount,
      )
    )
      return { amount, unit }
  }
  return null
}

/** Undefined when the text is not a unit. Null for a unit that says nothing ("units", 个). */
function unitOf(suffix: string, isGlued: boolean, isOne: boolean): Unit | null | undefined {
  if (isMeasureWord(suffix) || /^(?:square |cubic |sq\.? )?units?(?:\^[23])?$/i.test(suffix)) return null
  const unit = parseUnit(suffix)
  if (unit !== null) return isGlued && /^[a-zA-Z]$/.test(suffix) ? { ...unit, uncertain: true } : unit
  if (isGlued) return undefined
  const measured =
    /^[\u4e00-\u9fff]/.test(suffix) && isMeasureWord(suffix[0] ?? '') && /^.[\u4e00-\u9fffa-zA-Z]{1,5}$/.test(suffix)
  if (measured) return nounUnit([suffix.slice(1)], true)
  const words = suffix.split(' ')
  return words.length <= 3 && words.every(isNoun) ? nounUnit(words, isOne) : undefined
}

/** How the values of two quantities compare, without their units and percent signs. */
export function compareValues(
  a: Pick<Quantity, 'expression' | 'exact'>,
  b: Pick<Quantity, 'expression' | 'exact'>,
  precision: number | undefined,
  effort: Effort,
): ReturnType<typeof compareExpressions> {
  const wanted = precision === undefined ? { effort } : { precision, effort }
  return compareExpressions(a.expression, b.expression, wanted)
}

/** The same quantity with another value. */
export function withValue(quantity: Quantity, exact: Rational): Quantity {
  return { ...quantity, exact, expression: number(exact, null), decimals: null }
}
