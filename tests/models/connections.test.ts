import { afterEach, beforeEach, expect, it } from 'vitest'
import { Connections } from '../../models/connections.ts'
import { Limiters } from '../../models/limiters.ts'
import { openEngine, question, range } from './asking.ts'
import { FakeEndpoint } from './fake-endpoint.ts'

let endpoint: FakeEndpoint

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
})
afterEach(() => endpoint.stop())

it('engines that follow one another use the connections of those before', async () => {
  const connections = new Connections()
  const limiters = new Limiters()
  endpoint.latencyMs = 5
  for (const engineNumber of range(3)) {
    const engine = openEngine({ endpoints: [endpoint.resolved({ concurrency: 4 })], connections, limiters })
    await Promise.all(range(20).map((n) => engine.ask(question(`${engineNumber} ${n}`))))
    await engine.close()
  }
  expect(endpoint.requests).toHaveLength(60)
  expect(endpoint.connections).toBe(4)
  connections.close()
})

it('idle connections are closed after a while, and new ones opened when they are needed', async () => {
  const connections = new Connections({ idleMs: 50 })
  const engine = openEngine({ endpoints: [endpoint.resolved()], connections })
  await engine.ask(question('a'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await engine.ask(question('b'))
  expect(endpoint.connections).toBe(2)
  await engine.close()
})

it('a reply may take longer than connections may idle', async () => {
  endpoint.latencyMs = 300
  const engine = openEngine({ endpoints: [endpoint.resolved()], connections: new Connections({ idleMs: 50 }) })
  expect((await engine.ask(question('a'))).text).toBe('reply to a')
  await engine.close()
})

it('a connection that the server closed while it was idle costs no attempt', async () => {
  const engine = openEngine({ endpoints: [endpoint.resolved()], retries: { attempts: 1, baseMs: 5 } })
  for (const n of range(20)) {
    await engine.ask(question(`q${n}`))
    endpoint.dropIdle()
  }
  expect(endpoint.requests).toHaveLength(20)
  await engine.close()
})
