import { describe, expect, it } from 'vitest'
import { Limiter } from '../../models/limiter.ts'
import { Scope } from '../../models/scope.ts'
import { Replica } from '../../models/replica.ts'
import type { CallHealth } from '../../models/replica.ts'
import { Window } from '../../models/window.ts'
import { range } from './asking.ts'
import { ManualClock, settle } from './manual-clock.ts'

/** A server in simulated time. It decides the fate of a call when the call arrives. */
interface Simulated {
  latencyMs: number
  answer(running: number, now: number): CallHealth
  retryAfterMs?: number
}

interface Course {
  seconds: number
  refusals: number
  /** When each call succeeded. */
  successes: number[]
}

/**
 * Sends `count` requests through a limiter to a simulated server. A refused request comes back as
 * in the engine.
 */
async function course(count: number, concurrency: number, simulated: Simulated): Promise<Course> {
  const clock = new ManualClock()
  const server = new Replica({ url: 'http://x/v1', concurrency, clock, random: () => 0.5 })
  const limiter = new Limiter({ replicas: [server], clock, downLimitMs: 1e9 })
  const scope = new Scope()
  const successes: number[] = []
  let [running, refusals] = [0, 0]
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const request = async (): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const permit = await limiter.acquire({ scope, owner: limiter, isRetry: tries > 0 })
      running++
      const health = simulated.answer(running, clock.now())
      await wait(health === 'overloaded' || health === 'unreachable' ? 1 : simulated.latencyMs)
      running--
      const { retryAfterMs } = simulated
      permit.release({ health, ...(health === 'overloaded' && retryAfterMs !== undefined && { retryAfterMs }) })
      if (health === 'ok') return void successes.push(clock.now())
      refusals++
      if (health === 'overloaded') await wait(Math.max(500, retryAfterMs ?? 0))
    }
  }
  const all = Promise.all(range(count).map(() => request()))
  await settle()
  while (successes.length < count && clock.at < 3_600_000) await clock.advance(100)
  await all
  return { seconds: Math.max(...successes) / 1000, refusals, successes }
}

describe('a server that takes half the concurrency and refuses the rest', () => {
  it('is kept full with few refusals: 1,000 calls, 0.2 s, 32 at once, 64 wanted', async () => {
    const answer = (running: number): CallHealth => (running > 32 ? 'overloaded' : 'ok')
    const { seconds, refusals } = await course(1000, 64, { latencyMs: 200, retryAfterMs: 1000, answer })
    expect(seconds).toBeLessThan(1.4 * 6.25)
    expect(refusals).toBeLessThan(60)
  })

  it('gets more calls when it takes more again', async () => {
    const answer = (running: number, now: number): CallHealth =>
      running > (now < 5000 ? 16 : 64) ? 'overloaded' : 'ok'
    const { seconds } = await course(3000, 64, { latencyMs: 200, retryAfterMs: 1000, answer })
    // 400 calls go in the first five seconds. The others take 8 s at full rate.
    expect(seconds).toBeLessThan(20)
  })

  it('keeps its calls if it refuses one call in twenty at any load', async () => {
    let calls = 0
    const answer = (): CallHealth => (++calls % 20 === 0 ? 'overloaded' : 'ok')
    const { seconds } = await course(2000, 64, { latencyMs: 200, answer })
    expect(seconds).toBeLessThan(2 * 6.25)
  })

  it.each([1, 2, 3, 4, 5])('keeps its calls when every kind of call goes wrong at random (course %i)', async (seed) => {
    let state = seed
    const answer = (): CallHealth => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      const share = state / 2 ** 32
      if (share < 0.075) return 'overloaded'
      return share < 0.225 ? 'failed' : share < 0.3 ? 'silent' : 'ok'
    }
    const { seconds } = await course(2000, 64, { latencyMs: 200, answer })
    expect(seconds).toBeLessThan(3 * 6.25)
  })

  it('does not stall while it refuses nearly every call', async () => {
    const answer = (running: number): CallHealth => (running > 1 ? 'overloaded' : 'ok')
    const { seconds, successes } = await course(60, 64, { latencyMs: 200, retryAfterMs: 1000, answer })
    const gaps = successes.map((at, index) => at - (successes[index - 1] ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(5000)
    expect(seconds).toBeLessThan(60)
  })
})

it.each([12, 30, 40])('has its full rate back within ten seconds after %i of refused connections', async (seconds) => {
  const [from, until] = [5000, 5000 + 1000 * seconds]
  const answer = (_: number, now: number): CallHealth => (now >= from && now < until ? 'unreachable' : 'ok')
  const { successes } = await course(10_000, 64, { latencyMs: 200, answer })
  const between = (start: number, end: number) => successes.filter((at) => at >= start && at < end).length
  expect(successes).toHaveLength(10_000)
  expect(between(from + 200, until)).toBe(0)
  expect(between(until + 9000, until + 10_000)).toBeGreaterThan(300)
})

it('keeps the learnt capacity of a server when another engine names another limit', () => {
  const window = new Window(64)
  for (const n of range(32)) window.refused({ level: 32 + n, ordinal: 32 + n }, 64)
  expect(window.size).toBe(32)
  window.configure(128)
  expect(window.size).toBe(32)
  window.configure(16)
  expect(window.size).toBe(16)
  window.configure(64)
  expect(window.size).toBe(32)
})

it('treats many timeouts as overload, and a few as the fault of their rows', () => {
  const at = (ordinal: number) => ({ level: 40, ordinal })
  const few = new Window(40)
  for (const n of range(400)) {
    if (n % 10 === 0) few.silent(at(n), n)
    else few.passed(at(n))
  }
  expect(few.size).toBe(40)
  const many = new Window(40)
  for (const n of range(40)) many.silent(at(n), 40)
  expect(many.size).toBe(28)
  for (const n of range(40)) many.silent(at(40 + n), 80)
  expect(many.size).toBe(19)
})
