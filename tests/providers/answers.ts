/** How a mock server answers one call. An absent status means that no head is sent. */
export interface Answer {
  status?: number
  headers?: Readonly<Record<string, string>>
  /** Written one after the other, with `pauseMs` between. */
  body?: readonly (string | Buffer)[]
  pauseMs?: number
  /** After the body: the end as HTTP has it, a cut connection, or silence. `end` where absent. */
  after?: 'end' | 'cut' | 'silence'
  /** Bytes that are written to the socket as they are, instead of all of the above. */
  raw?: string
  /** Closes the kept-alive connection after the answer without a word, as idle gateways do. */
  closesAfter?: boolean
}

/** What the mock sees of a request. */
export interface Seen {
  /** Number of the row, from the text `row 7`. */
  row: number
  /** Number of this call of the row, from 1. */
  call: number
  body: Readonly<Record<string, unknown>>
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** The answer of a call, or a choice among answers. */
export type Answering = Answer | ((seen: Seen) => Answer)

export const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

/** JSON with a status. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: [JSON.stringify(value)],
})

/** Text with a status and a content type. */
export const text = (
  status: number,
  body: string,
  type = 'text/plain',
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers: { 'content-type': type, ...headers },
  body: [body],
})

export const html = (status: number, title: string): Answer =>
  text(
    status,
    `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
    'text/html',
  )

/** A chat completion with this message; `changes` overrides fields of the body. */
export const message = (fields: object, finish: unknown = 'stop', changes: object = {}): Answer =>
  json(200, { ...completion(fields, finish), ...changes })

export const completion = (fields: object, finish: unknown = 'stop') => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', ...fields }, finish_reason: finish }],
  usage,
})

/** A chat completion with this text. */
export const said = (content: unknown, finish: unknown = 'stop', changes: object = {}): Answer =>
  message({ content }, finish, changes)

export const hi = said('Hi')

/** An error in OpenAI's form. */
export const error = (
  status: number,
  words: string,
  fields: object = {},
  headers: Record<string, string> = {},
): Answer => json(status, { error: { message: words, type: 'invalid_request_error', param: null, ...fields } }, headers)

/** An error in the old form of vLLM and SGLang. */
export const vllmError = (status: number, words: string, type = 'BadRequestError'): Answer =>
  json(status, { object: 'error', message: words, type, param: null, code: status })

/** One chunk of a stream as an event. */
export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

/** A chunk with this delta. */
export const chunk = (delta: object, finish: unknown = null, changes: object = {}): string =>
  event({
    object: 'chat.completion.chunk',
    model: 'mock',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...changes,
  })

export const done = 'data: [DONE]\n\n'
export const usageChunk = event({ object: 'chat.completion.chunk', model: 'mock', choices: [], usage })

/** A stream of these events. */
export const stream = (...body: readonly string[]): Answer => ({
  status: 200,
  headers: { 'content-type': 'text/event-stream' },
  body,
})

/** A whole stream with this text, a word a chunk. */
export const streamed = (words: string, finish = 'stop'): Answer =>
  stream(
    chunk({ role: 'assistant', content: '' }),
    ...words.split(/(?<= )/).map((content) => chunk({ content })),
    chunk({}, finish),
    usageChunk,
    done,
  )

/** Streams where it is asked to, and refuses with these words where it is not. */
export const streamOnly =
  (words: string, fields: object = {}, status = 400): Answering =>
  ({ body }) =>
    body['stream'] === true ? streamed('Hi') : error(status, words, fields)

export const silence: Answer = { after: 'silence' }
export const reset: Answer = { after: 'cut' }
