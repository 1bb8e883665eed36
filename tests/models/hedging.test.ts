import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Engine } from '../../models/engine.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { Latencies } from '../../models/latencies.ts'
import { Limiters } from '../../models/limiters.ts'
import { openEngine, question, range } from './asking.ts'
import { FakeEndpoint, lastText } from './fake-endpoint.ts'
import { MemoryReplies } from './memory-replies.ts'

let first: FakeEndpoint
let second: FakeEndpoint
let replies: MemoryReplies
let engine: Engine

beforeEach(async () => {
  first = await new FakeEndpoint().start()
  second = await new FakeEndpoint().start()
  replies = new MemoryReplies()
})
afterEach(async () => {
  await engine.close()
  await Promise.all([first.stop(), second.stop()])
})

/**
 * An engine that has sent a hundred calls to an endpoint. The endpoint has answered five hundred
 * calls within 10 ms each.
 */
async function open(changes: Partial<ResolvedEndpoint> = {}): Promise<void> {
  const endpoint = first.resolved({ hedge: { percentile: 95, minSeconds: 0.1 }, ...changes })
  const limiters = new Limiters()
  engine = openEngine({ endpoints: [endpoint], replies, limiters })
  await Promise.all(range(100).map((n) => engine.ask(question(`quick ${n}`))))
  for (const _ of range(500)) limiters.for(endpoint).latencies.note(10)
}
const calls = (text: string) =>
  [first, second].map(({ requests }) => requests.filter((request) => lastText(request) === text).length)
const attempts = (key: string) => replies.byKey.get(key)?.attempts

it('a call that takes unusually long gets a copy, whose reply counts, and the first call is aborted', async () => {
  await open()
  let seen = 0
  first.misbehave = (_, request) => (lastText(request) === 'slow' && ++seen === 1 ? { hang: true } : undefined)
  const reply = await engine.ask(question('slow'))
  expect(reply.text).toBe('reply to slow')
  expect(calls('slow')).toEqual([2, 0])
  expect(attempts(reply.key)).toBe(2)
  while (first.left === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(replies.byKey.size).toBe(101)
})

it('the copy goes to another server if there is one', async () => {
  await open({ baseUrls: [first.url, second.url] })
  for (const server of [first, second])
    server.misbehave = (_, request) =>
      lastText(request) === 'slow' && calls('slow')[0]! + calls('slow')[1]! < 2 ? { hang: true } : undefined
  await engine.ask(question('slow'))
  expect(calls('slow')).toEqual([1, 1])
})

it('the reply of a call that is faster than its copy counts, and the copy is aborted', async () => {
  await open()
  first.latencyMs = 500
  const reply = await engine.ask(question('slow'))
  expect(calls('slow')).toEqual([2, 0])
  expect(attempts(reply.key)).toBe(2)
  while (first.left === 0) await new Promise((resolve) => setTimeout(resolve, 5))
})

it('no more than one call in twenty gets a copy, and no call without a free slot', async () => {
  await open({ concurrency: 64 })
  first.latencyMs = 1000
  await Promise.all(range(40).map((n) => engine.ask(question(`slow ${n}`))))
  expect(first.requests.length).toBeLessThanOrEqual(147)
  expect(first.requests.length).toBeGreaterThan(140)
  const before = first.requests.length
  await Promise.all(range(128).map((n) => engine.ask(question(`full ${n}`))))
  expect(first.requests.length - before).toBeLessThanOrEqual(128 + 7)
})

it('a copy that fails harms nothing', async () => {
  await open()
  let seen = 0
  first.misbehave = (_, request) => (lastText(request) === 'slow' && ++seen === 2 ? { status: 500 } : undefined)
  first.latencyMs = 500
  const reply = await engine.ask(question('slow'))
  expect(reply.text).toBe('reply to slow')
  expect(attempts(reply.key)).toBe(2)
})

it('hedging is off by default', async () => {
  await open({ hedge: undefined })
  first.latencyMs = 500
  await engine.ask(question('slow'))
  expect(calls('slow')).toEqual([1, 0])
})

it('latencies have no percentile before fifty calls, and then that of the last five hundred calls', () => {
  const latencies = new Latencies()
  for (const n of range(49)) latencies.note(n)
  expect(latencies.percentile(95)).toBeUndefined()
  for (const n of range(1000)) latencies.note(n)
  expect(latencies.percentile(50)).toBeCloseTo(750, -2)
  expect(latencies.percentile(95)).toBeCloseTo(975, -2)
})
