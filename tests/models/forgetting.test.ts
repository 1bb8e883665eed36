import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { Connections } from '../../models/http/connections.ts'
import { Limiters } from '../../models/limiters.ts'
import { range } from './asking.ts'
import { ManualClock } from './manual-clock.ts'

const hourMs = 3_600_000
const endpointAt = (port: number) => ({ baseUrls: [`http://localhost:${port}/v1`], model: 'm', concurrency: 2 })

it('endpoints that nobody opened for an hour are forgotten, except those still in use', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  const clock = new ManualClock()
  const limiters = new Limiters()
  const kept = limiters.for(endpointAt(1), { clock })
  for (const port of range(50)) limiters.for(endpointAt(port), { clock })
  expect(limiters.size).toBe(100)
  await clock.advance(hourMs)
  limiters.for(endpointAt(51), { clock })
  // JavaScript keeps the target of a WeakRef that was read until the turn of the event loop is
  // over.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (typeof collect === 'function') collect()
  }
  expect(limiters.for(endpointAt(1), { clock })).toBe(kept)
  limiters.for(endpointAt(51), { clock })
  expect(limiters.size).toBe(4)
})

it('the learnt limits of an endpoint outlive the pause between two steps', async () => {
  const clock = new ManualClock()
  const limiters = new Limiters()
  const first = new WeakRef(limiters.for(endpointAt(1), { clock }))
  await clock.advance(hourMs - 1)
  expect(limiters.for(endpointAt(1), { clock })).toBe(first.deref())
  await clock.advance(hourMs - 1)
  expect(limiters.for(endpointAt(1), { clock })).toBe(first.deref())
})

it('origins without a connection that nobody opened for an hour are forgotten', async () => {
  const clock = new ManualClock()
  const connections = new Connections({ clock })
  for (const port of range(50)) connections.agentFor(new URL(`http://localhost:${port}`))
  await clock.advance(hourMs - 1)
  const agent = connections.agentFor(new URL('http://localhost:1'))
  await clock.advance(1)
  expect(connections.agentFor(new URL('http://localhost:1'))).toBe(agent)
  expect(connections.size).toBe(1)
  connections.close()
})
