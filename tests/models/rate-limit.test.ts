import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../models/rate-limit.ts'
import { ManualClock } from './manual-clock.ts'

/** Sends calls one after the other, each as soon as it may go. Returns the time of each call. */
function send(limit: RateLimit, clock: ManualClock, costs: readonly number[]): number[] {
  return costs.map((tokens) => {
    const call = { promptTokens: tokens, maxTokens: 0 }
    for (let wait = limit.waitFor(call); wait > 0; wait = limit.waitFor(call)) clock.at += wait
    limit.take(call)
    return clock.at
  })
}

/** The largest sum of `amounts` in any minute. */
const busiestMinute = (times: readonly number[], amounts: readonly number[]): number =>
  Math.max(
    ...times.map((from) =>
      times.reduce((sum, at, i) => (at >= from && at < from + 60_000 ? sum + amounts[i]! : sum), 0),
    ),
  )

describe('a limit by the minute', () => {
  it('is kept in every minute, not on average, and nearly used up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (requestsPerMinute) => {
        const clock = new ManualClock()
        const limit = new RateLimit(clock, { requestsPerMinute })
        const count = 3 * requestsPerMinute
        const times = send(
          limit,
          clock,
          Array.from({ length: count }, () => 0),
        )
        expect(
          busiestMinute(
            times,
            times.map(() => 1),
          ),
        ).toBeLessThanOrEqual(requestsPerMinute)
        expect(times.at(-1)).toBeLessThan(3.2 * 60_000)
      }),
      { numRuns: 40 },
    )
  })

  it('of tokens is kept up to the size of one call', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 100 }), (costs) => {
        const clock = new ManualClock()
        const times = send(new RateLimit(clock, { tokensPerMinute: 20_000 }), clock, costs)
        expect(busiestMinute(times, costs)).toBeLessThanOrEqual(20_000 + 4000)
      }),
      { numRuns: 60 },
    )
  })

  it('learns from replies how many tokens calls really take', () => {
    const clock = new ManualClock()
    const limit = new RateLimit(clock, { tokensPerMinute: 60_000 })
    const call = { promptTokens: 100, maxTokens: 1000 }
    const rate = () => {
      const from = clock.at
      for (let sent = 0; sent < 100; sent++) {
        for (let wait = limit.waitFor(call); wait > 0; wait = limit.waitFor(call)) clock.at += wait
        limit.take(call)({ promptTokens: 400, completionTokens: 100 })
      }
      return (100 * 500) / ((clock.at - from) / 60_000)
    }
    rate()
    expect(rate()).toBeGreaterThan(50_000)
    expect(rate()).toBeLessThanOrEqual(61_000)
  })

  it('gives back the tokens of a call that the server refused', () => {
    const clock = new ManualClock()
    const limit = new RateLimit(clock, { tokensPerMinute: 6000 })
    const call = { promptTokens: 100, maxTokens: 0 }
    const book = limit.take(call)
    expect(limit.waitFor(call)).toBeGreaterThan(900)
    book(null)
    expect(limit.waitFor(call)).toBe(0)
  })

  it('holds back as long as the server says', () => {
    const clock = new ManualClock()
    const limit = new RateLimit(clock, {})
    limit.hold(5000)
    expect(limit.waitFor({ promptTokens: 1, maxTokens: 1 })).toBe(5000)
    clock.at = 5000
    expect(limit.waitFor({ promptTokens: 1, maxTokens: 1 })).toBe(0)
  })

  it('is off without a number, and can change', () => {
    const clock = new ManualClock()
    const limit = new RateLimit(clock, {})
    expect(busiestMinute(send(limit, clock, [1e9, 1e9]), [1, 1])).toBe(2)
    limit.configure({ requestsPerMinute: 1 })
    expect(send(limit, clock, [0, 0])).toEqual([0, 60_000])
  })
})
