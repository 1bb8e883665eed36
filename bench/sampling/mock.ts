import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { mockConfig } from './mock-types.ts'
import type { Answer, MockStats } from './mock-types.ts'
import { pictureNumber } from './picture-number.ts'

/**
 * A chat-completions server of fixed latency in its own process: `tsx mock.ts CONFIG_JSON` (see
 * mock-types.ts). It prints the ports of the service and of its control as one line of JSON. The
 * ideal time of N requests is N × latency ÷ cap.
 *
 * Control: GET /stats, GET /rows (answers in order, by number of the picture), POST /reset, POST
 * /mark (the next request counts as the first again), POST /down?ms=N (refuses connections for N
 * ms).
 */
const config = mockConfig.parse(JSON.parse(process.argv[2] ?? '{}'))

const reply = (number: number) =>
  JSON.stringify({
    id: 'mock',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'mock',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: `Picture ${number} shows shapes.\nRating: 5` },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: 12, total_tokens: 112 },
  })

interface Seen {
  number: number
  /** One letter an answer, in order. */
  answers: Answer[]
  /** Accepted requests, whatever their result. */
  paid: number
}

let stats = emptyStats()
let seen = new Map<string, Seen>()
let working = 0
let cpuBefore = process.cpuUsage()
const waiting: (() => void)[] = []
const sockets = new Set<Socket>()

function emptyStats(): MockStats {
  const counts = { requests: 0, ok: 0, rejected: 0, refused: 0, failed: 0, silent: 0, strays: 0 }
  const load = { inFlight: 0, peak: 0, bytes: 0, workMs: 0, cpuMs: 0, keys: 0, paidAgain: 0, okAgain: 0 }
  return { ...counts, ...load, firstAt: 0, lastAt: 0, markedFirstAt: 0, bucketMs: 250, buckets: [] }
}

/**
 * A number in [0, 1) from a request and its attempt. Another attempt may end differently, another
 * run ends the same.
 */
function chance(kind: string, key: string, attempt: number): number {
  return createHash('sha1').update(`${config.seed} ${kind} ${key} ${attempt}`).digest().readUInt32BE(0) / 2 ** 32
}

/** The answer to a request. All attempts of the rows in `stuck` end like the first attempt. */
function fate(number: number, key: string, attempt: number): Answer {
  const { permanent, errors } = config
  if (permanent && number >= 0 && number % permanent.every === 0)
    return (number / permanent.every) % 2 === 0 ? '400' : '404'
  const stuck = errors.stuckEvery > 0 && number >= 0 && number % errors.stuckEvery === 0
  const picture = `picture ${number}`
  const total = errors.overloaded + errors.failed + errors.silent + errors.garbage
  // Not 429: a client that is told to come back may come back for hours.
  let at = stuck
    ? errors.overloaded + chance('stuck', picture, 0) * (total - errors.overloaded)
    : chance('error', number < 0 ? key : picture, attempt)
  for (const [answer, share] of [
    ['429', errors.overloaded],
    ['500', errors.failed],
    ['silent', errors.silent],
    ['garbage', errors.garbage],
  ] as const) {
    if (at < share) return answer
    at -= share
  }
  return 'ok'
}

function answerNow(seen: Seen, answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' }
  const problem = (status: number, type: string, more: Record<string, string> = {}) =>
    response
      .writeHead(status, { ...json, ...more })
      .end(JSON.stringify({ error: { message: `the mock answers ${status}`, type, code: type } }))
  seen.answers.push(answer)
  stats.inFlight--
  if (answer === 'silent') {
    stats.silent++
    return
  }
  const now = Date.now()
  if (seen.number >= 0) stats.lastAt = now
  if (answer === 'ok' || answer === 'garbage') {
    const text = answer === 'ok' ? reply(seen.number) : '<html><body>502 Bad Gateway'
    response.writeHead(200, { ...json, 'content-length': Buffer.byteLength(text) }).end(text)
    if (answer === 'garbage') stats.failed++
    else if (!request.socket.destroyed) {
      stats.ok++
      const bucket = Math.floor((now - stats.firstAt) / stats.bucketMs)
      stats.buckets[bucket] = (stats.buckets[bucket] ?? 0) + 1
    }
  } else if (answer === '429') {
    stats.rejected++
    problem(429, 'rate_limit_exceeded', { 'retry-after': String(config.retryAfterSeconds) })
  } else if (answer === '500') {
    stats.failed++
    problem(500, 'server_error')
  } else {
    stats.refused++
    problem(Number(answer), answer === '400' ? 'invalid_request_error' : 'not_found_error')
  }
}

