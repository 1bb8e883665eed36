import { capped, durationMs, momentMs } from './durations.ts'

/** Headers of a reply by lower-case name. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** The text of a header; the first one of several; undefined for an absent or empty header. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  const text = (typeof value === 'string' ? value : value?.[0])?.trim()
  return text === '' ? undefined : text
}

/**
 * Milliseconds from now that `Retry-After` asks for: seconds, a date, or a duration such as `34s`.
 * Undefined when absent or unreadable.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  if (text === '') return undefined
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return capped(seconds * 1000)
  return durationMs(text) ?? momentMs(text, now)
}

/**
 * Milliseconds from now that a server asks for in headers: `retry-after-ms`, Azure's
 * `x-ms-retry-after-ms`, or `retry-after`.
 */
export function askedDelayMs(headers: Headers, now: number): number | undefined {
  const ms = Number(headerOf(headers, 'retry-after-ms') ?? headerOf(headers, 'x-ms-retry-after-ms') ?? Number.NaN)
  return Number.isFinite(ms) ? capped(ms) : retryAfterMs(headerOf(headers, 'retry-after'), now)
}

const resetName = /^((?:x-|anthropic-)?ratelimit\b.*?)reset\b(.*)$/

/**
 * Milliseconds until the limit by time that a server reports is free again: the longest reset of
 * the limits that are used up. Undefined when the headers name no such limit.
 *
 * Each header with `reset` in its name has one with `remaining` in the same place: `x-ratelimit-
 * reset-tokens`, `anthropic-ratelimit-input-tokens-reset`, `ratelimit-reset`. A reset is a duration
 * (`6m0s`, `250ms`), seconds, a date, or a time in seconds or milliseconds since 1970.
 */
export function rateLimitResetMs(headers: Headers, now: number): number | undefined {
  let longest: number | undefined
  for (const name of Object.keys(headers)) {
    const parts = resetName.exec(name)
    const reset = parts && headerOf(headers, name)
    if (!reset) continue
    const remaining = Number(headerOf(headers, `${parts[1]}remaining${parts[2]}`) ?? Number.NaN)
    if (!(remaining <= 0)) continue
    const ms = resetMs(reset, now)
    if (ms !== undefined) longest = Math.max(longest ?? 0, ms)
  }
  return longest
}

function resetMs(text: string, now: number): number | undefined {
  if (!/^\d{1,20}(\.\d{1,20})?$/.test(text)) return durationMs(text) ?? momentMs(text, now)
  const value = Number(text)
  if (value > 1e11) return capped(value - now)
  return capped(value > 1e8 ? value * 1000 - now : value * 1000)
}
