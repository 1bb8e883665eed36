import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import { Limiters } from '../../models/limiters.ts'
import { openEngine, passing, pictured, question, range } from './asking.ts'
import { FakeEndpoint, lastText } from './fake-endpoint.ts'
import type { ChatRequest } from './fake-endpoint.ts'
import { ManualClock } from './manual-clock.ts'

let endpoint: FakeEndpoint
let limiters: Limiters
const engines: Engine[] = []

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  endpoint.latencyMs = 5
  limiters = new Limiters()
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
  await endpoint.stop()
})

const open = (options: Partial<EngineOptions> = {}): Engine => {
  const engine = openEngine({ endpoints: [endpoint.resolved({ concurrency: 2 })], limiters, ...options })
  engines.push(engine)
  return engine
}
const pictureOf = ({ messages }: ChatRequest): string => JSON.stringify(messages[0]?.content[0])

it('all samples of a picture reach the server together, whatever order pictures are ready in', async () => {
  const rows = range(20).map((row) => `picture${row}`)
  const dataUrl = async (hash: string) => {
    await new Promise((resolve) => setTimeout(resolve, (hash.length * 7 + hash.charCodeAt(hash.length - 1)) % 13))
    return `data:image/png;base64,${hash}`
  }
  const engine = open({ images: { dataUrl } })
  await Promise.all(rows.flatMap((row) => range(8).map((sample) => engine.ask(pictured(row, sample)))))
  const seen = endpoint.requests.map(pictureOf)
  const changes = seen.filter((picture, at) => picture !== seen[at - 1]).length
  expect(seen).toHaveLength(160)
  // With two slots, a call of the next row may start before the last call of a row.
  expect(changes).toBeLessThanOrEqual(30)
  const places = rows.map((row) => seen.flatMap((picture, at) => (picture.includes(`${row}"`) ? [at] : [])))
  for (const at of places) expect(at.at(-1)! - at[0]!).toBeLessThan(16)
})

it('requests of a higher priority pass waiting requests', async () => {
  const low = open({ priority: 0 })
  const high = open({ priority: 1 })
  const slow = range(20).map((n) => low.ask(question(`low ${n}`)))
  while (endpoint.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  const quick = range(4).map((n) => high.ask(question(`high ${n}`)))
  await Promise.all([...slow, ...quick])
  const seen = endpoint.requests.map(lastText)
  expect(Math.max(...range(4).map((n) => seen.indexOf(`high ${n}`)))).toBeLessThan(14)
})

it('a large engine leaves a small one its turns', async () => {
  const large = open()
  const small = open()
  const many = range(100).map((n) => large.ask(question(`many ${n}`)))
  while (endpoint.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  await Promise.all(range(5).map((n) => small.ask(question(`few ${n}`))))
  const seen = endpoint.requests.map(lastText)
  expect(Math.max(...range(5).map((n) => seen.indexOf(`few ${n}`)))).toBeLessThan(50)
  await Promise.all(many)
})

it('bodies are made for requests that go soon, not for all waiting requests', async () => {
  let prepared = 0
  const dataUrl = (hash: string) => {
    prepared++
    return Promise.resolve(`data:image/png;base64,${hash}`)
  }
  const engine = open({ images: { dataUrl } })
  const asking = range(500).map((n) => engine.ask(pictured(`p${n}`)))
  while (endpoint.requests.length < 20) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(prepared).toBeLessThan(200)
  await Promise.all(asking)
  expect(prepared).toBe(500)
})

it('an endpoint with a limit by the minute keeps it over all its servers', async () => {
  const second = await new FakeEndpoint().start()
  const both = endpoint.resolved({ baseUrls: [endpoint.url, second.url], requestsPerMinute: 600, concurrency: 16 })
  const clock = new ManualClock()
  const at: number[] = []
  for (const server of [endpoint, second]) server.misbehave = () => void at.push(clock.at)
  const engine = open({ endpoints: [both], clock })
  await passing(clock, Promise.all(range(16).map((n) => engine.ask(question(`q${n}`)))))
  // Ten calls at once, then ten calls a second.
  expect(Math.max(...at) - Math.min(...at)).toBeGreaterThan(500)
  await second.stop()
})

it('a 429 with the end of its minute holds all calls back until then, and shrinks no concurrency', async () => {
  endpoint.latencyMs = 0
  const headers = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '40s' }
  const clock = new ManualClock()
  let heldAt = 0
  let nextAt = 0
  endpoint.misbehave = (call) => {
    if (call === 3) heldAt = clock.at
    if (call === 6) nextAt = clock.at
    return call >= 3 && call <= 4 ? { status: 429, headers } : undefined
  }
  const engine = open({ clock })
  await passing(clock, Promise.all(range(12).map((n) => engine.ask(question(`q${n}`)))), 100)
  expect(nextAt - heldAt).toBeGreaterThanOrEqual(40_000)
  expect(endpoint.requests).toHaveLength(14)
  expect(limiters.for(endpoint.resolved({ concurrency: 2 })).state.window).toBe(2)
})
