/** Headers of a reply by lower-case name. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>

const longestMs = 3_600_000
const capped = (ms: number): number => Math.min(longestMs, Math.max(0, ms))

/**
 * Milliseconds from now that `Retry-After` asks for, in seconds or as a date; at most an hour.
 * Undefined when absent or unreadable.
 */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined || header.trim() === '') return undefined
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? capped(ms) : undefined
}

/**
 * Milliseconds until the limit by the minute that a 429 reports is free again: the longest reset of
 * the limits that are used up. Undefined when the headers name no such limit; then the 429 is about
 * load. The headers are `x-ratelimit-remaining` and `x-ratelimit-reset`, alone or followed by
 * `-requests` or `-tokens`. A reset is a duration (`6m0s`, `250ms`), seconds, or a time in seconds
 * or milliseconds since 1970.
 */
export function rateLimitResetMs(headers: Headers, now = Date.now()): number | undefined {
  let longest: number | undefined
  for (const of of ['', '-requests', '-tokens']) {
    const remaining = headers[`x-ratelimit-remaining${of}`]
    const reset = headers[`x-ratelimit-reset${of}`]
    if (typeof remaining !== 'string' || typeof reset !== 'string') continue
    const left = Number(remaining)
    if (!(left <= 0) || remaining.trim() === '') continue
    const ms = resetMs(reset, now)
    if (ms !== undefined) longest = Math.max(longest ?? 0, ms)
  }
  return longest
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

function resetMs(text: string, now: number): number | undefined {
  const trimmed = text.trim()
  if (/^\d{1,20}(\.\d{1,20})?$/.test(trimmed)) {
    const value = Number(trimmed)
    if (value > 1e11) return capped(value - now)
    return capped(value > 1e8 ? value * 1000 - now : value * 1000)
  }
  if (/^(\d{1,9}(\.\d{1,9})?(ms|[dhms]))+$/.test(trimmed)) {
    let ms = 0
    for (const [, value, unit = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g))
      ms += Number(value) * (unitMs[unit] ?? 0)
    return capped(ms)
  }
  const at = Date.parse(trimmed)
  return Number.isFinite(at) ? capped(at - now) : undefined
}
