import { parseJson } from '../../domain/json-text.ts'
import { redacted } from '../../domain/redact.ts'
import { fieldsOf, listOf, numberOf, textOf } from './foreign.ts'
import type { Fields } from './foreign.ts'

/** What a server says of an error, from any form of body. Texts are empty where it says nothing. */
export interface ServerWords {
  /** What a person reads: the message, and the message of the server behind a gateway. */
  message: string
  /** Codes and types. */
  codes: readonly string[]
  /** The field of the request that it names. */
  param: string
  /** The HTTP status that the error carries itself, e.g. inside a 200. */
  status: number | undefined
  /**
   * Messages and codes, for searches: in small letters, each on a line of its own. The body where
   * it has no message.
   */
  said: string
  /** `said` and the whole body. */
  all: string
}

/**
 * The error in a body; undefined for a body without one. Known forms: `error` as object or text,
 * `{"object":"error"}`, `detail` (FastAPI), `errors`, `message` or `msg` with a code, MiniMax's
 * `base_resp`, Tencent's `Response.Error`, DashScope's `code` and `message`, Gemini's list of one.
 */
export function errorIn(value: unknown): unknown {
  const body = fieldsOf(Array.isArray(value) && value.length === 1 ? value[0] : value)
  const { error } = body
  // Some gateways send an error of nulls beside each reply.
  if (textOf(error) !== undefined || Object.values(fieldsOf(error)).some(Boolean)) return body
  const response = fieldsOf(body['base_resp'])
  if ((numberOf(response['status_code']) ?? 0) !== 0) return response
  const tencent = fieldsOf(fieldsOf(body['Response'])['Error'])
  if (Object.keys(tencent).length > 0) return tencent
  if (/^error$/i.test(textOf(body['object']) ?? '') || body['type'] === 'error') return body
  // All other forms are errors only where there is no reply beside them.
  if (body['choices'] !== undefined || body['usage'] || Object.keys(fieldsOf(body['message'])).length > 0)
    return undefined
  const saying = ['detail', 'errors', 'error_msg', 'errorMessage', 'message', 'msg', 'Message'].some(
    (name) =>
      textOf(body[name]) !== undefined || listOf(body[name]).length > 0 || Object.keys(fieldsOf(body[name])).length > 0,
  )
  return saying ? body : undefined
}

const messageNames = [
  'message',
  'Message',
  'error_msg',
  'errorMessage',
  'status_msg',
  'msg',
  'detail',
  'error_description',
  'title',
]
const codeNames = [
  'code',
  'Code',
  'type',
  'error_type',
  'error_code',
  'errorCode',
  'status_code',
  'status',
  'object',
  'reason',
]

/** What a body says. `text` is the body itself, which is searched where it is not JSON. */
export function wordsOf(value: unknown, text: string): ServerWords {
  const body = fieldsOf(Array.isArray(value) && value.length === 1 ? value[0] : value)
  const layers = layersOf(body)
  const messages = unique(layers.flatMap(messagesOf))
  const codes = unique(layers.flatMap((layer) => codeNames.flatMap((name) => code(layer[name]))))
  const status = layers.map(statusIn).find((number) => number !== undefined)
  const param = layers.map((layer) => textOf(layer['param']) ?? fieldOfDetail(layer)).find((name) => name !== undefined)
  const message = messages.join(': ')
  const whole = text === '' && value !== undefined ? (JSON.stringify(value) ?? '') : text
  const said = [...(messages.length > 0 ? messages : [whole]), ...codes]
    .map((text) => text.replaceAll('\n', ' '))
    .join('\n')
    .toLowerCase()
  const all = `${said}\n${whole.toLowerCase()}`
  return { message, codes, param: param ?? '', status, said: cut(said), all: cut(all) }
}

// Longer texts are pages, whose rest says no more.
const cut = (text: string): string => text.slice(0, 20_000)

