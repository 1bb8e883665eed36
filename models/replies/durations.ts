/**
 * The longest delay that a timer of Node can wait: 24.8 days. The engine decides what is too long.
 */
const longestDelayMs = 2 ** 31 - 1

/** Milliseconds from now that a timer can wait: not before now, and not too long. */
export const capped = (ms: number): number => Math.min(longestDelayMs, Math.max(0, ms))

const unit = String.raw`(?:milliseconds?|millis|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b`
/** Source of a pattern of durations: `1.2s`, `6m0s`, `20 seconds`, `1 minute and 30 seconds`. */
const pattern = String.raw`(?:\d{1,12}(?:\.\d{1,12})?\s?(?:${unit}|(?:ms|[dhms])(?=\d))(?:,? and |, | )?)+`
const part = /(\d+(?:\.\d+)?)\s?([a-z]+)/g

function msOfUnit(name: string): number {
  if (/^(ms|milli)/.test(name)) return 1
  if (name.startsWith('s')) return 1000
  if (name.startsWith('m')) return 60_000
  return name.startsWith('h') ? 3_600_000 : 86_400_000
}

const whole = new RegExp(`^${pattern}$`, 'i')

/** Milliseconds of a duration with units; undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed.length > 100 || !whole.test(trimmed)) return undefined
  let ms = 0
  for (const [, value, name = ''] of trimmed.toLowerCase().matchAll(part)) ms += Number(value) * msOfUnit(name)
  return capped(Math.ceil(ms))
}

/** Milliseconds until a date; undefined for any other text. */
export function momentMs(text: string, now: number): number | undefined {
  const at = Date.parse(text)
  return Number.isFinite(at) ? capped(at - now) : undefined
}

const verb = String.raw`(?:try again|try it again|retry(?:ing)?|resets?|available(?: again)?|wait)(?: your request| again)?`
const delay = new RegExp(`${verb}:? (?:(?:in|after|for|at least|about) ){0,2}(${pattern})`, 'i')
const moment = new RegExp(
  String.raw`${verb}:? (?:at|after|on|by):? (\d{4}-\d\d-\d\d[ t]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:z|utc|[+-]\d\d:?\d\d))?)`,
  'i',
)

/**
 * Milliseconds that a sentence asks to wait: "Please try again in 6m0s", "retry after 26 seconds",
 * "Limit resets at: 2025-11-01 12:00:00 UTC". A time without a zone is read as UTC. Undefined for a
 * text that names no delay.
 */
export function delayInText(text: string, now: number): number | undefined {
  const named = delay.exec(text)?.[1]
  if (named !== undefined) return durationMs(named.replace(/[,\s]+(?:and\s*)?$/i, ''))
  const at = moment.exec(text)?.[1]?.toUpperCase()
  if (at === undefined) return undefined
  return momentMs(/(Z|UTC|[+-]\d\d:?\d\d)$/.test(at) ? at : `${at}Z`, now)
}
