import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../models/engine.ts'
import { failureOf, openEngine, question, range } from './asking.ts'
import { completion, FakeEndpoint, lastText } from './fake-endpoint.ts'
import type { Misbehaviour } from './fake-endpoint.ts'
import { MemoryReplies } from './memory-replies.ts'

let endpoint: FakeEndpoint
let replies: MemoryReplies
let engine: Engine

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  replies = new MemoryReplies()
  engine = openEngine({
    endpoints: [endpoint.resolved({ concurrency: 16 })],
    replies,
    retries: { attempts: 3, baseMs: 5 },
  })
})
afterEach(async () => {
  await engine.close()
  await endpoint.stop()
})

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ('reason' in error ? String(error.reason) : error.message) : String(error)
const ask = (text: string) =>
  engine.ask(question(text)).then(
    (reply) => reply.text,
    (error: unknown) => reasonOf(error),
  )
const callsOf = (text: string) => endpoint.requests.filter((request) => lastText(request) === text).length

describe.each([400, 403, 404, 413, 422])('a %i for one row', (status) => {
  it('costs one request, and other rows nothing', async () => {
    endpoint.misbehave = (_, request) => (lastText(request).startsWith('bad') ? { status } : undefined)
    // The first requests are bad, when the engine cannot know yet whether the server is at fault.
    const texts = ['bad 1', 'bad 2', 'bad 3', ...range(40).map((n) => `good ${n}`), 'bad 4', 'bad 5']
    const outcomes = await Promise.all(texts.map(ask))
    texts.forEach((text, at) =>
      expect(outcomes[at]).toBe(text.startsWith('bad') ? `http-${status}` : `reply to ${text}`),
    )
    expect(endpoint.requests).toHaveLength(texts.length)
  })
})

describe.each([403, 404])('a %i for every row', (status) => {
  it('ends the endpoint after a few requests', async () => {
    endpoint.misbehave = () => ({ status })
    const errors = await Promise.all(range(100).map((n) => failureOf(engine.ask(question(`q${n}`)))))
    expect(errors[0]).toMatchObject({ type: 'EndpointRefused' })
    expect(endpoint.requests.length).toBeLessThanOrEqual(32)
  })

  it('ends the endpoint after 64 refusals in a row if it answered before', async () => {
    await ask('good')
    endpoint.misbehave = () => ({ status })
    const errors = await Promise.all(range(200).map((n) => failureOf(engine.ask(question(`q${n}`)))))
    const rows = errors.filter((error) => reasonOf(error) === `http-${status}`)
    expect(rows.length).toBeLessThanOrEqual(64)
    expect(errors.at(-1)).toMatchObject({ type: 'EndpointRefused' })
  })
})

it('a 404 beside rows that wait to be tried again is the fault of its row', async () => {
  endpoint.misbehave = (_, request) => {
    if (lastText(request) === 'bad') return { status: 404 }
    return callsOf('late') < 3 ? { status: 500 } : undefined
  }
  expect(await Promise.all(['bad', 'late'].map(ask))).toEqual(['http-404', 'reply to late'])
})

describe('broken replies', () => {
  it.each([
    ['HTML', '<html><body>502 Bad Gateway</body></html>'],
    ['nothing', ''],
    ['half of it', completion('long').slice(0, 40)],
    ['another shape', '{"text":"hello"}'],
    ['null', 'null'],
    ['no choice', '{"choices":[]}'],
    ['a choice without a message', '{"choices":[{"finish_reason":"stop"}]}'],
    ['a text that is none', '{"choices":[{"message":{"content":7}}]}'],
    ['an error as a success', '{"error":{"message":"the model crashed","code":500}}', 'http-500'],
    ['an empty text', '{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}', 'empty-reply'],
  ])('%s is tried again and then fails its row', async (_, body, reason = 'broken-reply') => {
    endpoint.misbehave = () => ({ status: 200, body })
    expect(await ask('a')).toBe(reason)
    expect(endpoint.requests).toHaveLength(3)
    expect(replies.byKey.size).toBe(0)
  })

  it('usage in another shape is ignored, and the text counts', async () => {
    const message = { role: 'assistant', content: 'fine' }
    const usage = { prompt_tokens: [3] }
    endpoint.misbehave = () => ({ status: 200, body: JSON.stringify({ choices: [{ message }], usage }) })
    expect(await ask('a')).toBe('fine')
  })
})

it('of a server with three bad answers in ten leave every row with its reason or its reply, exactly once', async () => {
  const bad: readonly [Misbehaviour, string][] = [
    [{ status: 429, headers: { 'retry-after': '0.01' } }, 'http-429'],
    [{ status: 500 }, 'http-500'],
    [{ hang: true }, 'timeout'],
    [{ status: 200, body: '<html>' }, 'broken-reply'],
    [{ cut: true }, 'connection-lost'],
  ]
  const fated = (text: string) => /^fated (\d)/.exec(text)?.[1]
  endpoint.misbehave = (call, request) => {
    const fate = fated(lastText(request))
    if (fate !== undefined) return bad[Number(fate)]![0]
    return call % 10 < 3 ? bad[call % bad.length]![0] : undefined
  }
  await engine.close()
  engine = openEngine({
    endpoints: [endpoint.resolved({ timeoutSeconds: 0.5, concurrency: 16 })],
    replies,
    retries: { attempts: 6, baseMs: 5 },
  })
  const texts = range(300).map((n) => (n % 60 === 1 ? `fated ${1 + (Math.floor(n / 60) % 4)} ${n}` : `row ${n}`))
  const outcomes = await Promise.all(texts.map(ask))
  texts.forEach((text, at) => {
    const fate = fated(text)
    expect(outcomes[at]).toBe(fate === undefined ? `reply to ${text}` : bad[Number(fate)]![1])
  })
  expect(replies.byKey.size).toBe(texts.filter((text) => fated(text) === undefined).length)
  expect(replies.saves.reduce((sum, count) => sum + count, 0)).toBe(replies.byKey.size)
  expect(callsOf(texts[0]!)).toBe(6)
})
