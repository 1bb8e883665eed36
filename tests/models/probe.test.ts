import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { Connections } from '../../models/http/connections.ts'
import { probe } from '../../models/probe.ts'
import type { Probe, Probed } from '../../models/probe.ts'
import { Scope } from '../../models/scope.ts'
import { error, hi, html, json, said, silence, streamOnly, vllmError } from '../providers/answers.ts'
import type { Answering } from '../providers/answers.ts'
import { JumpingClock } from '../providers/jumping-clock.ts'
import { MockServer } from '../providers/mock-server.ts'
import { question } from './asking.ts'

const mock = new MockServer()
beforeAll(() => mock.start())
afterAll(() => mock.stop())

let servers = 0

/** Probes a server with these answers; `seconds` passed on the probe's clock. */
async function probed(
  answers: readonly Answering[],
  changes: Partial<ResolvedEndpoint> = {},
  models: readonly string[] = [],
) {
  const server = mock.add(`probe-${servers++}`, answers, null, hi, models)
  const clock = new JumpingClock()
  const waits: string[] = []
  const asked: Probe = {
    endpoint: {
      name: 'teacher',
      baseUrls: [server.url],
      model: 'mock',
      identity: 'mock',
      concurrency: 1,
      timeoutSeconds: 0.2,
      imageMaxPixels: 1_003_520,
      ...changes,
    },
    baseUrl: changes.baseUrls?.[0] ?? server.url,
    request: question('row 1'),
    images: { dataUrl: () => Promise.reject(new Error('no pictures')) },
    deadlineMs: 60_000,
    scope: new Scope(),
    env: {},
    connections: new Connections(),
    clock,
    onWaiting: (detail) => waits.push(detail),
  }
  const found: Probed = await clock.passing(probe(asked))
  return { found, calls: server.calls(), waits, seconds: clock.now() / 1000 }
}

it('a server that answers passes after one call', async () => {
  expect(await probed([hi])).toMatchObject({ found: { state: 'answered', note: null }, calls: 1, waits: [] })
})

it('a note says when another model answers', async () => {
  const { found } = await probed([said('Hi', 'stop', { model: 'gpt-4o' })])
  expect(found).toEqual({ state: 'answered', note: 'the model "gpt-4o" answers for "mock"' })
})

it('a server that demands streams passes where the endpoint streams', async () => {
  const { found } = await probed([streamOnly('only stream mode is supported')], { stream: 'auto' })
  expect(found).toEqual({ state: 'answered', note: null })
})

const unknownField = error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", {
  param: 'max_tokens',
  code: 'unsupported_parameter',
})

it.each([
  ['a field that the model refuses', [unknownField], /max_completion_tokens/, /maxTokensField|max_completion_tokens/],
  ['an unclear refusal', [error(400, 'Bad request')], /Bad request/, /./],
  ['a wrong key', [error(401, 'Incorrect API key')], /Incorrect API key/, /apiKeyEnv/],
  ['no money', [error(402, 'Insufficient Balance')], /Insufficient Balance/, /./],
  ['a web page', [html(200, 'Welcome to nginx!')], /nginx/, /URL/],
  [
    'too few tokens for the reply',
    [vllmError(400, "This model's maximum context length is 10 tokens.")],
    /context/,
    /maxTokens/,
  ],
  [
    'a picture',
    [error(400, 'At least one of the image dimensions exceed max allowed size: 8000 pixels')],
    /8000/,
    /imageMaxPixels/,
  ],
])('%s is refused at once, with the words and what to change', async (_, answers, words, nextStep) => {
  const { found, calls } = await probed(answers)
  expect(found).toMatchObject({ state: 'refused', error: { type: 'EndpointRefused' } })
  expect(found.state === 'refused' && found.error.message).toMatch(words)
  expect(found.state === 'refused' && found.error.nextStep).toMatch(nextStep)
  expect(calls).toBe(1)
})

const unknown = error(404, 'The model `mock` does not exist.', { code: 'model_not_found' })

it('an unknown model is refused with a name that is like it, or with the names of the server', async () => {
  const like = await probed([unknown], {}, ['other', 'mock-7b', 'mocks'])
  expect(like.found).toMatchObject({ error: { nextStep: 'did you mean the model "mocks"?' } })
  const strange = await probed([unknown], {}, ['Qwen2.5', 'llava'])
  expect(strange.found).toMatchObject({ error: { nextStep: 'use one of its models: Qwen2.5, llava' } })
})

it('a filter that dislikes the made-up question is a note', async () => {
  const { found } = await probed([error(400, 'flagged', { code: 'content_policy_violation' })])
  expect(found).toMatchObject({ state: 'answered', note: expect.stringContaining('flagged') })
})

const loading = json(503, { error: { code: 503, message: 'Loading model' } })

it('a model that loads is waited for, with a line on what is waited for', async () => {
  const { found, waits, calls } = await probed([loading, loading, loading, hi])
  expect({ found, calls }).toEqual({ found: { state: 'answered', note: null }, calls: 4 })
  expect(waits).toEqual(Array(3).fill(expect.stringContaining('Loading model')))
})

it('a model that loads for too long is silent, and no refusal', async () => {
  const { found, seconds } = await probed([loading])
  expect(found).toMatchObject({ state: 'silent', detail: expect.stringContaining('Loading model') })
  expect(seconds).toBeGreaterThan(40)
  expect(seconds).toBeLessThanOrEqual(60)
})

it('a delay that the server asks for beyond the deadline is not waited for', async () => {
  const { found, seconds } = await probed([error(429, 'Slow down', {}, { 'retry-after': '3600' })])
  expect(found).toMatchObject({ state: 'silent' })
  expect(seconds).toBeLessThan(5)
})

it('a reply that does not come in time is not asked for again, because it would be paid again', async () => {
  expect(await probed([silence])).toMatchObject({ found: { state: 'silent' }, calls: 1 })
})

it('a reply that is broken three times is silent', async () => {
  expect(await probed([said('')])).toMatchObject({ found: { state: 'silent' }, calls: 3 })
})

it('a port where nobody listens is unreachable, without a wait', async () => {
  const { found, waits } = await probed([hi], { baseUrls: ['http://127.0.0.1:9/v1'] })
  expect(found).toMatchObject({ state: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') })
  expect(waits).toEqual([])
})

it('a key that is not set throws MissingSecret', async () => {
  await expect(probed([hi], { apiKeyEnv: 'NO_SUCH_KEY' })).rejects.toMatchObject({ type: 'MissingSecret' })
})
