import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Connections } from '../../models/http/connections.ts'
import { createReplicaClient } from '../../models/replica-client.ts'
import { requestBody } from '../../models/request-body.ts'
import { Scope } from '../../models/scope.ts'
import { startMock } from './mock-process.ts'
import { endAll } from './processes.ts'

/**
 * CPU time of one request in the client alone: `tsx bench/sampling/client-cpu.ts [CHECKOUT]`. It
 * sends 2,000 requests of 60 kB with 64 in flight to the mock, three times, without an engine and
 * without a store. CHECKOUT is another checkout whose client is measured in the same way.
 */
const [requests, inFlight, rounds] = [2000, 64, 3]
const pictureBytes = 45_000

interface Parts {
  createReplicaClient: typeof createReplicaClient
  requestBody: typeof requestBody
}

async function partsOf(checkout: string | undefined): Promise<Parts> {
  if (checkout === undefined) return { createReplicaClient, requestBody }
  const load = (file: string): Promise<object> => import(pathToFileURL(join(checkout, 'models', file)).href)
  return Object.assign(
    { createReplicaClient, requestBody },
    await load('replica-client.ts'),
    await load('request-body.ts'),
  )
}

const client = await partsOf(process.argv[2])
const mock = await startMock({ latencyMs: 20, cap: inFlight })
const connections = process.argv[2] === undefined ? { connections: new Connections() } : {}
const endpoint = {
  name: 'mock',
  baseUrls: [mock.baseUrl],
  model: 'mock',
  identity: 'mock',
  concurrency: inFlight,
  timeoutSeconds: 60,
  imageMaxPixels: 1_003_520,
}
const url = `data:image/jpeg;base64,${Buffer.alloc(pictureBytes, 'picture').toString('base64')}`
const images = { dataUrl: () => Promise.resolve(url) }
const replica = client.createReplicaClient({ endpoint, baseUrl: mock.baseUrl, ...connections })
const scope = new Scope()

async function ask(number: number): Promise<void> {
  const messages = [{ role: 'user' as const, text: `Describe picture ${number}.`, images: ['hash'] }]
  const sampling = { temperature: 0.7, topP: 0.95, maxTokens: 512, seed: number }
  const body = await client.requestBody(endpoint, { endpoint: 'mock', messages, sampling, sampleIndex: 0 }, images)
  const result = await replica.call(body, scope)
  if (result.kind !== 'ok') throw new Error(`a request ended with ${result.kind}: ${JSON.stringify(result)}`)
}

async function round(): Promise<{ cpuMs: number; wallMs: number }> {
  const before = process.cpuUsage()
  const began = performance.now()
  let next = 0
  const lane = async () => {
    while (next < requests) await ask(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1000 / requests, wallMs: performance.now() - began }
}

// The first round warms up.
await round()
for (let number = 1; number <= rounds; number++) {
  const { cpuMs, wallMs } = await round()
  console.log(`round ${number}: ${cpuMs.toFixed(3)} ms CPU a request, ${Math.round(wallMs)} ms in all`)
}
endAll()
process.exit(0)
