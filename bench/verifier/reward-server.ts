import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { startRewardServer } from '../../verifier/serve/reward-server.ts'

/**
 * Loads a reward server in its own process with clients that send batches without a pause. Prints
 * the lag of the server's event loop, its rate and the rows that it gave up: `npx tsx
 * bench/verifier/reward-server.ts [--seconds 15] [--clients 64] [--workers N] [--hangs]`. A batch
 * has 64 to 512 completions of up to 16 KB. Every eighth client sends degenerate completions. With
 * `--hangs`, one completion in 2,000 hangs for ever, in a thread that is made to hang (no rule of
 * the verifier hangs).
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    clients: { type: 'string', default: '64' },
    workers: { type: 'string' },
    hangs: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
})

const fakeThread = new URL('../../tests/verifier/fake-verifier-process.ts', import.meta.url)
const degenerate = [
  '9^{9^{9^9}}',
  '((100!)!)',
  `${'\\frac{1}{1+'.repeat(300)}x${'}'.repeat(300)}`,
  '('.repeat(3000) + ')'.repeat(3000),
  '{'.repeat(5000) + '}'.repeat(5000),
  `${'\\sqrt{'.repeat(400)}2${'}'.repeat(400)}`,
  '(a+b+c+d+e)^{60}',
  Array.from({ length: 3000 }, (_, i) => 3000 - i).join(', '),
  '1,'.repeat(5000),
  '1,000'.repeat(3000),
  '7'.repeat(20_000),
  '\\boxed{1}, '.repeat(3000),
  '\\boxed{'.repeat(3000),
  `$1$${' '.repeat(20_000)}$x$`,
  'the answer is 12 '.repeat(3000),
  '1e999999999',
  '\u0000😀\\frac',
  '<think>'.repeat(3000),
  '$'.repeat(5000),
]
const pairs = [
  ['\\frac{1}{2}', '0.5', '0.6'],
  ['12', '12', '13'],
  ['x^2+2x+1', '(x+1)^2', '(x+2)^2'],
  ['B', 'B', 'C'],
  ['5 cm', '50 mm', '5 kg'],
  ['(1,2]', '(1, 2]', '[1,2)'],
  ['45%', '0.45', '0.46'],
  ['yes', 'Yes', 'no'],
] as const

/** A deterministic number from 0 to `below` − 1. */
let state = 1
function draw(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}

const prose =
  'We look at the figure: the "second" bar is twice the first, so\n$\\frac{a}{b} = 2$, and then we check it again. '

function completion(isDegenerate: boolean): { gold: string; answer: string } {
  const [gold, right, wrong] = pairs[draw(pairs.length)] ?? pairs[0]
  if (values.hangs && draw(2000) === 0) return { gold, answer: 'FAKE-HANG' }
  if (isDegenerate) {
    const bad = degenerate[draw(degenerate.length)] ?? ''
    return draw(2) === 0 ? { gold, answer: `<answer>${bad}</answer>` } : { gold: bad, answer: bad }
  }
  const thought = prose.repeat(1 + draw(Math.floor(16_000 / prose.length)))
  return { gold, answer: `<think>${thought}</think> It is this. <answer>${draw(2) === 0 ? right : wrong}</answer>` }
}

function batch(isDegenerate: boolean): { body: Buffer; rows: number } {
  const rows = [64, 64, 128, 256, 512][draw(5)] ?? 64
  const items = Array.from({ length: rows }, (_, i) => ({ id: `i${i}`, ...completion(isDegenerate) }))
  return { body: Buffer.from(JSON.stringify({ reward: { name: 'weighted' }, items })), rows }
}

/**
 * Processor time of the main thread and its wait for a processor, in milliseconds. Only Linux tells
 * it.
 */
function schedule(): { ran: number; waited: number } {
  try {
    const [ran = 0, waited = 0] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')
      .split(' ')
      .map(Number)
    return { ran: ran / 1e6, waited: waited / 1e6 }
  } catch {
    return { ran: Number.NaN, waited: Number.NaN }
  }
}

/**
 * Measures every 5 ms how late the loop is, and whether the loop itself was working or waited for a
 * processor.
 */
function watchLateness(): () => string {
  const late = { all: 0, atWork: 0 }
  let [last, before] = [performance.now(), schedule()]
  const timer = setInterval(() => {
    const [now, after] = [performance.now(), schedule()]
    if (now - last - 5 > 20) {
      late.all += 1
      if (after.ran - before.ran > 20) late.atWork += 1
    }
    ;[last, before] = [now, after]
  }, 5)
  const began = schedule()
  return () => {
    clearInterval(timer)
    const { ran, waited } = schedule()
    return `loop later than 20 ms: ${late.all} times, ${late.atWork} of them by its own work; it ran ${(ran - began.ran).toFixed(0)} ms and waited ${(waited - began.waited).toFixed(0)} ms for a processor`
  }
}

async function serve(): Promise<void> {
  const workers = values.workers === undefined ? undefined : Number(values.workers)
  const server = await startRewardServer({ pool: { workers, entry: values.hangs ? fakeThread : undefined } })
  const lateness = watchLateness()
  process.on('disconnect', () => {
    console.log(lateness())
    void server.close().then(() => process.exit(0))
  })
  process.send?.(server.url)
}

/** Posts one body. Resolves with the time in seconds. */
async function post(url: string, agent: Agent, body: Buffer): Promise<number> {
  const began = performance.now()
  const sent = request(`${url}/v1/score`, {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const answer = await text(response)
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${answer.slice(0, 300)}`)
  return (performance.now() - began) / 1000
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN

async function load(): Promise<void> {
  const serving = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--serve'], {
    execArgv: ['--import', import.meta.resolve('tsx')],
  })
  const [message] = (await once(serving, 'message')) as [unknown]
  const url = z.string().parse(message)
  const clients = Number(values.clients)
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const normal = Array.from({ length: 16 }, () => batch(false))
  const bad = Array.from({ length: 4 }, () => batch(true))
  const seconds: number[] = []
  let [rows, bytes] = [0, 0]
  const cpu = process.cpuUsage()
  const began = performance.now()
  const until = began + Number(values.seconds) * 1000
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const mine = client % 8 === 7 ? bad : normal
      for (let turn = client; performance.now() < until; turn += 1) {
        const next = mine[turn % mine.length]
        if (next === undefined) return
        seconds.push(await post(url, agent, next.body))
        rows += next.rows
        bytes += next.body.length
      }
    }),
  )
  const took = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  seconds.sort((a, b) => a - b)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  agent.destroy()
  const ended = once(serving, 'exit')
  serving.disconnect()
  await ended
  const shown = metrics
    .split('\n')
    .filter((line) => /^hone_reward_(event_loop|killed|respawns|verdicts|errors)/.test(line))
  console.log(
    `${clients} clients, ${took.toFixed(1)} s: ${seconds.length} requests, ${rows} rows, ${(bytes / 1e6).toFixed(0)} MB`,
  )
  console.log(
    `${(seconds.length / took).toFixed(1)} requests/s, ${(rows / took).toFixed(0)} rows/s, ${(bytes / 1e6 / took).toFixed(0)} MB/s; the clients' own CPU ${((user + system) / 1e6).toFixed(1)} s`,
  )
  console.log(
    `request seconds: p50 ${quantile(seconds, 0.5).toFixed(3)}, p99 ${quantile(seconds, 0.99).toFixed(3)}, max ${quantile(seconds, 1).toFixed(3)}`,
  )
  console.log(shown.join('\n'))
}

await (values.serve ? serve() : load())
