import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeBatchServer } from '../models/batch/fake-batch-server.ts'
import { StepFolder } from './step-world.ts'

const program = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))
let folder: StepFolder
let server: FakeBatchServer
let children: ChildProcess[] = []
beforeEach(async () => {
  folder = new StepFolder()
  server = await new FakeBatchServer().start()
  const endpoint = { url: server.url, model: 'fake-model', mode: 'batch', batch: { pollSeconds: 0.1 } }
  folder.write('endpoints.yaml', JSON.stringify({ endpoint }))
  folder.writeLines('in.jsonl', rows)
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children = []
  await server.stop()
  folder.remove()
})

const rows = Array.from({ length: 40 }, (_, at) => ({
  id: `row-${at}`,
  images: ['a.png'],
  question: `question ${at}?`,
  description: `picture ${at}`,
}))

function start(): { child: ChildProcess; ended: Promise<{ code: number | null; err: string }> } {
  const files = ['-i', folder.at('in.jsonl'), '-o', folder.at('out.jsonl'), '--endpoints', folder.at('endpoints.yaml')]
  const child = spawn(process.execPath, [program, 'step', 'reason', ...files, '--set', 'samples=2', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let err = ''
  child.stderr?.on('data', (piece: Buffer) => (err += piece.toString()))
  child.stdout?.resume()
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, err })) }
}

it('a step whose endpoint is in batch mode is one batch, which a killed process does not submit again', async () => {
  const usual = server.next
  server.next = ({ status }) => (status === 'in_progress' ? status : usual({ ...server.batches[0]!, status }))
  const first = start()
  while (!server.batches.some(({ status }) => status === 'in_progress')) await sleep(20)
  first.child.kill('SIGKILL')
  await first.ended
  server.next = usual
  const { code, err } = await start().ended
  expect({ code, err }).toMatchObject({ code: 0 })
  expect(folder.read('out.jsonl').filter(({ status }) => status === 'kept')).toHaveLength(80)
  expect(server.batches).toHaveLength(1)
  expect(server.paid.size).toBe(80)
  expect(server.paidTwice).toEqual([])
  expect(server.live).toBe(0)
}, 60_000)
