import { numberFromWords } from '../answers/number-words.ts'
import type { Effort } from '../effort.ts'
import { plainWords } from '../plain-text.ts'
import { foundMark } from './around.ts'

/**
 * One reading of a date. Parts that were not written are undefined. The year may be written with
 * two digits.
 */
export interface CalendarDate {
  year: number | undefined
  shortYear: boolean
  month: number | undefined
  day: number | undefined
}

/**
 * The readings of a text (several for 3/5/2024), and the words around the date with `foundMark` in
 * its place.
 */
export interface DateReading {
  /** When the order matters, the readings with the day first come first. */
  readings: readonly CalendarDate[]
  weekday: number | undefined
  around: string
  /** The date as written. Callers look at its form. */
  written: string
}

export type DateOrder = 'dmy' | 'mdy' | undefined

const monthNames = 'january february march april may june july august september october november december'.split(' ')
const monthPattern =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const dayPattern = '(\\d{1,2})(?:st|nd|rd|th)?'
const yearPattern = '([1-9]\\d{3})'
/** The edges of a number that is not a part of a longer number. */
const numberStart = '(?<![\\d.,/:-])'
const numberEnd = '(?![\\d/:]|[.,-]\\d)'
const chineseDigit = '[\\d零〇一二三四五六七八九十]'

interface Form {
  pattern: RegExp
  read: (parts: readonly string[], order: DateOrder) => CalendarDate[]
}

/**
 * The forms from the fullest to the barest. A date that one form has found is not seen by the next.
 */
const forms: readonly Form[] = [
  form(`(${chineseDigit}{2,4}) ?年 ?(${chineseDigit}{1,3}) ?月 ?(${chineseDigit}{1,3}) ?[日号]`, ([y, m, d]) => [chinese(y, m, d)]),
  form(`${numberStart}${yearPattern} ?([-/.]) ?(\\d{1,2}) ?\\2 ?(\\d{1,2})(?:[T ]00:00(?::00(?:\\.0{1,6})?)?Z?)?${numberEnd}`, ([y, , m, d]) => [date(y, m, d)]),
  form(`(?<![a-z])${monthPattern} ${dayPattern}(?:,| ,|) ${yearPattern}${numberEnd}`, ([m, d, y]) => [date(y, month(m), d)]),
  form(`${numberStart}${dayPattern}(?: day)?(?: of)?[ -]${monthPattern}(?:,| ,|)(?: of)?[ -]${yearPattern}${numberEnd}`, ([d, m, y]) => [date(y, month(m), d)]),
  form(`${numberStart}${yearPattern},? ${monthPattern} ${dayPattern}(?![\\da-z])`, ([y, m, d]) => [date(y, month(m), d)]),
  form(`${numberStart}(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4}|\\d{2})${numberEnd}`, ([a, , b, y], order) => numeric(a, b, y, order)),
  form(`(${chineseDigit}{2,4}) ?年 ?(${chineseDigit}{1,3}) ?月(?:份)?`, ([y, m]) => [chinese(y, m)]),
  form(`(${chineseDigit}{1,3}) ?月 ?(${chineseDigit}{1,3}) ?[日号]`, ([m, d]) => [chinese(undefined, m, d)]),
  form(`(${chineseDigit}{4}) ?年`, ([y]) => [chinese(y)]),
  form(`(?<![a-z\\d] ?)${monthPattern}(?: of|,|)[ -]${yearPattern}${numberEnd}`, ([m, y]) => [date(y, month(m))]),
  form(`${numberStart}${yearPattern}[-/](0[1-9]|1[0-2])${numberEnd}`, ([y, m]) => [date(y, m)]),
  form(`${numberStart}(0[1-9]|1[0-2])/${yearPattern}${numberEnd}`, ([m, y]) => [date(y, m)]),
  form(`(?<![a-z])${monthPattern} (?:the )?${dayPattern}(?![\\d/:a-z]|[.,-]\\d)`, ([m, d]) => [date(undefined, month(m), d)]),
  form(`${numberStart}${dayPattern}(?: day)?(?: of)?[ -]${monthPattern}(?![a-z])`, ([d, m]) => [date(undefined, month(m), d)]),
  form(`${numberStart}${yearPattern}(?![\\d/:%a-z]|[.,-]\\d)`, ([y]) => [date(y)]),
  form(`^(?:in )?${monthPattern}$`, ([m]) => [date(undefined, month(m))]),
] // prettier-ignore

function form(source: string, read: Form['read']): Form {
  return { pattern: new RegExp(source, 'gi'), read }
}

function month(name: string | undefined): string {
  return String(monthNames.findIndex((full) => full.startsWith((name ?? '').toLowerCase().slice(0, 3))) + 1)
}

function date(year?: string, month?: string, day?: string): CalendarDate {
  const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part))
  return { year: number(year), shortYear: year?.length === 2, month: number(month), day: number(day) }
}

