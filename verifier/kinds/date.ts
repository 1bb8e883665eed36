import { leafLimit } from '../plain-text.ts'
import { readAround } from './around.ts'
import type { DateReading } from './date-reading.ts'
import { readDate, sameDate } from './date-reading.ts'
import { Effort } from '../effort.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Ruling, Rule } from '../verdict.ts'

/**
 * Checks a date: 2024-03-05 = March 5, 2024 = 5th of March, 2024 = 2024年3月5日. Both texts must name
 * the same parts: a month does not equal one of its days. A weekday must fit its date.
 *
 * When the order of day and month is unknown (3/5/2024 without `policy.dateOrder`), the reason is
 * `ambiguous-date`, unless every reading gives the same verdict or both texts are written alike.
 * When the date is correct but words move it ("after", "two days"), the verdict is unverifiable.
 */
export const checkDate: Rule = (goldText, answerText, { policy, effort }) => {
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  const gold = readDate(goldText, policy.dateOrder, effort)
  if (typeof gold === 'string' || readAround(gold.around) !== 'plain') return unverifiable('bad-gold')
  const answer = readDate(answerText, policy.dateOrder, effort)
  if (answer === 'none') return incorrect('not-a-date')
  if (answer === 'several') return incorrect('hedged')
  if (answer === 'contradiction') return incorrect('contradiction')
  const around = readAround(answer.around)
  if (around === 'hedged') return incorrect('hedged')
  const ruling = compareDates(gold, answer)
  return around === 'moved' && ruling.verdict === 'correct' ? unverifiable('not-understood') : ruling
}

function compareDates(gold: DateReading, answer: DateReading): Ruling {
  if (gold.weekday !== undefined && answer.weekday !== undefined && gold.weekday !== answer.weekday) {
    return incorrect('different-date')
  }
  // Two texts that are ambiguous in the same way probably have the same order.
  const alike =
    gold.readings.length === answer.readings.length &&
    gold.readings.every((reading, i) => {
      const other = answer.readings[i]
      return other !== undefined && sameDate(reading, other) === 'same'
    })
  if (alike) return correct('same-date')
  const outcomes = new Set(gold.readings.flatMap((a) => answer.readings.map((b) => sameDate(a, b))))
  if (outcomes.size === 1 && outcomes.has('same')) return correct('same-date')
  return outcomes.size === 1 && outcomes.has('different') ? incorrect('different-date') : unverifiable('ambiguous-date')
}

/**
 * Whether a text is only a date with its year, in a form that no number and no calculation has:
 * 2024-03-05, 3/5/2024, March 5, 2024, 2024年3月5日. 2024-3-5 may be a difference and 3.5.2024 a
 * version, so both are left out.
 */
export function isDateGold(gold: string): boolean {
  if (gold.length > 60 || !/\d{4}|年/.test(gold)) return false
  const read = readDate(gold, undefined, new Effort())
  if (typeof read === 'string' || !/^[\s⌖]*$/.test(read.around)) return false
  if (read.readings.some(({ year, month }) => year === undefined || month === undefined)) return false
  if (/[a-z年]/i.test(read.written)) return true
  return /^(?:\d{4}-\d{2}-\d{2}(?:\D.*)?|\d{4}\/\d{1,2}\/\d{1,2}|\d{1,2}\/\d{1,2}\/\d{4}|\d{2}([-.])\d{2}\1\d{4})$/.test(
    read.written,
  )
}
