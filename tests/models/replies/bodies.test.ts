import { expect, it } from 'vitest'
import { meaningOf } from '../../../models/replies/meaning.ts'
import { asked, completion, meaning, said } from './answers.ts'

const four = JSON.stringify(completion({ content: 'four' }))
const chunk = (delta: unknown, finish: unknown = null) =>
  JSON.stringify({ model: 'gpt-4o', choices: [{ index: 0, delta, finish_reason: finish }] })
const stream = [chunk({ role: 'assistant', content: 'fo' }), chunk({ content: 'ur' }), chunk({}, 'stop')]
const html = '<!DOCTYPE html><html><head><title>Open WebUI</title></head><body></body></html>'

// The text of a 200, and what is kept of it.
it.each([
  ['JSON', four],
  ['a byte order mark', `\uFEFF${four}`],
  ['white space before it (DeepSeek waits so)', `\n\n\n   \n${four}`],
  ['comments before it (OpenRouter)', `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${four}`],
  ['JSON in JSON', JSON.stringify(four)],
  ['a list of one', `[${four}]`],
  ['numbers of Python', four.replace('"index":0', '"index":0,"logprob":NaN')],
  ['a stream that nobody asked for', `${stream.map((data) => `data: ${data}\n\n`).join('')}data: [DONE]\n\n`],
  ['a stream without the space', `${stream.map((data) => `data:${data}\n\n`).join('')}data:[DONE]\n\n`],
  ['a stream with CRLF', `${stream.map((data) => `data: ${data}\r\n\r\n`).join('')}data: [DONE]\r\n\r\n`],
  ['a stream without empty lines', `${stream.map((data) => `data: ${data}\n`).join('')}data: [DONE]\n`],
  ['a stream without its last line break', `${stream.map((data) => `data: ${data}\n\n`).join('')}data: [DONE]`],
  ['a stream with names and ids', stream.map((data, id) => `event: message\nid: ${id}\ndata: ${data}\n\n`).join('')],
  ['a stream with comments', `: ping\n\n${stream.map((data) => `data: ${data}\n\n: ping\n\n`).join('')}`],
  ['a list of chunks (Gemini)', `[${stream.join(',')}]`],
  ['JSON line by line', stream.join('\n')],
  [
    'JSON line by line (Ollama)',
    '{"model":"llava","message":{"role":"assistant","content":"fo"},"done":false}\n' +
      '{"model":"llava","message":{"role":"assistant","content":"ur"},"done":true,"done_reason":"stop","eval_count":2}\n',
  ],
])('%s', (_, text) => {
  expect(said(meaning(200, text))).toMatchObject({ kind: 'ok', reason: 'stop', text: 'four' })
})

// Why it is no reply, and whether its tokens count.
it.each([
  ['nothing', '', 'broken-reply', 'has no body', false],
  ['white space alone', ' \n', 'broken-reply', 'has no body', false],
  ['half of it', four.slice(0, 60), 'broken-reply', 'is not JSON', true],
  ['half of it after white space', `\n\n${four.slice(0, 60)}`, 'broken-reply', 'is not JSON', true],
  ['a word', 'OK', 'broken-reply', 'is not JSON: OK', false],
  ['a text in JSON', '"hello"', 'broken-reply', 'is not JSON', false],
  ['a page of a gateway', '<html><body>502 Bad Gateway</body></html>', 'broken-reply', 'Bad Gateway', false],
  ['a page of Cloudflare', '<!DOCTYPE html><title>Just a moment...</title>', 'broken-reply', 'moment', false],
  ['a stream of nothing', 'data: [DONE]\n\n', 'broken-reply', '', false],
  ['a stream that was cut', `data: ${stream[0]}\n\n`, 'stream-cut', 'before the reply was whole', true],
  [
    'a stream whose last chunk was cut',
    `data: ${stream[0]}\n\ndata: ${stream[1]!.slice(0, 9)}`,
    'stream-cut',
    '',
    true,
  ],
])('%s', (_, text, reason, detail, isPaid) => {
  const result = meaning(200, text)
  expect(said(result)).toMatchObject({ kind: 'failed', reason })
  expect(said(result).text).toContain(detail)
  expect('paid' in result && result.paid !== undefined).toBe(isPaid)
})

