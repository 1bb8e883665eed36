import { Effort } from '../effort.ts'
import { leafLimit } from '../plain-text.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import type { Rule } from '../verdict.ts'
import { readAround } from './around.ts'
import { readTime, sameTime } from './time-reading.ts'

/**
 * Checks a time of day: 3:30 PM = 15:30 = 3.30pm = 15:30:00 = 下午3点30分. 12 AM is 0:00, 12 PM is
 * 12:00.
 *
 * Digits without AM or PM are read as written, on a 24-hour clock: 3:30 is not 15:30. Words without
 * AM or PM ("half past three") equal 3:30 as written, and are unverifiable against a time that says
 * its half of the day. A length of time (1h30) is not a time. A time zone must be the same on both
 * sides. Zones are not converted.
 */
export const checkTime: Rule = (goldText, answerText, { effort }) => {
  if (goldText.length > leafLimit || answerText.length > leafLimit) return unverifiable('too-long')
  const gold = readTime(goldText, effort)
  if (typeof gold === 'string' || readAround(gold.around) !== 'plain') return unverifiable('bad-gold')
  const answer = readTime(answerText, effort)
  if (answer === 'none') return incorrect('not-a-time')
  if (answer === 'several') return incorrect('hedged')
  const around = readAround(answer.around)
  if (around === 'hedged') return incorrect('hedged')
  const same = sameTime(gold, answer)
  if (gold.zone !== answer.zone) {
    return gold.zone === '' || answer.zone === ''
      ? same === 'different'
        ? incorrect('different-time')
        : unverifiable('not-understood')
      : unverifiable('not-understood')
  }
  if (same === 'different') return incorrect('different-time')
  return same === 'unsure' || around === 'moved' ? unverifiable('not-understood') : correct('same-time')
}

/**
 * Whether a text is only a time of day: 3:30 PM, 3 o'clock, noon, 15:30, 03:30, 3:30:15, 下午3点. A
 * lone 7:32 may be a ratio and "ten to one" may be odds, so both are left out.
 */
export function isTimeGold(gold: string): boolean {
  if (gold.length > 60) return false
  const text = gold.trim()
  // 三点五 is also 3.5, and 3点 is also three points.
  if (/[点點时時]/.test(text) && !/[分半刻整午上晨晚夜]/.test(text)) return false
  if (/^\d:\d{2}$/.test(text) || /^(?!quarter)[\w-]+ to \w+$/i.test(text)) return false
  const read = readTime(text, new Effort())
  return typeof read !== 'string' && /^[\s⌖]*$/.test(read.around)
}
