import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeEndpoint } from '../models/fake-endpoint.ts'
import { sentByKey, StepFolder } from './step-world.ts'

const program = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))
const concurrency = 6
let folder: StepFolder
let endpoint: FakeEndpoint
let children: ChildProcess[] = []
beforeEach(async () => {
  folder = new StepFolder()
  endpoint = await new FakeEndpoint().start()
  endpoint.latencyMs = 40
  endpoint.reply = (request) => `<think>seed ${request.seed}</think> <answer>1</answer>`
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children = []
  await endpoint.stop()
  folder.remove()
})

const rows = Array.from({ length: 120 }, (_, at) => ({
  id: `row-${at}`,
  images: ['a.png'],
  question: `question ${at}?`,
  description: `picture ${at}`,
}))

function start(): { child: ChildProcess; ended: Promise<{ code: number | null; err: string }> } {
  const argv = [
    'step',
    'reason',
    '-i',
    folder.at('in.jsonl'),
    '-o',
    folder.at('out.jsonl'),
    '--set',
    'samples=2',
    '--json',
  ]
  const child = spawn(
    process.execPath,
    [program, ...argv, '--endpoint', endpoint.url, '--model', 'm', '--concurrency', String(concurrency)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  children.push(child)
  let err = ''
  child.stderr?.on('data', (piece: Buffer) => (err += piece.toString()))
  child.stdout?.resume()
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, err })) }
}

const sent = async (count: number): Promise<void> => {
  while (endpoint.requests.length < count) await sleep(5)
}

describe('a process that is killed', () => {
  it('loses at most the requests under way, whenever it is killed, and ends with every row once', async () => {
    folder.writeLines('in.jsonl', rows)
    let paid = 0
    let kills = 0
    for (const count of [1, 40, 41, 130, 200]) {
      const run = start()
      await Promise.race([sent(count), run.ended])
      run.child.kill('SIGKILL')
      await run.ended
      kills += 1
      // The endpoint counts every request of the killed process before the next process starts.
      await sleep(60)
      paid = endpoint.requests.length
    }
    expect(existsSync(folder.at('out.jsonl'))).toBe(false)
    const last = await start().ended
    expect(last).toMatchObject({ code: 0 })
    expect(endpoint.requests.length).toBeGreaterThan(paid)

    const counts = [...sentByKey(endpoint.requests).values()]
    expect(counts).toHaveLength(240)
    const again = counts.reduce((sum, count) => sum + count - 1, 0)
    // Requests on the wire, and as many replies that had come and were not written yet.
    expect(again).toBeLessThanOrEqual(2 * kills * concurrency)
    expect(folder.read('out.jsonl').map(({ id, status }) => `${id} ${status}`)).toEqual(
      rows.flatMap(({ id }) => [`${id}#0 kept`, `${id}#1 kept`]),
    )

    const before = endpoint.requests.length
    expect((await start().ended).code).toBe(0)
    expect(endpoint.requests).toHaveLength(before)
  })

  it('gives up its lock', async () => {
    folder.writeLines('in.jsonl', rows.slice(0, 10))
    endpoint.misbehave = () => ({ hang: true })
    const first = start()
    await sent(1)
    const second = await start().ended
    expect(second.code).toBe(1)
    first.child.kill('SIGKILL')
    await first.ended
    endpoint.misbehave = () => undefined
    expect((await start().ended).code).toBe(0)
  })
})

it('Ctrl-C ends it within a second, says how to go on, and leaves the finished rows for a look', async () => {
  folder.writeLines('in.jsonl', rows)
  const run = start()
  await sent(60)
  // Requests that hang do not delay the end.
  endpoint.misbehave = () => ({ hang: true })
  await sleep(100)
  const asked = performance.now()
  run.child.kill('SIGINT')
  const { code, err } = await run.ended
  const seconds = (performance.now() - asked) / 1000
  expect(code).toBe(130)
  expect(err).toMatch(/Stopped\. \d+ of 120 rows are done\. The same command goes on/)
  // The limit is generous for a machine under load. The end takes milliseconds.
  expect(seconds).toBeLessThan(5)
  const partial = readFileSync(folder.at('out.jsonl.partial'), 'utf8').trim().split('\n')
  expect(partial.length).toBeGreaterThan(10)
  expect(partial.every((line) => line.endsWith('}'))).toBe(true)
})