/**
 * Reads 二〇二四年三月五日, with digits or numerals. A part that cannot be read becomes 0, which no date
 * has.
 */
function chinese(year?: string, month?: string, day?: string): CalendarDate {
  const number = (part: string | undefined): string | undefined => {
    if (part === undefined || /^\d+$/.test(part)) return part
    return String(numberFromWords(part) ?? 0)
  }
  const written = number(year)
  return date(
    written !== undefined && written.length !== 2 ? written.padStart(3, '0') : written,
    number(month),
    number(day),
  )
}

/** Reads 3/5/2024 and 05.03.24. Without an order, every order that gives a date is possible. */
function numeric(a = '', b = '', year = '', order?: DateOrder): CalendarDate[] {
  const dmy = date(year, b, a)
  const mdy = date(year, a, b)
  const ymd = year.length === 2 ? [date(a.padStart(2, '0'), b, year)] : []
  const possible = [dmy, mdy].filter(isDate)
  if (possible.length === 2 && order !== undefined) return [order === 'dmy' ? dmy : mdy]
  // With two digits everywhere the year may also be first, unless the row names the order.
  return order === undefined ? [...possible, ...ymd.filter(isDate)] : possible
}

/** Whether the parts are a date of the calendar. 29 February without a year is a date. */
function isDate({ year, month, day, shortYear }: CalendarDate): boolean {
  if (year !== undefined && !shortYear && (year < 1000 || year > 9999)) return false
  if (month === undefined) return true
  if (month < 1 || month > 12) return false
  if (day === undefined) return true
  return day >= 1 && day <= daysIn(month, year === undefined ? 2000 : shortYear ? 2000 + year : year)
}

function daysIn(month: number, year: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (month === 2) return leap ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const weekdayPattern =
  /\b(sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?(?![a-z])\.?,?|(?:星期|周|礼拜)([日天一二三四五六])/gi
const weekdayNames = 'sun mon tue wed thu fri sat'.split(' ')

/** 0 for Sunday. Sakamoto's congruence for the Gregorian calendar. */
function weekdayOf(year: number, month: number, day: number): number {
  const y = month < 3 ? year - 1 : year
  const shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1] ?? 0
  return (y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + shift + day) % 7
}

/** The most dates that are looked for in one text. With more dates, the text names no date. */
const mostDates = 8

/**
 * Finds the one date of a short text.
 * - `none`: there is no date, or it is not in the calendar (30 February).
 * - `several`: the text names two different dates.
 * - `contradiction`: a weekday does not fit.
 */
export function readDate(
  raw: string,
  order: DateOrder,
  effort: Effort,
): DateReading | 'none' | 'several' | 'contradiction' {
  effort.spend(raw.length + 50)
  let text = plainWords(raw).replace(/(\d) (st|nd|rd|th)\b/gi, '$1$2')
  const found: { readings: CalendarDate[]; written: string }[] = []
  for (const { pattern, read } of forms) {
    text = text.replace(pattern, (written: string, ...groups: unknown[]) => {
      const parts = groups.filter((part) => typeof part === 'string').slice(0, -1)
      if (found.length <= mostDates) found.push({ readings: read(parts, order), written })
      return foundMark
    })
    effort.spend(20)
  }
  const [first] = found
  if (first === undefined || found.some((mention) => !mention.readings.every(isDate) || mention.readings.length === 0))
    return 'none'
  const weekdays = new Set<number>()
  const around = text.replace(weekdayPattern, (_all, english?: string, hanzi?: string) => {
    weekdays.add(
      english === undefined
        ? '日一二三四五六'.indexOf(hanzi?.replace('天', '日') ?? '日')
        : weekdayNames.indexOf(english.toLowerCase().slice(0, 3)),
    )
    return ' '
  })
  const common = first.readings.filter((reading) =>
    found.every((mention) => mention.readings.some((other) => sameDate(reading, other) === 'same')),
  )
  if (found.length > mostDates || common.length === 0) return 'several'
  if (weekdays.size > 1) return 'contradiction'
  const [weekday] = weekdays
  const fitting = common.filter((reading) => fitsWeekday(reading, weekday))
  return fitting.length === 0 ? 'contradiction' : { readings: fitting, weekday, around, written: first.written }
}

function fitsWeekday({ year, month, day, shortYear }: CalendarDate, weekday: number | undefined): boolean {
  if (weekday === undefined || year === undefined || month === undefined || day === undefined || shortYear) return true
  return weekdayOf(year, month, day) === weekday
}

/**
 * `unsure` when only the century is open: 24 and 2024. A month and one of its days are different.
 */
export function sameDate(a: CalendarDate, b: CalendarDate): 'same' | 'unsure' | 'different' {
  if (a.month !== b.month || a.day !== b.day) return 'different'
  if (a.year === undefined || b.year === undefined || a.shortYear === b.shortYear) {
    return a.year === b.year ? 'same' : 'different'
  }
  return a.year % 100 === b.year % 100 ? 'unsure' : 'different'
}
