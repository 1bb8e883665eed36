import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Asked } from '../../../models/replies/answer.ts'
import { demandsStream } from '../../../models/replies/meaning.ts'
import { answer, asked, key, meaning, openaiError, said } from './answers.ts'

const e = openaiError

/**
 * Answers as their users reported them, one a line: the server, the status, the body, and what is
 * expected. Files, because the formatter would give each answer a dozen lines.
 */
const answersIn = (name: string) =>
  readFileSync(new URL(`./cases/${name}.jsonl`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => z.tuple([z.string(), z.number(), z.unknown()]).rest(z.string()).parse(JSON.parse(line)))

// The kind of the result and its reason, which is empty for a kind without one.
it.each(answersIn('kinds'))('%s: HTTP %i %j is %s (%s)', (_, status, body, kind, reason) => {
  expect(said(meaning(status, body))).toMatchObject({ kind, reason })
})

// What to change in the recipe.
it.each(answersIn('everyone'))('%s: HTTP %i %j ends the step', (_, status, body, step) => {
  const result = said(meaning(status, body))
  expect(result).toMatchObject({ kind: 'fatal', reason: 'EndpointRefused' })
  expect(result.nextStep).toContain(step)
  expect(result.text).toContain('endpoint "teacher" (https://api.example.com/v1, model "gpt-4o") refuses every request')
})

// What to do if it is everyone's.
it.each(answersIn('doubtful'))('%s: HTTP %i %j is for other calls to judge', (_, status, body, step) => {
  const result = said(meaning(status, body))
  expect(result).toMatchObject({ kind: 'doubtful', reason: `http-${status}` })
  expect(result.nextStep).toContain(step)
})

it.each([
  [301, { location: 'https://api.example.com/v1/chat/completions' }, 'https://api.example.com/v1'],
  [307, { location: 'https://other.example.com/api/chat/completions?x=1' }, 'https://other.example.com/api'],
  [308, { location: '/v2/chat/completions' }, '/v2'],
  [302, { location: 'https://login.example.com/' }, 'https://login.example.com/'],
  [304, {}, 'check the URL'],
])('a redirect with HTTP %i to %j ends the step, and says where to', (status, headers, step) => {
  const result = said(meaning(status, '', headers))
  expect(result).toMatchObject({ kind: 'fatal' })
  expect(result.nextStep).toContain(step)
})

it.each([
  [
    'vLLM',
    {
      object: 'error',
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 8192 tokens and your request has 20 input tokens (9000 > 8192 - 20).",
    },
    400,
    9000,
  ],
  [
    'Groq',
    e('Request too large for model `llama` on tokens per minute (TPM): Limit 8000, Requested 32979', {
      code: 'rate_limit_exceeded',
    }),
    413,
    32_000,
  ],
])('%s: a limit of the reply that is larger than everything ends the step', (_, body, status, maxTokens) => {
  const changes: Partial<Asked> = { size: { promptTokens: 20, maxTokens } }
  expect(said(meaning(status, body, {}, changes))).toMatchObject({
    kind: 'fatal',
    nextStep: expect.stringContaining('lower `maxTokens`'),
  })
  expect(said(meaning(status, body)).kind).toBe('refused')
})

it('asks for a key in the recipe where the endpoint names none', () => {
  const endpoint = { name: 'teacher', model: 'gpt-4o' }
  expect(said(meaning(401, '', {}, { endpoint })).nextStep).toContain('add apiKeyEnv')
})

it('refusals with other ids and counts have equal words', () => {
  const wordsOf = (id: string, count: number) => {
    const result = meaning(400, e(`something odd with ${count} things (request id: ${id})`))
    return result.kind === 'doubtful' ? result.words : undefined
  }
  expect(wordsOf('7ed765de-de61-9a89', 3)).toBe(wordsOf('2d8ec079-7ec1-956c', 12))
  expect(wordsOf('7ed765de', 3)).toContain('something odd')
})

it.each([
  [true, 400, e('This model only support stream mode, please enable the stream parameter to access the model. ')],
  [true, 400, e('parameter.enable_thinking must be set to false for non-streaming calls')],
  [true, 400, e('enable thinking can not be support when `stream=False`.')],
  [true, 400, e('Stream must be set to true')],
  [true, 400, e('Non-streaming requests are not supported')],
  [true, 200, { error: { message: 'This model only supports streaming' } }],
  [false, 400, e("Unsupported value: 'stream' does not support true with this model.")],
  [false, 400, e('too long')],
  [false, 200, { choices: [{ message: { content: 'only supports streaming' }, finish_reason: 'stop' }] }],
  [false, 302, 'only supports streaming'],
])('demands a stream: %s for HTTP %i %j', (expected, status, body) => {
  expect(demandsStream(answer(status, body))).toBe(expected)
})

it('quotes the message of a nested error, and no ids of its gateway', () => {
  const raw = '{"error":{"message":"upstream says no","code":"odd_code"}}'
  const body = { error: { message: 'Provider returned error', code: 400, metadata: { raw, provider_name: 'BaseTen' } } }
  expect(said(meaning(400, body)).text).toContain('HTTP 400: Provider returned error: upstream says no (odd_code)')
})

it('shows no key, wherever the server repeats it', () => {
  const bodies = [key, e(`Incorrect API key: ${key}`), { error: { code: key, message: 'no' } }, `<html>${key}`, [key]]
  for (const status of [200, 301, 400, 401, 403, 404, 429, 500, 503])
    for (const body of bodies) {
      const result = said(meaning(status, body, { location: `https://x.example.com/?key=${key}` }))
      expect(JSON.stringify(result)).not.toContain(key)
    }
  expect(asked().secrets).toEqual([key])
})
