import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import { Outage } from '../../models/failures.ts'
import { Limiters } from '../../models/limiters.ts'
import { askFailureOf, openEngine, passing, question } from './asking.ts'
import { FakeEndpoint, lastText } from './fake-endpoint.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryReplies } from './memory-replies.ts'

let endpoint: FakeEndpoint
let replies: MemoryReplies
const engines: Engine[] = []

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  replies = new MemoryReplies()
})

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
  await endpoint.stop()
})

function engineWith(changes: Partial<EngineOptions> = {}): Engine {
  const engine = openEngine({ endpoints: [endpoint.resolved()], replies, ...changes })
  engines.push(engine)
  return engine
}

describe('failures of one row', () => {
  it.each([
    ['500s', { status: 500, body: 'boom' }, 'http-500'],
    ['broken JSON', { status: 200, body: '{"choices": [' }, 'broken-reply'],
    ['an empty body', { status: 200, body: '' }, 'broken-reply'],
    ['no choices', { status: 200, body: '{"choices":[]}' }, 'broken-reply'],
    ['a cut connection', { cut: true }, 'connection-lost'],
  ])('tries %s again, then gives the row up with the reason', async (_, misbehaviour, reason) => {
    endpoint.misbehave = () => misbehaviour
    const error = await askFailureOf(engineWith().ask(question('a')))
    expect(error).toMatchObject({ name: 'AskFailure', reason })
    expect(error.message).toContain('after 3 calls')
    expect(endpoint.requests).toHaveLength(3)
    expect(replies.byKey.size).toBe(0)
  })

  it('succeeds when the failure passes', async () => {
    endpoint.misbehave = (call) => (call < 3 ? { status: 502 } : undefined)
    const reply = await engineWith().ask(question('a'))
    expect(reply.text).toBe('reply to a')
    expect(replies.byKey.get(reply.key)?.attempts).toBe(3)
  })

  it('tries a 400 once', async () => {
    endpoint.misbehave = () => ({ status: 400, body: '{"error":"too long"}' })
    const error = await askFailureOf(engineWith().ask(question('a')))
    expect(error).toMatchObject({ reason: 'http-400' })
    expect(endpoint.requests).toHaveLength(1)
  })

  it('ends a call that hangs', async () => {
    endpoint.misbehave = () => ({ hang: true })
    const engine = engineWith({
      endpoints: [endpoint.resolved({ timeoutSeconds: 0.1 })],
      retries: { attempts: 2, baseMs: 5 },
    })
    expect(await askFailureOf(engine.ask(question('a')))).toMatchObject({ reason: 'timeout' })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('lets new work pass while a row waits for its retry', async () => {
    endpoint.misbehave = (_, request) => (lastText(request) === 'bad' ? { status: 500 } : undefined)
    const engine = engineWith({
      endpoints: [endpoint.resolved({ concurrency: 1 })],
      retries: { attempts: 2, baseMs: 200 },
    })
    const bad = askFailureOf(engine.ask(question('bad')))
    await engine.ask(question('good'))
    expect(endpoint.requests.map(lastText)).toEqual(['bad', 'good'])
    expect(await bad).toMatchObject({ reason: 'http-500' })
  })
})

describe('failures of every row', () => {
  it.each([401, 403, 404])('ends on HTTP %i with what to do', async (status) => {
    endpoint.misbehave = () => ({ status })
    const error = await askFailureOf(engineWith().ask(question('a')))
    expect(error.type).toBe('EndpointRefused')
    expect(error.message).toContain('"teacher"')
    expect(error.nextStep).toContain(status === 404 ? 'ends in /v1' : 'apiKeyEnv')
    expect(endpoint.requests).toHaveLength(1)
  })

  it('refuses an unknown endpoint', async () => {
    const error = await askFailureOf(engineWith().ask(question('a', { endpoint: 'techer' })))
    expect(error).toMatchObject({ type: 'InvalidRecipe', nextStep: 'use one of teacher' })
  })

  it('reports an endpoint without a server to all waiting rows, with the URL and the next step', async () => {
    await endpoint.stop()
    const engine = engineWith({ downLimitMs: 300 })
    const errors = await Promise.all([1, 2, 3].map((n) => askFailureOf(engine.ask(question(`q${n}`)))))
    for (const error of errors) {
      expect(error).toBeInstanceOf(Outage)
      expect(error.message).toContain(`http://127.0.0.1:${endpoint.port}/v1`)
      expect(error.message).toContain('Check that the model server runs')
    }
    await endpoint.start()
  })

  it('waits for a server that comes back, and uses no attempt meanwhile', async () => {
    const port = endpoint.port
    await endpoint.stop()
    const engine = engineWith({ retries: { attempts: 1, baseMs: 5 } })
    const answers = Promise.all([1, 2, 3].map((n) => engine.ask(question(`q${n}`))))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await endpoint.start(port)
    expect((await answers).map((reply) => reply.text)).toEqual(['reply to q1', 'reply to q2', 'reply to q3'])
  })
})

describe('load', () => {
  it('never runs more calls than the endpoint’s concurrency, also with two engines', async () => {
    endpoint.latencyMs = 5
    const limiters = new Limiters()
    const options = { endpoints: [endpoint.resolved({ concurrency: 4 })], limiters }
    const [one, two] = [engineWith(options), engineWith(options)]
    const asks = Array.from({ length: 40 }, (_, index) => (index % 2 ? one : two).ask(question(`q${index}`)))
    await Promise.all(asks)
    expect(endpoint.peak).toBe(4)
  })

  it('loses no row with a server that takes half the concurrency, and is rarely refused', async () => {
    let rejected = 0
    endpoint.latencyMs = 20
    endpoint.misbehave = () => {
      if (endpoint.running <= 16) return undefined
      rejected++
      return { status: 429, headers: { 'retry-after': '0.1' } }
    }
    const engine = engineWith({
      endpoints: [endpoint.resolved({ concurrency: 32 })],
      retries: { attempts: 1, baseMs: 20 },
    })
    const asks = Array.from({ length: 400 }, (_, index) => engine.ask(question(`q${index}`)))
    expect(await Promise.all(asks)).toHaveLength(400)
    expect(rejected).toBeLessThan(80)
  })

  it('honours Retry-After', async () => {
    const clock = new ManualClock()
    const at: number[] = []
    endpoint.misbehave = (call) => {
      at.push(clock.at)
      return call === 1 ? { status: 429, headers: { 'retry-after': '40' } } : undefined
    }
    await passing(clock, engineWith({ clock }).ask(question('a')), 100)
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(40_000)
  })
})

it('lets a refused row wait as long as the server asks, while other rows run', async () => {
  const clock = new ManualClock()
  const at: number[] = []
  endpoint.misbehave = (_, request) => {
    if (lastText(request) !== 'refused') return undefined
    at.push(clock.at)
    return at.length === 1 ? { status: 429, headers: { 'retry-after': '60' } } : undefined
  }
  const engine = engineWith({ clock })
  const refused = engine.ask(question('refused'))
  await passing(clock, Promise.all(['a', 'b', 'c'].map((text) => engine.ask(question(text)))))
  expect(at).toHaveLength(1)
  await passing(clock, refused, 1000)
  expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(60_000)
})

describe('cancelling', () => {
  it('ends calls in flight and waiting calls at once, and keeps paid replies', async () => {
    endpoint.misbehave = (call) => (call > 2 ? { hang: true } : undefined)
    const controller = new AbortController()
    const engine = engineWith({ signal: controller.signal, endpoints: [endpoint.resolved({ concurrency: 2 })] })
    await Promise.all([engine.ask(question('paid 1')), engine.ask(question('paid 2'))])
    const asks = Promise.allSettled([1, 2, 3, 4].map((n) => engine.ask(question(`hang ${n}`))))
    await new Promise((resolve) => setTimeout(resolve, 50))
    controller.abort(new Error('the round was cancelled'))
    const settled = await asks
    expect(settled.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(
      Array.from({ length: 4 }, () => 'Error: the round was cancelled'),
    )
    expect(replies.byKey.size).toBe(2)
  })
})
