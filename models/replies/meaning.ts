import { redacted } from '../../domain/redact.ts'
import type { CallResult } from '../call-result.ts'
import type { Answer, Asked } from './answer.ts'
import { bodyValue } from './body-value.ts'
import type { Completion } from './completion.ts'
import { saysStreamOnly } from './field-rules.ts'
import { errorInReply, meaningOfStatus } from './meaning-of-status.ts'
import type { Heard } from './meaning-of-status.ts'
import { estimated, readReply } from './read-reply.ts'
import type { Reading } from './read-reply.ts'
import { doubtful } from './refusal-errors.ts'
import { contentFilter } from './row-rules.ts'
import { errorIn, excerpt, quoteOf, wordsOf } from './server-words.ts'

/**
 * What the answer of a server means, with any status. Texts quote the server, without the secrets.
 * Never throws.
 */
export function meaningOf(answer: Answer, asked: Asked): CallResult {
  const value = answer.value === undefined ? bodyValue(answer.text) : answer.value
  const { status, headers, text } = answer
  if (status < 200 || status >= 300) return meaningOfStatus(heard(status, value, text, asked), headers, asked)
  if (value === undefined) return noReply(text, asked)
  const reading = readReply(value, asked.size)
  if (reading.kind === 'reply')
    return { kind: 'ok', completion: named(reading.completion, asked), latencyMs: answer.latencyMs }
  if (reading.kind === 'error') return errorInside(reading, answer, asked)
  const detail = `${reading.detail}: ${excerpt(text === '' ? JSON.stringify(value) : text, asked.secrets)}`
  return { kind: 'failed', reason: reading.reason, retryAfterMs: undefined, detail, paid: reading.paid }
}

/** Another name of the model is stored and shown, so it must hold no secret. */
function named(completion: Completion, { endpoint, secrets }: Asked): Completion {
  const { servedModel } = completion
  if (servedModel === null || servedModel === endpoint.model) return completion
  return { ...completion, servedModel: redacted(servedModel, secrets) }
}

function heard(status: number, value: unknown, text: string, { secrets }: Asked): Heard {
  const words = wordsOf(value, text)
  return {
    status,
    value,
    words,
    isHtml: isHtml(text),
    reason: `http-${status}`,
    detail: `HTTP ${status}: ${quoteOf(words, text, secrets)}`,
  }
}

const isHtml = (text: string): boolean =>
  /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]{0,500}?-->\s*)?<(!doctype html|html|head|body)\b/i.test(text.slice(0, 1000))

/**
 * Whether a page is whole, and no error page of a gateway: those pass, but a URL that leads to an
 * app leads there for every row.
 */
const isPageOfAnApp = (text: string): boolean =>
  /<(!doctype html|title|script|meta)\b/i.test(text.slice(0, 4000)) &&
  !/bad gateway|unavailable|gateway time-?out|maintenance|internal server error|just a moment|try again/i.test(
    text.slice(0, 20_000),
  )

/** A 2xx whose text has no value: a page of another server, an empty body, or half a reply. */
function noReply(text: string, asked: Asked): CallResult {
  const said = excerpt(text, asked.secrets)
  if (isHtml(text) && isPageOfAnApp(text)) {
    const step = `check the URL ${asked.baseUrl}: a web page answers there, and no API. The API's URL mostly ends in /v1`
    return doubtful(asked, 'broken-reply', `the reply is a web page: ${said}`, step)
  }
  const isEmpty = text.trim() === ''
  return {
    kind: 'failed',
    reason: 'broken-reply',
    retryAfterMs: undefined,
    detail: isEmpty ? 'the reply has no body' : `the reply is not JSON: ${said}`,
    // A text that begins like a reply was written by a model, and paid.
    paid: /^\s*[[{]/.test(text) ? estimated(text, asked.size) : undefined,
  }
}

/**
 * An error inside a 2xx means what its own status would mean. What was paid before it came is not
 * lost: the call failed then, and costs its tokens. A filter that ended a reply is a refusal of the
 * model.
 */
function errorInside(reading: Reading & { kind: 'error' }, answer: Answer, asked: Asked): CallResult {
  const said = heard(200, reading.error, '', asked)
  const status = said.words.status
  const detail = said.detail.replace(
    /^HTTP 200: /,
    status === undefined ? 'an error in place of a reply: ' : `error ${status} in place of a reply: `,
  )
  const inside: Heard = {
    ...said,
    status: status ?? 500,
    detail,
    reason: status === undefined ? errorInReply : `http-${status}`,
  }
  const result = meaningOfStatus(inside, answer.headers, asked)
  const { paid } = reading
  if (!paid || result.kind === 'ok' || result.kind === 'doubtful' || result.kind === 'fatal') return result
  if (result.kind !== 'refused') {
    const retryAfterMs = result.kind === 'silent' ? undefined : result.retryAfterMs
    return { kind: 'failed', reason: inside.reason, retryAfterMs, detail: result.detail, paid }
  }
  if (result.error.reason !== contentFilter) return result
  const completion = { ...paid, finishReason: 'refused' } as const
  return { kind: 'ok', completion, latencyMs: answer.latencyMs }
}

/**
 * Whether the server answers this request as a stream alone, so that it is sent again as a stream.
 */
export function demandsStream({ status, text, value }: Pick<Answer, 'status' | 'text' | 'value'>): boolean {
  if (status < 200 || (status >= 300 && status < 400)) return false
  const body = value === undefined ? bodyValue(text) : value
  if (status >= 300) return saysStreamOnly(wordsOf(body, text))
  const error = errorIn(body)
  return error !== undefined && saysStreamOnly(wordsOf(error, ''))
}
