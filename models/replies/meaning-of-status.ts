import { AskFailure } from '../ask.ts'
import type { CallResult } from '../call-result.ts'
import type { Asked } from './answer.ts'
import { delaysOf } from './delays.ts'
import type { Delays } from './delays.ts'
import { accessStep, everyoneRule, moneyStep, placeStep, saysNoMoney } from './everyone-rules.ts'
import { fieldRefusal, lowerMaxTokens } from './field-rules.ts'
import { saysAway, saysLimitByTime, saysOverload } from './load-words.ts'
import { headerOf } from './rate-headers.ts'
import type { Headers } from './rate-headers.ts'
import { doubtful, everyonesError } from './refusal-errors.ts'
import { asksTooMuch, rowReason, saysTooLarge } from './row-rules.ts'
import { redacted } from '../../domain/redact.ts'
import type { ServerWords } from './server-words.ts'

/** Reason of an error inside a 2xx that names no status. */
export const errorInReply = 'error-in-reply'

/**
 * An error as it was heard: its status, its words, and the short code and text of a row's failure.
 */
export interface Heard {
  status: number
  value: unknown
  words: ServerWords
  isHtml: boolean
  reason: string
  detail: string
}

// A time-out of a gateway before the server: no whole reply came in time. 524 is Cloudflare's.
const silentStatuses = new Set([408, 504, 524, 598, 599])
// Gateways that cannot reach the server. 521 to 530 are Cloudflare's, 529 Anthropic's.
const awayStatuses = new Set([502, 503, 521, 522, 523, 525, 526, 527, 529, 530])
// May pass: conflicts, too early, a failed dependency; 499 is a gateway whose own call was
// cancelled.
const passingStatuses = new Set([409, 423, 424, 425, 499])
// The server does not do what was asked, and will not for another row.
const lastingStatuses = new Set([501, 505, 506, 511])

/**
 * What an error means, by its words and then by its status. Words count before the status, because
 * gateways send one problem with many statuses.
 */
export function meaningOfStatus(heard: Heard, headers: Headers, asked: Asked): CallResult {
  const { status, words, detail } = heard
  const fatal = (nextStep: string): CallResult => ({ kind: 'fatal', error: everyonesError(asked, detail, nextStep) })
  if (status >= 300 && status < 400) return redirect(heard, headers, asked)
  if (status === 407)
    return fatal(`give the proxy's name and password in \`proxy\` of the endpoint "${asked.endpoint.name}"`)
  const delays = delaysOf(headers, heard.value, words, asked.now)
  if (status >= 400 && !silentStatuses.has(status) && !awayStatuses.has(status)) {
    const known = knownWords(heard, delays, asked)
    if (known) return known
  }
  const retryAfterMs = delays.askedMs ?? delays.resetMs
  if (status === 429 || status === 498) return limitOf(heard, delays)
  if (status === 503 && !saysAway(words)) {
    if (delays.resetMs !== undefined || saysOverload(words)) return limitOf(heard, delays)
    if (everyoneRule(words) || saysNoMoney(words)) return knownWords(heard, delays, asked) ?? away(heard, retryAfterMs)
  }
  // `silent` carries no delay, and a named delay is to be kept.
  if (silentStatuses.has(status) && retryAfterMs === undefined) return { kind: 'silent', reason: heard.reason, detail }
  if (awayStatuses.has(status)) return away(heard, retryAfterMs)
  const isLasting = status >= 400 && status < 500 && !passingStatuses.has(status) && !silentStatuses.has(status)
  if (isLasting || lastingStatuses.has(status)) return doubtful(asked, heard.reason, detail, stepOf(heard, asked))
  return { kind: 'failed', reason: heard.reason, retryAfterMs, detail, paid: undefined }
}

const away = ({ reason, detail }: Heard, retryAfterMs: number | undefined): CallResult => ({
  kind: 'away',
  reason,
  detail,
  retryAfterMs,
})

