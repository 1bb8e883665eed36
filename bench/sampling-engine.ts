import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createEngine } from '../models/engine.ts'
import type { ReplyStore, StoredReply } from '../models/reply-store.ts'

/**
 * Times the sampling engine against the ideal and against a bare fetch loop that keeps nothing, in one run, on one mock endpoint:
 * `npx tsx bench/sampling-engine.ts`. 2,000 requests with 50 kB pictures, 0.2 s latency, 64 at once; replies are kept in memory.
 */
const requests = 2000
const latencyMs = 200
const cap = 64
const idealSeconds = (requests * latencyMs) / 1000 / cap

const mock = spawn(
  process.execPath,
  [
    '--import',
    import.meta.resolve('tsx'),
    fileURLToPath(new URL('mock-endpoint.ts', import.meta.url)),
    String(latencyMs),
    String(cap),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
const [portLine] = (await once(mock.stdout, 'data')) as [Buffer]
const baseUrl = `http://127.0.0.1:${portLine.toString().trim()}/v1`
const pictures = Array.from(
  { length: requests },
  () => `data:image/jpeg;base64,${randomBytes(50_000).toString('base64')}`,
)

async function timed(name: string, run: () => Promise<void>): Promise<number> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  await run()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const cpuMs = (user + system) / 1000 / requests
  console.log(
    `${name}: ${seconds.toFixed(2)} s, ${(seconds / idealSeconds).toFixed(2)} × ideal, ${cpuMs.toFixed(2)} ms CPU a request`,
  )
  return seconds
}

async function bareLoop(): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < requests; index = next++) {
      const content = [
        { type: 'image_url', image_url: { url: pictures[index] } },
        { type: 'text', text: 'Describe.' },
      ]
      const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content }] })
      const response = await fetch(`${baseUrl}/chat/completions`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
      await response.json()
    }
  }
  await Promise.all(Array.from({ length: cap }, lane))
}

async function engineLoop(): Promise<void> {
  const kept = new Map<string, StoredReply>()
  const replies: ReplyStore = {
    find: (keys) =>
      Promise.resolve(new Map(keys.flatMap((key) => (kept.has(key) ? [[key, kept.get(key)!] as const] : [])))),
    save: (batch) => Promise.resolve(batch.forEach((reply) => kept.set(reply.key, reply))),
  }
  const endpoint = {
    name: 'mock',
    baseUrl,
    model: 'mock',
    identity: 'mock',
    concurrency: cap,
    timeoutSeconds: 60,
    imageMaxPixels: 1e6,
  }
  const images = { dataUrl: (hash: string) => Promise.resolve(pictures[Number(hash)] ?? '') }
  const engine = createEngine({ endpoints: [endpoint], replies, images, signal: new AbortController().signal })
  await Promise.all(
    pictures.map((_, index) =>
      engine.ask({
        endpoint: 'mock',
        messages: [{ role: 'user', text: 'Describe.', images: [String(index)] }],
        sampling: { temperature: 0, topP: 1, maxTokens: 64, seed: index },
        sampleIndex: 0,
      }),
    ),
  )
  await engine.close()
}

try {
  console.log(`ideal: ${idealSeconds.toFixed(2)} s`)
  const bare = await timed('bare fetch loop, nothing kept', bareLoop)
  const engine = await timed('sampling engine', engineLoop)
  console.log(`engine ÷ bare loop: ${(engine / bare).toFixed(2)}`)
} finally {
  mock.kill()
}
