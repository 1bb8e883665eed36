import { numberFromWords } from '../answers/number-words.ts'
import type { Effort } from '../effort.ts'
import { plainWords } from '../plain-text.ts'
import { foundMark } from './around.ts'

/**
 * A time of day. `seconds` are since midnight, with a fraction when the text has a fraction.
 * - `fixed`: the text says the half of the day (PM, noon, 15:30, 03:30).
 * - `clock`: digits without the half of the day (3:30). They are read as written, as on a 24-hour
 *   clock.
 * - `spoken`: words without the half of the day ("half past three"). Both halves are possible.
 */
export interface ClockTime {
  seconds: number
  half: 'fixed' | 'clock' | 'spoken'
}

export type TimeReading = ClockTime & {
  zone: string
  /** The words around the time, with `foundMark` in its place. */
  around: string
}

interface Form {
  pattern: RegExp
  read: (parts: Record<string, string | undefined>) => ClockTime | null
}

const hourWords = 'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve'
const minuteWords =
  'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|quarter|half'
/** AM and PM, also as "in the morning" or "at night". */
const halfPattern =
  '(?: ?(?<half>a\\.? ?m\\b\\.?|p\\.? ?m\\b\\.?)| (?<part>in the morning|in the afternoon|in the evening|at night))'
const timeStart = '(?<![\\d.,/:a-z-])'
const timeEnd = '(?![\\d:/]|[.,-]\\d)'
const dayPart = '凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里'
const chineseNumeral = '\\d{1,2}|[零〇一二两三四五六七八九十]{1,3}'

const forms: readonly Form[] = [
  form(`(?:(?<day>${dayPart}) ?|(?<![\\d.,:零〇一二两三四五六七八九十]))(?<h>${chineseNumeral}) ?[点點时時]钟?(?: ?(?:(?<m>${chineseNumeral})分?|(?<word>半|一刻|三刻|整)))?(?: ?(?<s>${chineseNumeral})秒)?(?!\\d|间|小)`, readChinese),
  form(`(?:(?<day>${dayPart}) ?|${timeStart})(?<h>\\d{1,2}):(?<m>\\d{2})(?::(?<s>\\d{2})(?<f>\\.\\d{1,6})?)?(?: ?(?:hours|hrs|Uhr|h)\\b)?${halfPattern}?${timeEnd}`, readDigits),
  form(`${timeStart}(?<h>\\d{1,2})\\.(?<m>\\d{2})${halfPattern}${timeEnd}`, readDigits),
  form(`${timeStart}(?<h>\\d{1,2})${halfPattern}${timeEnd}`, readDigits),
  form(`\\b(?:(?:a|the) )?(?<m>${minuteWords}|\\d{1,2})(?: minutes?)? (?<dir>past|after|to|before|till) (?<h>${hourWords}|\\d{1,2}|noon|midnight)(?: o'?clock)?${halfPattern}?(?![\\d:]|\\.\\d)`, readSpoken),
  form(`\\b(?:(?:at )?(?<h>${hourWords}|\\d{1,2}) ?o'?clock)${halfPattern}?`, readSpoken),
  form(`\\b(?<h>${hourWords})(?:[ -](?<m>${minuteWords}|oh[ -](?:one|two|three|four|five|six|seven|eight|nine)))?${halfPattern}`, readSpoken),
  form(`\\b(?<h>${hourWords})[ -](?<m>thirty|fifteen|forty[ -]five)\\b`, readSpoken),
  form('\\b(?:12 |twelve )?(?<h>noon|midday|midnight)\\b', readSpoken),
] // prettier-ignore

function form(source: string, read: Form['read']): Form {
  return { pattern: new RegExp(source, 'gi'), read }
}

function readDigits(parts: Record<string, string | undefined>): ClockTime | null {
  if (parts['day'] !== undefined) return readChinese(parts)
  const { h, m = '0', s = '0', f = '', half, part } = parts
  // 03:30 and 15:30 are times of a 24-hour clock. 3:30 may be half a day off.
  const written = h ?? ''
  return clock(
    Number(written),
    Number(m),
    Number(`${s}${f}`),
    halfOf(half, part, Number(written)),
    written.startsWith('0'),
  )
}

function halfOf(half: string | undefined, part: string | undefined, hour: number): 'am' | 'pm' | undefined {
  if (half !== undefined) return /^a/i.test(half) ? 'am' : 'pm'
  if (part === undefined) return undefined
  if (/night/i.test(part)) return isSmallHour(hour) ? 'am' : 'pm'
  return /morning/i.test(part) ? 'am' : 'pm'
}

/** Twelve to four "at night" are the first hours of a day. */
function isSmallHour(hour: number): boolean {
  return hour === 12 || hour < 5
}

