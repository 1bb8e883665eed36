import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limiter } from '../../models/limiter.ts'
import { Limiters } from '../../models/limiters.ts'
import { Scope } from '../../models/scope.ts'
import type { Permit } from '../../models/slots.ts'
import { Replica } from '../../models/replica.ts'
import type { CallHealth } from '../../models/replica.ts'
import { range } from './asking.ts'
import { ManualClock, settle } from './manual-clock.ts'

const never = new Scope()
const owner = {}
const random = () => 0.5

function setUp(concurrency: number, downLimitMs = 60_000) {
  const clock = new ManualClock()
  const server = new Replica({ url: 'http://x/v1', concurrency, clock, random })
  const limiter = new Limiter({ replicas: [server], clock, downLimitMs })
  const permits: Permit[] = []
  const errors: Error[] = []
  const ask = (retry = false) =>
    void limiter.acquire({ scope: never, owner, isRetry: retry }).then(
      (permit) => permits.push(permit),
      (error: Error) => errors.push(error),
    )
  return { clock, limiter, permits, errors, ask }
}

describe('the limiter', () => {
  it('shrinks to the calls that a burst of refusals leaves, tries more after a while, and ends at the limit', async () => {
    const { limiter, permits, ask } = setUp(10)
    for (let index = 0; index < 10; index++) ask()
    await settle()
    for (const permit of permits.splice(6)) permit.release({ health: 'overloaded' })
    expect(limiter.state.window).toBe(6)
    const window = async () => {
      for (const permit of permits.splice(0)) permit.release({ health: 'ok' })
      for (let index = 0; index < 10; index++) ask()
      await settle()
      return limiter.state.window
    }
    const sizes: number[] = []
    for (let round = 0; round < 12; round++) sizes.push(await window())
    expect(sizes.slice(0, 6)).toEqual([6, 6, 6, 6, 6, 7])
    expect(sizes.at(-1)).toBe(10)
  })

  it('pauses as long as the server asks when the server takes no call', async () => {
    const { clock, limiter, permits, ask } = setUp(2)
    ask()
    await settle()
    permits.pop()!.release({ health: 'overloaded', retryAfterMs: 5000 })
    ask()
    await clock.advance(4900)
    expect(limiter.state.waiting).toBe(1)
    await clock.advance(200)
    expect(limiter.state).toMatchObject({ waiting: 0, inFlight: 1 })
  })

  it('probes a dead endpoint with one call at a time, and opens fully after a success', async () => {
    const { clock, limiter, permits, ask } = setUp(4)
    for (let index = 0; index < 8; index++) ask()
    await settle()
    for (const permit of permits.splice(0)) permit.release({ health: 'unreachable' })
    await clock.advance(300)
    expect(limiter.state).toEqual({ inFlight: 1, window: 1, unsaved: 0, waiting: 3 })
    permits.pop()!.release({ health: 'ok' })
    expect(limiter.state).toEqual({ inFlight: 3, window: 4, unsaved: 0, waiting: 0 })
  })

  it('gives up all waiting calls after the limit, and starts again for the next call', async () => {
    const { clock, limiter, permits, errors, ask } = setUp(4, 10_000)
    for (let index = 0; index < 4; index++) ask()
    await settle()
    const began = clock.at
    let last: Error | undefined
    while (!last && clock.at < began + 60_000) {
      for (const permit of permits.splice(0))
        last ??= permit.release({ health: 'unreachable', detail: 'connect ECONNREFUSED' })
      if (!last) ask()
      await clock.advance(500)
    }
    expect(clock.at - began).toBeLessThan(25_000)
    expect(last?.message).toMatch(/http:\/\/x\/v1 has answered nothing for \d+ s: connect ECONNREFUSED/)
    expect(errors.length).toBeGreaterThan(0)
    ask()
    await clock.advance(20_000)
    expect(limiter.state.inFlight).toBe(1)
  })

  it('lets retries go before new work', async () => {
    const { limiter, ask, permits } = setUp(1)
    ask()
    await settle()
    const order: string[] = []
    void limiter.acquire({ scope: never, owner }).then(() => order.push('new'))
    void limiter
      .acquire({ scope: never, owner, isRetry: true })
      .then((permit) => (order.push('retry'), permits.push(permit)))
    permits.shift()!.release({ health: 'ok' })
    await settle()
    permits.shift()!.release({ health: 'ok' })
    await settle()
    expect(order).toEqual(['retry', 'new'])
  })

  it('frees a place in the queue when a caller leaves', async () => {
    const { limiter, ask } = setUp(1)
    ask()
    const scope = new Scope()
    const waiting = limiter.acquire({ scope, owner })
    scope.cancel(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    expect(limiter.state.waiting).toBe(0)
  })

  it('keeps its promises under any course of events', async () => {
    const health = fc.constantFrom<CallHealth>('ok', 'ok', 'ok', 'failed', 'silent', 'overloaded', 'unreachable')
    const event = fc.oneof(
      fc.record({ ask: fc.boolean() }),
      fc.record({ release: health, which: fc.nat(20), retryAfterMs: fc.option(fc.nat(3000), { nil: undefined }) }),
      fc.record({ wait: fc.nat(2000) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(event, { maxLength: 60 }),
        async (concurrency, events) => {
          const { clock, limiter, permits, errors, ask } = setUp(concurrency)
          let asked = 0
          let released = 0
          for (const one of events) {
            if ('ask' in one) {
              asked++
              ask(one.ask)
            } else if ('release' in one && permits.length > 0) {
              const [permit] = permits.splice(one.which % permits.length, 1)
              released++
              permit!.release({ health: one.release, retryAfterMs: one.retryAfterMs })
              permit!.release({ health: one.release })
            } else if ('wait' in one) await clock.advance(one.wait)
            await settle()
            expect(limiter.state.inFlight).toBe(permits.length)
            expect(limiter.state.inFlight).toBeLessThanOrEqual(concurrency)
            expect(limiter.state.window).toBeGreaterThanOrEqual(1)
            expect(limiter.state.window).toBeLessThanOrEqual(concurrency)
          }
          // With time and a healthy endpoint every call gets a turn.
          for (let turn = 0; turn < 200 && released + errors.length < asked; turn++) {
            await clock.advance(10_000)
            for (const permit of permits.splice(0)) {
              released++
              permit.release({ health: 'ok' })
            }
            await settle()
          }
          expect(released + errors.length).toBe(asked)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('gives a retry its turn with a server that refused a connection while another call succeeded', async () => {
    const clock = new ManualClock()
    const [a, b] = ['a', 'b'].map((name) => new Replica({ url: `http://${name}/v1`, concurrency: 2, clock, random }))
    const limiter = new Limiter({ replicas: [a!, b!], clock })
    const permits = await Promise.all(range(4).map(() => limiter.acquire({ scope: never, owner })))
    const [firstOfB, secondOfB] = permits.filter(({ replica }) => replica === b)
    firstOfB!.release({ health: 'unreachable' })
    secondOfB!.release({ health: 'ok' })
    permits.find(({ replica }) => replica === a)!.release({ health: 'failed' })
    let replica: Replica | undefined
    void limiter
      .acquire({ scope: never, owner, isRetry: true, avoid: new Set([a!]) })
      .then((permit) => void ({ replica } = permit))
    await clock.advance(10_000)
    expect(replica).toBe(b)
  })

  it('leaves no timer when no call waits', async () => {
    const { clock, limiter, permits, ask } = setUp(1, 7_200_000)
    ask()
    await settle()
    permits.pop()!.release({ health: 'overloaded', retryAfterMs: 3_600_000 })
    const scope = new Scope()
    const waiting = limiter.acquire({ scope, owner })
    expect(clock.timers).toBe(1)
    scope.cancel(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    expect(clock.timers).toBe(0)
  })

  it('is shared by base URL and model', () => {
    const limiters = new Limiters()
    const one = limiters.for({ baseUrls: ['http://x/v1'], model: 'm', concurrency: 2 }, {})
    expect(limiters.for({ baseUrls: ['http://x/v1'], model: 'm', concurrency: 3 }, {})).toBe(one)
    expect(one.state.window).toBe(3)
    expect(limiters.for({ baseUrls: ['http://x/v1'], model: 'n', concurrency: 2 }, {})).not.toBe(one)
  })
})
