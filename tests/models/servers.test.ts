import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import { Outage } from '../../models/failures.ts'
import { Limiters } from '../../models/limiters.ts'
import { failureOf, openEngine, pictured, question, range } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

let first: FakeEndpoint
let second: FakeEndpoint
let engine: Engine | undefined

beforeEach(async () => {
  first = await new FakeEndpoint().start()
  second = await new FakeEndpoint().start()
})

afterEach(async () => {
  await engine?.close()
  await Promise.all([first.stop(), second.stop()])
})

const open = (options: Partial<EngineOptions> = {}, concurrency = 4): Engine => {
  const endpoint = first.resolved({ baseUrls: [first.url, second.url], concurrency })
  engine = openEngine({ endpoints: [endpoint], ...options })
  return engine
}
const served = () => [first.requests.length, second.requests.length]

describe('several servers behind one endpoint', () => {
  it('share the work, each up to its own concurrency', async () => {
    first.latencyMs = 10
    second.latencyMs = 10
    const asking = open()
    await Promise.all(range(80).map((n) => asking.ask(question(`q${n}`))))
    expect(served().reduce((sum, count) => sum + count)).toBe(80)
    expect(Math.min(...served())).toBeGreaterThan(20)
    expect([first.peak, second.peak]).toEqual([4, 4])
  })

  it('keep requests with the same prefix together: samples of one picture, and questions about it', async () => {
    const asking = open({}, 64)
    const about = (picture: string, text: string) =>
      asking.ask(question(text, { messages: [{ role: 'user', text, images: [picture] }] }))
    for (const picture of ['aa', 'bb', 'cc', 'dd', 'ee', 'ff']) {
      const before = served()
      await Promise.all(range(4).map((n) => asking.ask(pictured(picture, n))))
      await about(picture, 'something else')
      const grown = served().map((count, at) => count - (before[at] ?? 0))
      expect(grown.toSorted((a, b) => a - b)).toEqual([0, 5])
    }
    expect(Math.min(...served())).toBeGreaterThan(0)
  })

  it('lose no row to a server that is away, and use it again when it is back', async () => {
    first.latencyMs = 5
    second.latencyMs = 5
    const { port } = second
    await second.stop()
    const asking = open({ retries: { attempts: 1, baseMs: 5 } })
    const before = await Promise.all(range(40).map((n) => asking.ask(question(`before ${n}`))))
    expect(before).toHaveLength(40)
    expect(first.requests).toHaveLength(40)
    await second.start(port)
    for (let wave = 0; wave < 100 && second.requests.length < 20; wave++)
      await Promise.all(range(16).map((n) => asking.ask(question(`after ${wave} ${n}`))))
    expect(second.requests.length).toBeGreaterThanOrEqual(20)
  })

  it('give a failed call to another server', async () => {
    first.misbehave = () => ({ status: 500 })
    const asking = open({ retries: { attempts: 2, baseMs: 5 } })
    const replies = await Promise.all(range(12).map((n) => asking.ask(question(`q${n}`))))
    expect(replies).toHaveLength(12)
    expect(second.requests).toHaveLength(12)
  })

  it('let a retry wait for another server that is busy', async () => {
    first.misbehave = () => ({ status: 500 })
    second.latencyMs = 40
    const asking = open({ retries: { attempts: 2, baseMs: 1 } }, 1)
    const replies = await Promise.all(range(6).map((n) => asking.ask(question(`q${n}`))))
    expect(replies).toHaveLength(6)
  })

  it('send no more calls to a server that answers only errors', async () => {
    first.misbehave = () => ({ status: 502 })
    const asking = open({ retries: { attempts: 3, baseMs: 5 } })
    await Promise.all(range(100).map((n) => asking.ask(question(`q${n}`))))
    expect(first.requests.length).toBeLessThan(30)
  })

  it.each([401, 403, 404])('take out a server that answers %i, with a warning', async (status) => {
    first.misbehave = () => ({ status })
    const warnings: string[] = []
    const asking = open({ onWarning: (message) => warnings.push(message) })
    const replies = await Promise.all(range(40).map((n) => asking.ask(question(`q${n}`))))
    expect(replies).toHaveLength(40)
    expect(first.requests.length).toBeLessThan(16)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(`HTTP ${status}`)
    expect(warnings[0]).toContain(first.url)
  })

  it('are refused as a whole when all refuse', async () => {
    first.misbehave = () => ({ status: 401 })
    second.misbehave = () => ({ status: 401 })
    const asking = open()
    const errors = await Promise.all(range(5).map((n) => failureOf(asking.ask(question(`q${n}`)))))
    for (const error of errors) expect(error).toMatchObject({ type: 'EndpointRefused' })
    expect(served().reduce((sum, count) => sum + count)).toBeLessThanOrEqual(10)
  })

  it('are an outage only when all are away', async () => {
    const { port } = first
    await Promise.all([first.stop(), second.stop()])
    const asking = open({ downLimitMs: 300 })
    const errors = await Promise.all(range(3).map((n) => failureOf(asking.ask(question(`q${n}`)))))
    for (const error of errors) {
      expect(error).toBeInstanceOf(Outage)
      expect(String(error)).toContain(first.url)
      expect(String(error)).toContain(second.url)
    }
    await first.start(port)
    expect((await asking.ask(question('again'))).text).toBe('reply to again')
    await second.start()
  })

  it('share their slots with endpoints that name only one of them', async () => {
    first.latencyMs = 10
    const limiters = new Limiters()
    const both = open({ limiters }, 3)
    const alone = openEngine({ endpoints: [first.resolved({ concurrency: 3 })], limiters })
    const asks = range(40).map((n) => (n % 2 ? both : alone).ask(question(`q${n}`)))
    await Promise.all(asks)
    expect(first.peak).toBe(3)
    await alone.close()
  })
})
