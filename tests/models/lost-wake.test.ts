import { assert, asyncProperty, integer } from 'fast-check'
import { expect, it } from 'vitest'
import { Limiter } from '../../models/limiter.ts'
import { Scope } from '../../models/scope.ts'
import { Replica } from '../../models/replica.ts'
import { range } from './asking.ts'
import { settle } from './manual-clock.ts'
import { createRandom } from '../../demo/random.ts'
import { MovingClock } from './moving-clock.ts'

it('a pause that ends between two readings of the clock does not leave the line asleep', async () => {
  let at = 0
  let passes = 0
  const timers: { due: number; run: () => void }[] = []
  const clock = {
    // Time passes while the code runs.
    now: () => (at += passes),
    after: (ms: number, run: () => void) => {
      const timer = { due: at + ms, run }
      timers.push(timer)
      return () => {
        const place = timers.indexOf(timer)
        if (place >= 0) timers.splice(place, 1)
      }
    },
  }
  const server = new Replica({ url: 'http://x', concurrency: 16, clock, random: () => 0.5 })
  const limiter = new Limiter({ replicas: [server], clock, downLimitMs: 60_000 })
  const scope = new Scope()
  const first = await limiter.acquire({ scope, owner: {} })
  first.release({ health: 'unreachable', detail: 'ECONNREFUSED' })
  const waits = limiter.acquire({ scope, owner: {} })
  // The timer fires a little early, and the pause ends while the limiter checks the line.
  at = 249.995
  passes = 0.003
  timers.shift()?.run()
  passes = 0
  for (let look = 0; look < 5; look++) {
    const next = timers.shift()
    at = Math.max(at, next?.due ?? at)
    next?.run()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(limiter.state).toMatchObject({ inFlight: 1, waiting: 0 })
  const second = await waits
  second.release({ health: 'answered' })
})

const healths = ['ok', 'ok', 'failed', 'silent', 'answered', 'overloaded', 'unreachable', 'limited', 'left'] as const

/** Requests that come, are called, and end in every way, over replicas that two limiters share. */
async function course(seed: number): Promise<{ wakes: number; lost: number; open: number }> {
  const stream = createRandom(seed)
  const random = () => stream.next()
  const clock = new MovingClock(random)
  const pick = (most: number) => Math.floor(random() * most)
  const replicas = range(1 + pick(3)).map(
    (n) => new Replica({ url: `http://${n}/v1`, concurrency: 1 + pick(4), clock, random }),
  )
  let lost = 0
  let wakes = 0
  const onLostWake = () => void lost++
  const options = { clock, downLimitMs: 1000 + pick(60_000), onLostWake }
  const perMinute = random() < 0.3 ? { requestsPerMinute: 600 + pick(6000) } : {}
  const limiters = [
    new Limiter({ replicas, ...options, ...perMinute }),
    new Limiter({ replicas: replicas.slice(0, 1), ...options }),
  ]
  const open = new Set<number>()
  const request = async (limiter: Limiter, index: number): Promise<void> => {
    const scope = new Scope()
    open.add(index)
    const end = limiter.begin()
    const cancel = random() < 0.1 ? clock.after(pick(3000), () => scope.cancel(new Error('left'))) : undefined
    const avoid = new Set<Replica>()
    try {
      for (let call = 0; call < 4; call++) {
        const permit = await limiter.acquire({ scope, owner: limiter, isRetry: call > 0, avoid, priority: pick(2) })
        wakes++
        avoid.clear()
        avoid.add(permit.replica)
        await new Promise<void>((resolve) => void clock.after(pick(400), resolve))
        const health = healths[pick(healths.length)] ?? 'ok'
        const retryAfterMs = random() < 0.2 ? pick(2000) : undefined
        permit.release({ health, retryAfterMs, isUnsaved: health === 'ok' })
        if (random() < 0.01) limiter.remove(permit.replica, new Error('refuses everyone'))
        if (health !== 'ok') continue
        await new Promise<void>((resolve) => void clock.after(pick(50), resolve))
        limiter.saved()
        return
      }
    } catch {
      // Cancelled, refused, or the replicas were away for too long.
    } finally {
      cancel?.()
      end()
      open.delete(index)
    }
  }
  const all = range(60).map((n) => request(limiters[n % 2] ?? limiters[0]!, n))
  await settle()
  while (open.size > 0 && (await clock.fireNext()));
  await Promise.race([Promise.all(all), settle()])
  return { wakes, lost, open: open.size }
}

it('10,000 requests under a moving clock all get a slot or an end, whatever their calls come to', async () => {
  let wakes = 0
  for (let seed = 1; wakes < 10_000; seed++) {
    const found = await course(seed)
    expect({ seed, lost: found.lost, open: found.open }).toEqual({ seed, lost: 0, open: 0 })
    wakes += found.wakes
  }
})

it('every course that a property finds ends with each request granted or refused', async () => {
  await assert(
    asyncProperty(integer({ min: 1_000_000 }), async (seed) => {
      expect(await course(seed)).toMatchObject({ lost: 0, open: 0 })
    }),
    { numRuns: 40 },
  )
})
