import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import { checkCoded } from '../answers/check-coded.ts'
import { parseNumber } from '../answers/number.ts'
import { statedValue } from '../answers/prose.ts'
import { isWorkedOut } from '../answers/solved.ts'
import type { WrittenNumber } from '../answers/number.ts'
import { leafLimit } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Ruling, Rule, RuleContext } from '../verdict.ts'
import { holdsText, sameText } from './short-text.ts'
import { isYesNoGold, checkYesNo } from './yes-no.ts'

/** A text that holds a number among words. */
const isSentence = /^(?=.*\d).*(?:\p{L}{2,} .*\p{L}{3,}|[^\p{Script=Latin}\P{L}]{3})/su
/** The most items of a list. */
const mostItems = 64

/**
 * Checks an answer about a chart by the relaxed accuracy of ChartQA (Masry et al. 2022). A number
 * may differ by 5 % of the gold number (by nothing when the gold is 0). Everything else must be
 * equal. The 5 % are of the gold, so the rule is not symmetric: 100 accepts 95, but 95 does not
 * accept 100.
 *
 * A percent sign counts on neither side (45% = 45). A bare 0.45 equals 45% only under the lenient
 * percent policy and only exactly. A whole number from 1000 to 2999 without a unit is a year: it
 * must be exact unless the policy `years` is `relaxed`. Lists in square brackets are checked item
 * by item, in order.
 */
export const checkChart: Rule = (goldText, answerText, context) => {
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  if (goldText.trim() === '') return unverifiable('bad-gold')
  const gold = listItems(goldText)
  if (gold === null) return checkItem(goldText, answerText, context)
  const answer = listItems(answerText) ?? listItems(`[${answerText}]`)
  if (answer === null || answer.length !== gold.length) return incorrect('different-list')
  if (gold.length > mostItems) return unverifiable('too-long')
  const rulings = gold.map((item, i) => checkItem(item, answer[i] ?? '', context))
  if (rulings.some(({ verdict }) => verdict === 'incorrect')) return incorrect('different-list')
  return rulings.find(({ verdict }) => verdict === 'unverifiable') ?? correct('same-list')
}

const items = z.array(z.union([z.string(), z.number().transform(String)])).min(1)

/** The items of ["a", 2], [a, b] or [1,000, 2]. Null for other texts. */
function listItems(raw: string): string[] | null {
  const text = raw.trim()
  if (!text.startsWith('[') || !text.endsWith(']')) return null
  const parsed = items.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  // Items without quotes are split.
  const inner = text.slice(1, -1)
  if (/[[\]]/.test(inner) || inner.trim() === '') return null
  const parts = inner.includes(', ') ? inner.split(', ') : inner.split(',')
  return parts.map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'))
}

function checkItem(gold: string, answer: string, { policy, effort }: RuleContext): Ruling {
  effort.spend(10)
  if (gold.trim() === '') return unverifiable('bad-gold')
  const coded = checkCoded(gold, answer)
  if (coded !== null) return coded
  const wanted = chartNumber(gold)
  if (wanted === null) {
    if (sameText(gold, answer)) return correct('same-text')
    if (isYesNoGold(gold)) return checkYesNo(gold, answer)
    // "light blue" is another colour than blue. A sentence with the gold in it was not read.
    return answer.trim().split(/\s+/).length > 2 && holdsText(gold, answer)
      ? unverifiable('contains-gold')
      : incorrect('different-text')
  }
  const stated = statedValue(answer)
  const given = chartNumber(answer) ?? (stated === null ? null : chartNumber(stated))
  if (given === null)
    return isSentence.test(answer) && !/\d\W+(?:or|to|and)\W+\d/.test(answer)
      ? unverifiable('unread')
      : incorrect('not-a-number')
  if (!isWorkedOut(wanted, given, false)) return unverifiable('unsolved')
  if (wanted.unit !== null && given.unit !== null && wanted.unit.name !== given.unit.name) {
    return incorrect('different-unit')
  }
  if (wanted.unit === null && given.unit?.isDoubtful === true) return unverifiable('unread')
  const distance = size(wanted.value.n * given.value.d - given.value.n * wanted.value.d)
  if (distance === 0n) return correct('same-number')
  if (policy.percent !== 'strict' && isHundredth(wanted, given)) return correct('percent-scale')
  const year = /^[12]\d{3}$/.test(gold.trim()) && policy.years !== 'relaxed'
  if (year) return incorrect('different-number')
  // |a − g| ≤ |g| / 20, multiplied out: both distances have the same denominator.
  return 20n * distance <= size(wanted.value.n) * given.value.d
    ? correct('within-5-percent')
    : incorrect('different-number')
}

/**
 * The suffixes of axis labels: 5M, 2.5k, 3bn. They must follow the digits directly: "5 m" is
 * metres.
 */
const labelSuffixes: Record<string, string> = {
  k: 'thousand',
  m: 'million',
  mn: 'million',
  b: 'billion',
  bn: 'billion',
  t: 'trillion',
}

function chartNumber(raw: string): WrittenNumber | null {
  const text = raw
    .trim()
    .replace(/^in (?=[12]\d{3}\.?$)/i, '')
    .replace(/^(?:it is|it's|about|around|approximately|roughly|nearly|~|≈)\s*/i, '')
  const label = /^([$€£¥₹+-]{0,2}[\d.,]{1,30})(k|K|M|B|T|mn|bn)\.?$/.exec(text)
  if (label === null) return parseNumber(text)
  return parseNumber(`${label[1] ?? ''} ${labelSuffixes[(label[2] ?? '').toLowerCase()] ?? ''}`)
}

/** Whether one number is in percent and the other is its exact fraction of one. */
function isHundredth(a: WrittenNumber, b: WrittenNumber): boolean {
  if (a.percent === b.percent) return false
  const [percent, bare] = a.percent ? [a, b] : [b, a]
  return percent.value.n * bare.value.d === 100n * bare.value.n * percent.value.d
}

function size(n: bigint): bigint {
  return n < 0n ? -n : n
}
