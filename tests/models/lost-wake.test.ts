import { expect, it } from 'vitest'
import { Limiter } from '../../models/limiter.ts'
import { Scope } from '../../models/scope.ts'
import { Replica } from '../../models/replica.ts'

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