function take(request: IncomingMessage, response: ServerResponse, key: string, number: number): void {
  const row = seen.get(key) ?? { number, answers: [], paid: 0 }
  seen.set(key, row)
  stats.inFlight++
  if (config.overload === 'reject' && working >= config.cap) return answerNow(row, '429', request, response)
  stats.peak = Math.max(stats.peak, stats.inFlight)
  const attempt = row.paid++
  const answer = fate(number, key, attempt)
  if (answer === '429') return answerNow(row, answer, request, response)
  const slow = config.stragglers.share > 0 && chance('slow', `picture ${number}`, 0) < config.stragglers.share
  const latency = config.latencyMs * (slow ? config.stragglers.factor : 1)
  if (attempt === 0) stats.workMs += latency
  const start = () => {
    working++
    const done = () => {
      working--
      answerNow(row, answer, request, response)
      waiting.shift()?.()
    }
    if (latency > 0) setTimeout(done, latency)
    else done()
  }
  if (working < config.cap) start()
  else waiting.push(start)
}

const service = createServer((request, response) => {
  const hash = createHash('sha1')
  let head: Buffer | undefined
  let number = -1
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    stats.bytes += chunk.length
    if (number >= 0) return
    // The number may be split across two chunks.
    head = head ? Buffer.concat([head, chunk]) : chunk
    number = pictureNumber(head)
  })
  request.on('end', () => {
    if (number < 0) stats.strays++
    else {
      stats.firstAt ||= Date.now()
      stats.markedFirstAt ||= Date.now()
    }
    stats.requests++
    take(request, response, hash.digest('hex').slice(0, 20), number)
  })
})
service.keepAliveTimeout = 60_000
service.on('connection', (socket: Socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

const listen = (server: typeof service, port: number) =>
  new Promise<number>((resolve) =>
    server.listen({ port, host: '127.0.0.1', backlog: 1024 }, () => resolve((server.address() as AddressInfo).port)),
  )

async function goDown(ms: number): Promise<void> {
  const { port } = service.address() as AddressInfo
  service.close()
  for (const socket of sockets) socket.destroy()
  await sleep(ms)
  await listen(service, port)
}

function currentStats(): MockStats {
  const { user, system } = process.cpuUsage(cpuBefore)
  const rows = [...seen.values()]
  return {
    ...stats,
    buckets: Array.from(stats.buckets, (count) => count ?? 0),
    keys: rows.length,
    paidAgain: rows.reduce((sum, { paid }) => sum + Math.max(0, paid - 1), 0),
    okAgain: rows.reduce((sum, { answers }) => sum + Math.max(0, answers.filter((one) => one === 'ok').length - 1), 0),
    cpuMs: (user + system) / 1000,
  }
}

const control = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://control')
  const answer = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
  if (url.pathname === '/stats') answer(currentStats())
  else if (url.pathname === '/rows') answer([...seen.values()].map(({ number, answers }) => ({ number, answers })))
  else if (url.pathname === '/reset') {
    stats = { ...emptyStats(), inFlight: stats.inFlight }
    seen = new Map()
    cpuBefore = process.cpuUsage()
    answer({})
  } else if (url.pathname === '/mark') {
    stats.markedFirstAt = 0
    answer({})
  } else if (url.pathname === '/down') {
    void goDown(Number(url.searchParams.get('ms')))
    answer({})
  } else response.writeHead(404).end()
})

// The runner has ended, so no process will ask for the figures.
process.stdin.on('end', () => process.exit(0)).resume()
const ports = { port: await listen(service, 0), control: await listen(control, 0) }
process.stdout.write(`${JSON.stringify(ports)}\n`)
