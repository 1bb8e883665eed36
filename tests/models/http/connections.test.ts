import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Connections } from '../../../models/http/connections.ts'
import { Limiters } from '../../../models/limiters.ts'
import { openEngine, question, range } from '../asking.ts'
import { completion, FakeEndpoint } from '../fake-endpoint.ts'

let endpoint: FakeEndpoint

beforeEach(async () => {
  endpoint = await new FakeEndpoint().start()
})
afterEach(() => endpoint.stop())

it('engines use the connections of earlier engines', async () => {
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

it('idle connections are closed after a while, and new connections are opened when they are needed', async () => {
  const connections = new Connections({ idleMs: 50 })
  const engine = openEngine({ endpoints: [endpoint.resolved()], connections })
  await engine.ask(question('a'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  await engine.ask(question('b'))
  expect(endpoint.connections).toBe(2)
  await engine.close()
})

it('a reply may take longer than the limit for idle connections', async () => {
  endpoint.latencyMs = 300
  const engine = openEngine({ endpoints: [endpoint.resolved()], connections: new Connections({ idleMs: 50 }) })
  expect((await engine.ask(question('a'))).text).toBe('reply to a')
  await engine.close()
})

it('a connection that the server closes as a request arrives costs no attempt', async () => {
  let served = 0
  const used = new WeakSet<Socket>()
  const server = createServer((request, response) => {
    // This happens once for each connection.
    if (used.has(request.socket)) return request.socket.destroy()
    used.add(request.socket)
    served++
    request.resume().on('end', () => response.end(completion('fine')))
    return response
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const baseUrls = [`http://127.0.0.1:${port}/v1`]
  const engine = openEngine({ endpoints: [endpoint.resolved({ baseUrls })], retries: { attempts: 1, baseMs: 5 } })
  for (const n of range(10)) expect((await engine.ask(question(`q${n}`))).text).toBe('fine')
  expect(served).toBe(10)
  await engine.close()
  server.closeAllConnections()
  server.close()
})
