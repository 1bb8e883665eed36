import { delayInText, durationMs } from './durations.ts'
import { fieldsOf, listOf, numberOf, textOf } from './foreign.ts'
import { askedDelayMs, rateLimitResetMs } from './rate-headers.ts'
import type { Headers } from './rate-headers.ts'
import type { ServerWords } from './server-words.ts'

/** What a server says of the time of the next call, in milliseconds from now. */
export interface Delays {
  /** It asks to wait so long. */
  askedMs: number | undefined
  /** A limit by time that is used up is free again then. */
  resetMs: number | undefined
}

/** The delays in headers, in a body and in the words of a message; on any status. */
export function delaysOf(headers: Headers, value: unknown, words: ServerWords, now: number): Delays {
  return {
    askedMs: askedDelayMs(headers, now) ?? delayInBody(value) ?? delayInText(words.message, now),
    resetMs: rateLimitResetMs(headers, now) ?? rateLimitResetMs(headersInBody(value), now),
  }
}

/** The error of a body, which Gemini sends in a list of one. */
const errorOf = (value: unknown) => fieldsOf(fieldsOf(Array.isArray(value) ? value[0] : value)['error'])

/**
 * Google's RetryInfo (`"34s"`), Hugging Face's estimated_time and others' retry_after, in seconds.
 */
function delayInBody(value: unknown): number | undefined {
  const error = errorOf(value)
  for (const detail of listOf(error['details'])) {
    const ms = durationMs(textOf(fieldsOf(detail)['retryDelay']) ?? '')
    if (ms !== undefined) return ms
  }
  for (const place of [error, fieldsOf(error['metadata']), fieldsOf(value)])
    for (const name of ['estimated_time', 'retry_after', 'retry_after_seconds', 'retryAfter']) {
      const seconds = numberOf(place[name])
      if (seconds !== undefined && seconds >= 0) return durationMs(`${seconds.toFixed(3)}s`)
    }
  return undefined
}

/** OpenRouter gives the headers of the limit in the body. */
function headersInBody(value: unknown): Headers {
  const headers = fieldsOf(fieldsOf(errorOf(value)['metadata'])['headers'])
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name.toLowerCase(), textOf(text) ?? numberOf(text)?.toString()]),
  )
}