function clock(
  hour: number,
  minute: number,
  second: number,
  half: 'am' | 'pm' | undefined,
  certain = false,
): ClockTime | null {
  if (!(hour <= 24 && minute <= 59 && second < 60) || (hour === 24 && minute + second > 0)) return null
  if (half === undefined) {
    const fixed = certain || hour > 12 || hour === 0
    return { seconds: (hour % 24) * 3600 + minute * 60 + second, half: fixed ? 'fixed' : 'clock' }
  }
  // "15:30 PM" says one thing twice. "15:30 AM" and "0:30 PM" contradict themselves.
  if (hour > 12 ? half === 'am' || hour === 24 : hour === 0 && half === 'pm') return null
  const on24 = hour > 12 ? hour : (hour % 12) + (half === 'pm' ? 12 : 0)
  return { seconds: on24 * 3600 + minute * 60 + second, half: 'fixed' }
}

function wordNumber(text: string): number | null {
  const word = text.toLowerCase()
  if (word === 'quarter') return 15
  if (word === 'half') return 30
  if (/^\d+$/.test(word)) return Number(word)
  const value = numberFromWords(word.replace(/^oh[ -]/, ''))
  return value === null ? null : Number(value)
}

function readSpoken({ h = '', m, dir, half, part }: Record<string, string | undefined>): ClockTime | null {
  const name = h.toLowerCase()
  const named = name === 'noon' || name === 'midday' ? 12 : name === 'midnight' ? 0 : null
  const hour = named ?? wordNumber(h)
  const minutes = m === undefined ? 0 : wordNumber(m)
  if (hour === null || minutes === null || minutes > 59) return null
  const back = dir !== undefined && /^(?:to|before|till)$/i.test(dir)
  if (/^half$/i.test(m ?? '') && back) return null
  const base = clock(hour, 0, 0, halfOf(half, part, hour), named !== null)
  if (base === null) return null
  const seconds = (base.seconds + (back ? -minutes : minutes) * 60 + 86_400) % 86_400
  return { seconds, half: named !== null || base.half === 'fixed' ? 'fixed' : 'spoken' }
}

function readChinese({ day, h = '', m, word, s }: Record<string, string | undefined>): ClockTime | null {
  const number = (text: string | undefined): number => {
    if (text === undefined) return 0
    return /^\d+$/.test(text) ? Number(text) : Number(numberFromWords(text.replace(/^[零〇](?=.)/, '')) ?? 99)
  }
  const quarter = { 半: 30, 一刻: 15, 三刻: 45 }[word ?? ''] ?? 0
  const hour = number(h)
  const night = day === '晚上' || day === '夜里'
  const pm =
    day === '下午' || day === '傍晚' || (night && !isSmallHour(hour)) || (day === '中午' && (hour < 11 || hour === 12))
  const half = day === undefined ? undefined : pm ? 'pm' : 'am'
  return clock(hour, number(m) + quarter, number(s), half)
}

const zonePattern = /\b(UTC|GMT|[ECMP][SD]?T|CES?T|BST|IST|JST)\b|⌖(Z)\b|⌖ ?([+-]\d{2}:?\d{2})\b/g
const mostTimes = 8

/**
 * Finds the one time of day in a short text.
 * - `none`: there is no time, it is impossible (25:00, 15:30 AM), or the text is a length of time
 *   ("1h30", "3 hours").
 * - `several`: the text names two different times.
 */
export function readTime(raw: string, effort: Effort): TimeReading | 'none' | 'several' {
  effort.spend(raw.length + 50)
  let text = plainWords(raw).replace(/[’`]/g, "'")
  const found: (ClockTime | null)[] = []
  for (const { pattern, read } of forms) {
    text = text.replace(pattern, (_written: string, ...groups: unknown[]) => {
      const named = groups.at(-1)
      const parts: Record<string, string | undefined> = typeof named === 'object' && named !== null ? { ...named } : {}
      if (found.length <= mostTimes) found.push(read(parts))
      return foundMark
    })
    effort.spend(20)
  }
  const [first] = found
  if (first === undefined || first === null || found.includes(null)) return 'none'
  if (found.length > mostTimes) return 'several'
  const zones = new Set<string>()
  const around = text.replace(zonePattern, (_all, name?: string, z?: string, offset?: string) => {
    zones.add((name ?? z ?? offset ?? '').replace(/^(?:Z|GMT)$/, 'UTC').replace(':', ''))
    return foundMark
  })
  // A mention that fixes the half of the day makes the other mentions sure: "3:30 (half past three
  // PM)".
  const surest = found.find((time) => time?.half === 'fixed') ?? first
  const agree = found.every((time) => time !== null && sameTime(surest, time) !== 'different')
  if (!agree || zones.size > 1) return 'several'
  return { ...surest, zone: [...zones][0] ?? '', around }
}

/** `unsure` when only the half of the day is open: "half past three" and 3:30 PM. */
export function sameTime(a: ClockTime, b: ClockTime): 'same' | 'unsure' | 'different' {
  const spoken = a.half === 'spoken' || b.half === 'spoken'
  const fixed = a.half === 'fixed' || b.half === 'fixed'
  if (spoken && fixed) return (a.seconds - b.seconds) % 43_200 === 0 ? 'unsure' : 'different'
  if (spoken) return (a.seconds - b.seconds) % 43_200 === 0 ? 'same' : 'different'
  return a.seconds === b.seconds ? 'same' : 'different'
}
