import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../models/clock.ts'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import { failureOf, openEngine, passing, pictured, question, range } from './asking.ts'
import { FakeEndpoint, lastText } from './fake-endpoint.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryReplies } from './memory-replies.ts'

let endpoint: FakeEndpoint
let engine: Engine
let clock: ManualClock
const controllers: AbortController[] = []

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
  clock = new ManualClock()
})
afterEach(async () => {
  await engine.close()
  await endpoint.stop()
})

function open(options: Partial<EngineOptions> = {}): AbortController {
  const controller = new AbortController()
  controllers.push(controller)
  engine = openEngine({ endpoints: [endpoint.resolved()], signal: controller.signal, clock, ...options })
  return controller
}

/**
 * Waits until a request waits at the place of the test, and cancels it. Returns the error of the
 * request, for which no more time passes.
 */
async function cancelled(controller: AbortController, asking: Promise<unknown>, isThere: () => boolean) {
  const ending = failureOf(asking)
  for (let after = 0; after < 5; after += isThere() ? 1 : 0) {
    await clock.advance(5)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  controller.abort(new Error('the round was cancelled'))
  return String(await ending)
}
const atOnce = 'Error: the round was cancelled'

describe('cancelling ends a request at once', () => {
  it('while it waits for a slot', async () => {
    endpoint.misbehave = () => ({ hang: true })
    const controller = open({ endpoints: [endpoint.resolved({ concurrency: 1 })] })
    const others = range(3).map((n) => failureOf(engine.ask(question(`other ${n}`))))
    const ended = await cancelled(controller, engine.ask(question('a')), () => endpoint.requests.length === 1)
    expect(ended).toEqual(atOnce)
    expect((await Promise.all(others)).map(String)).toEqual(range(3).map(() => atOnce))
  })

  it('while it waits for the limit by the minute', async () => {
    const controller = open({ endpoints: [endpoint.resolved({ requestsPerMinute: 1 })] })
    await passing(clock, engine.ask(question('first')))
    const ended = await cancelled(controller, engine.ask(question('second')), () => true)
    expect(ended).toEqual(atOnce)
    expect(endpoint.requests).toHaveLength(1)
  })

  it('while it waits to be tried again', async () => {
    endpoint.misbehave = () => ({ status: 500 })
    const controller = open({ retries: { attempts: 3, baseMs: 60_000 } })
    expect(await cancelled(controller, engine.ask(question('a')), () => endpoint.requests.length === 1)).toEqual(atOnce)
  })

  it('while it waits for the time that the server asked for', async () => {
    endpoint.misbehave = () => ({ status: 429, headers: { 'retry-after': '50' } })
    const controller = open()
    expect(await cancelled(controller, engine.ask(question('a')), () => endpoint.requests.length === 1)).toEqual(atOnce)
  })

  it('on the wire, where its connection is closed', async () => {
    endpoint.misbehave = () => ({ hang: true })
    const controller = open({ endpoints: [endpoint.resolved({ timeoutSeconds: 100 })] })
    expect(await cancelled(controller, engine.ask(question('a')), () => endpoint.requests.length === 1)).toEqual(atOnce)
    while (endpoint.left === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(endpoint.left).toBe(1)
  })

  it('while its picture is prepared', async () => {
    let isPreparing = false
    const dataUrl = () => {
      isPreparing = true
      return new Promise<string>(() => undefined)
    }
    const controller = open({ images: { dataUrl } })
    expect(await cancelled(controller, engine.ask(pictured('aa')), () => isPreparing)).toEqual(atOnce)
  })

  it('while the pictures of earlier requests are prepared', async () => {
    let preparing = 0
    const dataUrl = () => {
      preparing++
      return new Promise<string>(() => undefined)
    }
    const controller = open({ images: { dataUrl } })
    // The engine prepares this many requests at a time: all that can run, and some more.
    const most = endpoint.resolved().concurrency + 64
    const others = range(most).map((n) => failureOf(engine.ask(pictured(`picture ${n}`))))
    expect(await cancelled(controller, engine.ask(pictured('last')), () => preparing === most)).toEqual(atOnce)
    await Promise.all(others)
    expect(preparing).toBe(most)
  })

  it('while nobody knows whether a 404 is the fault of its row', async () => {
    endpoint.misbehave = (call) => (call === 1 ? { status: 404 } : { hang: true })
    const controller = open()
    const asking = engine.ask(question('a'))
    const other = failureOf(engine.ask(question('b')))
    expect(await cancelled(controller, asking, () => endpoint.requests.length === 2)).toEqual(atOnce)
    await other
  })

  it('before it has begun', async () => {
    const controller = open()
    controller.abort(new Error('the round was cancelled'))
    expect(String(await failureOf(engine.ask(question('a'))))).toBe(atOnce)
    expect(endpoint.requests).toHaveLength(0)
  })
})

describe('a deadline', () => {
  const within = (deadlineSeconds: number, options: Partial<EngineOptions> = {}) =>
    open({ endpoints: [endpoint.resolved({ concurrency: 1, deadlineSeconds, timeoutSeconds: 100 })], ...options })

  it('ends a request with all its calls and the waits between them', async () => {
    endpoint.misbehave = () => ({ status: 500 })
    within(60, { retries: { attempts: 1000, baseMs: 20 } })
    const ending = passing(clock, failureOf(engine.ask(question('a'))), 100)
    expect(await ending).toMatchObject({ name: 'AskFailure', reason: 'deadline' })
    expect(clock.at).toBeGreaterThan(60_000)
    expect(endpoint.requests.length).toBeGreaterThan(1)
  })

  it('ends a request on the wire, and its connection', async () => {
    endpoint.misbehave = () => ({ hang: true })
    within(0.1)
    expect(await passing(clock, failureOf(engine.ask(question('a'))))).toMatchObject({ reason: 'deadline' })
    while (endpoint.left === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(endpoint.left).toBe(1)
  })

  it('does not count the wait for the first slot', async () => {
    endpoint.latencyMs = 60
    within(0.15, { clock: systemClock })
    const replies = await Promise.all(range(6).map((n) => engine.ask(question(`q${n}`))))
    expect(replies).toHaveLength(6)
  })

  it('fails only its own row', async () => {
    endpoint.misbehave = (_, request) => (lastText(request) === 'slow' ? { hang: true } : undefined)
    const replies = new MemoryReplies()
    within(0.1, { replies, clock: systemClock })
    const slow = failureOf(engine.ask(question('slow')))
    expect((await engine.ask(question('quick'))).text).toBe('reply to quick')
    expect(await slow).toMatchObject({ reason: 'deadline' })
    expect(replies.byKey.size).toBe(1)
  })
})
