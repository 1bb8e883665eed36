// The state of `hone step`: `npx tsx bench/step-store.ts [--rows 10000] [--rounds 3] [--latency
// 20]`. Cold run, warm run, `kill -9` at half with the same command again, and two processes with
// one log of replies, against an endpoint in a process of its own that answers with 2 kB after
// `--latency` milliseconds.
import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createProgress } from '../data/file-steps/progress.ts'
import { runFileStep } from '../data/file-steps/run-file.ts'
import { dataSteps } from '../data/steps/registry.ts'

const { values: flags } = parseArgs({
  options: {
    role: { type: 'string', default: 'all' },
    dir: { type: 'string', default: '' },
    url: { type: 'string', default: '' },
    out: { type: 'string', default: 'out.jsonl' },
    in: { type: 'string', default: 'in.jsonl' },
    replies: { type: 'string' },
    rows: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    latency: { type: 'string', default: '20' },
  },
})
const self = fileURLToPath(import.meta.url)

if (flags.role === 'mock') mock()
else if (flags.role === 'run') await run()
else await all()

/** Answers with 2 kB of text that differs for each request. */
function mock(): void {
  let sent = 0
  const server = createServer((request, response) => {
    if (request.url === '/count') {
      response.end(String(sent))
      sent = 0
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      sent += 1
      const body = JSON.parse(Buffer.concat(parts).toString()) as { seed: number }
      const text = `<think>${`step ${body.seed} of the thought. `.repeat(80)}</think> <answer>1</answer>`
      const reply = {
        choices: [{ message: { content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 500, completion_tokens: 500 },
      }
      setTimeout(() => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(reply))
      }, Number(flags.latency))
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.send?.(typeof address === 'object' ? address?.port : 0)
  })
}

async function run(): Promise<void> {
  const step = dataSteps['reason']
  if (!step) throw new Error('no step')
  const began = performance.now()
  const cpu = process.cpuUsage()
  const progress = createProgress()
  let worst = 0
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    worst = Math.max(worst, now - last - 10)
    last = now
  }, 10).unref()
  await runFileStep({
    step,
    options: step.options.parse({ step: 'reason', endpoint: 'endpoint', samples: 1 }),
    endpoints: [
      {
        name: 'endpoint',
        baseUrls: [flags.url],
        model: 'm',
        identity: 'm',
        concurrency: 64,
        timeoutSeconds: 60,
        imageMaxPixels: 1000,
      },
    ],
    prices: new Map(),
    evidence: [],
    benchmarks: [],
    inputs: [join(flags.dir, flags.in)],
    stdin: Readable.from([]),
    output: join(flags.dir, flags.out),
    state: join(flags.dir, `${flags.out}.hone`),
    replies: flags.replies,
    seed: 1,
    promptSuffix: '',
    version: 'bench',
    progress,
    signal: new AbortController().signal,
  })
  const { user, system } = process.cpuUsage(cpu)
  const { paid, reused, found } = progress.read()
  process.stdout.write(
    `${JSON.stringify({
      seconds: (performance.now() - began) / 1000,
      cpu: (user + system) / 1e6,
      rss: process.resourceUsage().maxRSS / 1024,
      stall: worst,
      paid,
      reused,
      found,
    })}\n`,
  )
}

interface Figures {
  seconds: number
  cpu: number
  rss: number
  stall: number
  paid: number
  reused: number
  found: number
  wall: number
}

async function all(): Promise<void> {
  const server = fork(self, ['--role', 'mock', '--latency', flags.latency], { execArgv: ['--import', 'tsx'] })
  const [port] = (await once(server, 'message')) as [number]
  const url = `http://127.0.0.1:${port}`
  const count = async () => Number(await (await fetch(`${url}/count`)).text())
  for (let round = 0; round < Number(flags.rounds); round++) {
    const dir = mkdtempSync(join(tmpdir(), 'hone-step-store-'))
    await measure(dir, url, count)
    rmSync(dir, { recursive: true })
  }
  server.kill()
}

async function measure(dir: string, url: string, count: () => Promise<number>): Promise<void> {
  const rows = Number(flags.rows)
  writeRows(join(dir, 'in.jsonl'), 0, rows)
  writeRows(join(dir, 'half.jsonl'), rows, rows / 2)
  const start = (...more: string[]) => begin(['--role', 'run', '--dir', dir, '--url', `${url}/v1`, ...more])
  const cold = await start().figures
  const sent = await count()
  const megabytes = sizeOf(join(dir, 'out.jsonl.hone')) / 1e6
  print('cold', cold, `${sent} sent, ${megabytes.toFixed(1)} MB of state`)
  print('warm', await start().figures, `${await count()} sent`)
  const killed = start('--out', 'killed.jsonl')
  const output = readFileSync(join(dir, 'out.jsonl'), 'utf8')
  while (killed.child.exitCode === null && sizeOf(join(dir, 'killed.jsonl.partial')) < output.length / 2) await sleep(5)
  killed.child.kill('SIGKILL')
  await killed.figures.catch(() => undefined)
  const before = await count()
  const rest = await start('--out', 'killed.jsonl').figures
  const again = before + (await count()) - rows
  const isSame = readFileSync(join(dir, 'killed.jsonl'), 'utf8') === output
  print('after kill -9', rest, `${again} sent again, ${isSame ? 'the same output' : 'ANOTHER OUTPUT'}`)
  const shared = ['--replies', join(dir, 'shared.jsonl')]
  const two = await Promise.all([
    start('--in', 'half.jsonl', '--out', 'one.jsonl', ...shared).figures,
    start('--out', 'two.jsonl', ...shared).figures,
  ])
  const slower = two.reduce((a, b) => (a.wall > b.wall ? a : b))
  print('two at once', slower, `${await count()} sent for ${1.5 * rows} requests`)
}

function writeRows(path: string, from: number, count: number): void {
  const line = (at: number): string => {
    const description = `Picture ${at}. ${'A sentence of what is seen there. '.repeat(30)}`
    return `${JSON.stringify({ id: `row-${at}`, images: ['a.png'], question: `How many of ${at}?`, answer: '1', description })}\n`
  }
  writeFileSync(path, Array.from({ length: count }, (_, at) => line(from + at)).join(''))
}

function print(what: string, { wall, cpu, rss, stall }: Figures, more: string): void {
  console.log(
    what.padEnd(13),
    `${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s, peak ${rss.toFixed(0)} MB, longest stall ${stall.toFixed(0)} ms; ${more}`,
  )
}

function begin(args: string[]): { child: ChildProcess; figures: Promise<Figures> } {
  const began = performance.now()
  const child = spawn(process.execPath, ['--import', 'tsx', self, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout?.on('data', (part: Buffer) => (out += part.toString()))
  const figures = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`ended with ${code}`)
    return { ...(JSON.parse(out) as Figures), wall: (performance.now() - began) / 1000 }
  })
  figures.catch(() => undefined)
  return { child, figures }
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path)
    return found.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size
  } catch {
    return 0
  }
}