/** The body and the errors inside it, the innermost last. Gateways wrap the errors of others. */
function layersOf(body: Fields): Fields[] {
  const layers: Fields[] = []
  const add = (value: unknown, depth: number): void => {
    const parsed = typeof value === 'string' && /^\s*[[{]/.test(value) ? parseJson(value) : value
    const layer = fieldsOf(Array.isArray(parsed) ? parsed[0] : parsed)
    if (depth > 5 || Object.keys(layer).length === 0) return
    layers.push(layer)
    for (const name of [
      'error',
      'Error',
      'Response',
      'base_resp',
      'innererror',
      'inner_error',
      'metadata',
      'raw',
      'message',
      'detail',
      'errors',
    ])
      add(layer[name], depth + 1)
  }
  add(body, 0)
  return layers
}

function messagesOf(layer: Fields): string[] {
  if (listOf(layer['loc']).length > 0) return detailOf(layer)
  const said = messageNames.flatMap((name) => sentence(layer[name]))
  const plainError = textOf(layer['error'])
  const raw = textOf(layer['raw'])
  const errors = listOf(layer['errors']).flatMap((one) => textOf(one) ?? textOf(fieldsOf(one)['message']) ?? [])
  const details = listOf(layer['detail']).flatMap(detailOf)
  return [...said, ...(plainError ? sentence(plainError) : []), ...(raw ? sentence(raw) : []), ...errors, ...details]
}

/** A text that is not JSON: JSON is a layer of its own. */
const sentence = (value: unknown): string[] => {
  const text = textOf(value)?.trim()
  return text && !/^[[{]/.test(text) ? [text] : text && parseJson(text) === undefined ? [text] : []
}

/** One problem of FastAPI's list: where, and what. */
function detailOf(value: unknown): string[] {
  const detail = fieldsOf(value)
  const message = textOf(detail['msg']) ?? textOf(value)
  if (message === undefined) return []
  const where = listOf(detail['loc']).join('.')
  return [where === '' ? message : `${where}: ${message}`]
}

/** The request's field that FastAPI's problems are about: `seed` of `["body", "seed"]`. */
function fieldOfDetail(layer: Fields): string | undefined {
  for (const problem of [layer, ...listOf(layer['detail'])]) {
    const where = listOf(fieldsOf(problem)['loc'])
    const field = textOf(where[0] === 'body' ? where[1] : where[0])
    if (field !== undefined) return field
  }
  return undefined
}

const code = (value: unknown): string[] => {
  if (typeof value === 'number') return [String(value)]
  const text = textOf(value)
  return text !== undefined && text.length <= 80 ? [text] : []
}

// google.rpc.Code and Anthropic's and OpenAI's types of errors as HTTP statuses.
const statusOfNames: Readonly<Record<string, number>> = {
  invalid_argument: 400,
  failed_precondition: 400,
  out_of_range: 400,
  invalid_request_error: 400,
  badrequesterror: 400,
  unauthenticated: 401,
  authentication_error: 401,
  permission_denied: 403,
  permission_error: 403,
  not_found: 404,
  not_found_error: 404,
  notfounderror: 404,
  request_too_large: 413,
  resource_exhausted: 429,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  internal: 500,
  server_error: 500,
  api_error: 500,
  unavailable: 503,
  overloaded_error: 529,
  deadline_exceeded: 504,
  timeout_error: 504,
}

function statusIn(layer: Fields): number | undefined {
  for (const name of ['code', 'status', 'status_code', 'error_code', 'type']) {
    const number = numberOf(layer[name])
    if (number !== undefined && Number.isInteger(number) && number >= 400 && number < 600) return number
    const named = statusOfNames[(textOf(layer[name]) ?? '').toLowerCase()]
    if (named !== undefined) return named
  }
  return undefined
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

const longestExcerpt = 300

/** At most 300 characters of a text on one line, without secrets. */
export function excerpt(text: string, secrets: readonly string[]): string {
  // Twice, because joined lines may form a secret that has a space.
  const flat = redacted(redacted(text, secrets).slice(0, 20_000).replaceAll(/\s+/g, ' ').trim(), secrets)
  return flat === '' ? '(empty)' : flat.length > longestExcerpt ? `${flat.slice(0, longestExcerpt)}…` : flat
}

/** What the server says, for a person: its message with its codes, or the start of its body. */
export function quoteOf({ message, codes }: ServerWords, text: string, secrets: readonly string[]): string {
  if (message === '') return excerpt(text, secrets)
  const telling = codes.filter((one) => !/^(\d{3}|error)$/.test(one) && !message.includes(one))
  return excerpt(telling.length > 0 ? `${message} (${telling.join(', ')})` : message, secrets)
}