it('a page of an app is every row’s fault, if other calls get it too', () => {
  expect(said(meaning(200, html))).toMatchObject({
    kind: 'doubtful',
    reason: 'broken-reply',
    nextStep: expect.stringContaining('The API’s URL mostly ends in /v1'.replace('’', "'")),
  })
})

it('half a reply costs its prompt, and a token for four characters', () => {
  const result = meaningOf({ status: 200, headers: {}, text: '{"choices":[{"message', latencyMs: 5 }, asked())
  expect(result).toMatchObject({ paid: { promptTokens: 100, completionTokens: 6 } })
})

// An error inside a 200 means what its own status would mean.
it.each([
  ['OpenRouter, upstream down', { error: { message: 'Provider returned error', code: 502 } }, 'away', 'http-502'],
  ['OpenRouter, rate limit', { error: { message: 'Rate limit exceeded', code: 429 } }, 'overloaded', ''],
  ['OpenRouter, no credits', { error: { message: 'Insufficient credits', code: 402 } }, 'fatal', 'EndpointRefused'],
  ['OpenRouter, a key', { error: { message: 'No auth credentials found', code: 401 } }, 'doubtful', 'http-401'],
  ['an error as a text', { error: 'the model crashed' }, 'failed', 'error-in-reply'],
  ['FastAPI', { detail: 'Internal Server Error' }, 'failed', 'error-in-reply'],
  [
    'vLLM',
    { object: 'error', message: 'the model `x` does not exist', type: 'NotFoundError', code: 404 },
    'fatal',
    'EndpointRefused',
  ],
  ['Anthropic', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'away', 'http-529'],
  [
    'MiniMax, no money',
    { base_resp: { status_code: 1008, status_msg: 'insufficient balance' } },
    'fatal',
    'EndpointRefused',
  ],
  ['MiniMax, all well beside null', { choices: null, base_resp: { status_code: 0 } }, 'failed', 'broken-reply'],
  ['Tencent', { Response: { Error: { Code: 'InternalError', Message: 'try later' } } }, 'failed', 'error-in-reply'],
  ['Gemini’s list', [{ error: { code: 503, status: 'UNAVAILABLE', message: 'not now' } }], 'away', 'http-503'],
  ['a code in the body', { code: 500, msg: 'busy' }, 'failed', 'http-500'],
  [
    'llama.cpp',
    {
      error: {
        code: 400,
        message:
          'the request exceeds the available context size. try increasing the context size or enable context shift',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 14429,
        n_ctx: 8192,
      },
    },
    'refused',
    'http-400',
  ],
  [
    'argo-proxy',
    {
      error: {
        message: "Error code: 400 - {'error': {'message': 'The response was filtered...', 'code': 'content_filter'}}",
      },
    },
    'refused',
    'content-filter',
  ],
  [
    'an error of a choice',
    { choices: [{ error: { code: 502, message: 'upstream' }, finish_reason: 'error' }] },
    'away',
    'http-502',
  ],
  ['an unknown field', { error: { message: "Unsupported parameter: 'seed'", code: 400 } }, 'fatal', 'EndpointRefused'],
])('%s: an error inside a 200', (_, body, kind, reason) => {
  expect(said(meaning(200, body))).toMatchObject({ kind, reason })
})

it.each([
  [
    'a choice',
    { choices: [{ message: { content: 'half' }, error: { code: 502, message: 'x' }, finish_reason: 'error' }] },
    'http-502',
  ],
  [
    'a choice that is limited',
    { choices: [{ message: { content: 'half' }, error: { code: 429, message: 'x' } }] },
    'http-429',
  ],
  [
    'a stream',
    `data: ${stream[0]}\n\ndata: {"error":{"message":"upstream died"}}\n\ndata: [DONE]\n\n`,
    'error-in-reply',
  ],
])('an error after half a text of %s fails the call, and the text is paid', (_, body, reason) => {
  expect(meaning(200, body)).toMatchObject({ kind: 'failed', reason, paid: { promptTokens: 100, completionTokens: 1 } })
})

it('a filter that ends a stream is a refusal of the model, with the text so far', () => {
  const body = `data: ${stream[0]}\n\ndata: {"error":{"code":"content_filter","message":"filtered"}}\n\n`
  expect(said(meaning(200, body))).toMatchObject({ kind: 'ok', reason: 'refused', text: 'fo' })
})