/** The meaning of words that are known; undefined for others. */
function knownWords(heard: Heard, delays: Delays, asked: Asked): CallResult | undefined {
  const { status, words, detail } = heard
  const fatal = (step: string): CallResult => ({ kind: 'fatal', error: everyonesError(asked, detail, step) })
  if (status === 402 || saysNoMoney(words)) return fatal(moneyStep(asked))
  if (saysAway(words) && status !== 401) return away(heard, delays.askedMs ?? delays.resetMs)
  if (asksTooMuch(words, asked)) return fatal(`${lowerMaxTokens} in the recipe`)
  // A 429 is about load, unless this very request is larger than the limit.
  if (status === 429 && !saysTooLarge(words)) return undefined
  const row = status === 401 ? undefined : rowReason(words, status)
  if (row !== undefined) return refused(row, detail)
  if (status === 413) return refused(heard.reason, `${detail}. Smaller pictures (imageMaxPixels) make requests smaller`)
  return knownOfEveryone(heard, asked)
}

/** A refusal of a field, a model or an access, which is every row's. */
function knownOfEveryone({ status, words, detail, reason }: Heard, asked: Asked): CallResult | undefined {
  const isAboutAccess = status === 401 || status === 403 || status === 404
  const rule = everyoneRule(words)
  const known =
    (isAboutAccess ? undefined : fieldRefusal(words, asked)) ??
    (rule && { isCertain: rule.isCertain, nextStep: rule.nextStep(asked) })
  if (!known) return undefined
  // A 5xx may be a fault that passes, whatever it says.
  const isOfServer = status >= 500 && reason !== errorInReply
  if (known.isCertain && !isOfServer) return { kind: 'fatal', error: everyonesError(asked, detail, known.nextStep) }
  return isOfServer && !known.isCertain && !rule ? undefined : doubtful(asked, reason, detail, known.nextStep)
}

const refused = (reason: string, detail: string): CallResult => ({
  kind: 'refused',
  error: new AskFailure(reason, detail),
})

/** A limit by time, if the server says when it is free again; otherwise a limit of load. */
function limitOf({ status, words, detail }: Heard, { askedMs, resetMs }: Delays): CallResult {
  if (resetMs !== undefined) return { kind: 'limited', status, retryAfterMs: askedMs ?? resetMs, detail }
  if (askedMs !== undefined && saysLimitByTime(words)) return { kind: 'limited', status, retryAfterMs: askedMs, detail }
  return { kind: 'overloaded', status, retryAfterMs: askedMs, detail }
}

/**
 * A redirect is not followed: a POST would become a GET, and the key would go to another server.
 */
function redirect({ status, detail }: Heard, headers: Headers, asked: Asked): CallResult {
  const to = headerOf(headers, 'location')
  const where = to === undefined ? '' : redacted(to, asked.secrets).slice(0, 200)
  const step =
    where === ''
      ? `check the URL ${asked.baseUrl} of the endpoint "${asked.endpoint.name}"`
      : `set the URL of the endpoint "${asked.endpoint.name}" in the recipe to where the server sends it: ${withoutPath(where)}`
  const said = where === '' ? detail : `HTTP ${status}, a redirect to ${where}`
  return { kind: 'fatal', error: everyonesError(asked, said, step) }
}

const withoutPath = (url: string): string => url.replace(/\/chat\/completions\/?(\?.*)?$/, '')

function stepOf({ status, isHtml, words }: Heard, asked: Asked): string {
  if (/subscription key|ocp-apim|api-key header/.test(words.all))
    return `${accessStep(asked)}; a server of Azure needs \`provider: azure\``
  if (status === 401 || (status === 403 && !isHtml)) return accessStep(asked)
  if (status === 403)
    return `${accessStep(asked)}; the answer is a web page, so a gateway before the server may refuse: check the URL ${asked.baseUrl}`
  if (status === 404 || status === 405 || status === 410 || status >= 500) return placeStep(asked)
  return `change what the server refuses at the endpoint "${asked.endpoint.name}" in the recipe (\`omit\`, \`body\`, \`maxTokensField\`, \`model\`)`
}
