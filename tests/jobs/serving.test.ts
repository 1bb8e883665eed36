import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepLocalJobs } from '../../jobs/launchers/local-stop.ts'
import { createLocalLauncher } from '../../jobs/launchers/local.ts'
import { bringUpServer, planHoneServer, planVllmServer, tearDownServer } from '../../jobs/serving.ts'
import type { PlanServer } from '../../jobs/serving.ts'

const fakeServer = fileURLToPath(new URL('./fake-server.mjs', import.meta.url))
let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-serving-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

function plan(more: { lists?: string; from?: string; delayMs?: number; mode?: string } = {}): PlanServer {
  return (port) => ({
    argv: [
      process.execPath,
      fakeServer,
      String(port),
      more.lists ?? 'round-1',
      more.from ?? '/weights',
      String(more.delayMs ?? 0),
      more.mode ?? 'good',
    ],
    env: {},
    secretEnv: [],
    cwd: root,
    gracePeriodSeconds: 1,
    url: `http://127.0.0.1:${port}/v1`,
    healthUrl: `http://127.0.0.1:${port}/health`,
    readyModel: 'round-1',
    readyRoot: '/weights',
  })
}

const options = (planned: PlanServer, more: { deadlineSeconds?: number; specHash?: string } = {}) => ({
  launcher: createLocalLauncher({ root }),
  key: 'demo/round/1/serve',
  specHash: 'a',
  plan: planned,
  deadlineSeconds: 10,
  ...more,
})

const starts = async () => (await readFile(join(root, 'starts.txt'), 'utf8')).trim().split('\n').length

test('a server is up when it lists the model, and used again by another worker', async () => {
  const server = await bringUpServer(options(plan({ delayMs: 300 })))
  const listed = await fetch(`${server.url}/models`)
  expect(await listed.json()).toMatchObject({ data: [{ id: 'round-1' }] })
  const again = await bringUpServer(options(plan()))
  expect(again.url).toBe(server.url)
  expect(await starts()).toBe(1)
  await tearDownServer(options(plan()))
  await expect(fetch(`${server.url}/models`)).rejects.toThrow('fetch failed')
  await tearDownServer(options(plan()))
})

test('a server that died is replaced by a new attempt', async () => {
  const first = await bringUpServer(options(plan()))
  await sweepLocalJobs(root)
  const second = await bringUpServer(options(plan()))
  expect(second.handle.key).not.toBe(first.handle.key)
  expect((await fetch(`${second.url}/models`)).ok).toBe(true)
})

test('a server that ends early fails with the end of its log', async () => {
  await expect(bringUpServer(options(plan({ mode: 'crash' })))).rejects.toThrow(/weights are broken/)
})

test('a server that lists another model, or the same name from elsewhere, is not ready and is ended', async () => {
  for (const wrong of [{ lists: 'round-0' }, { from: '/other' }]) {
    await expect(bringUpServer(options(plan(wrong), { deadlineSeconds: 1.5 }))).rejects.toThrow(
      /not ready within 1.5 s/,
    )
  }
  expect(await sweepLocalJobs(root)).toEqual([])
})

test('a port that was taken meanwhile costs another attempt and no failure', async () => {
  const server = await bringUpServer(options(plan({ mode: 'port-taken-once' })))
  expect(server.handle.key).toBe('demo/round/1/serve/2')
})

test('a key that serves something else is refused', async () => {
  await bringUpServer(options(plan()))
  await expect(bringUpServer(options(plan(), { specHash: 'b' }))).rejects.toMatchObject({ type: 'JobConflict' })
})

test('a cancelled wait ends the server, another abort leaves it', async () => {
  const slow = options(plan({ delayMs: 60_000 }))
  await expect(bringUpServer({ ...slow, signal: AbortSignal.abort('detach') })).rejects.toBe('detach')
  expect(
    (await slow.launcher.poll({ launcher: 'local', key: '', directory: join(root, 'demo~round~1~serve~1') })).state,
  ).not.toBe('cancelled')
  await expect(bringUpServer({ ...slow, signal: AbortSignal.abort('cancel') })).rejects.toBe('cancel')
  expect(await sweepLocalJobs(root)).toEqual([])
  expect(await readFile(join(root, 'demo~round~1~serve', 'serving.json'), 'utf8')).toContain('"attempt":1')
})

test('plans name the model, the port and nothing secret', () => {
  const served = { model: '/weights', name: 'round-1' }
  const own = planHoneServer(served, { python: 'python3', env: { PYTHONPATH: '/p' } })(4711)
  expect(own.argv.join(' ')).toBe(
    'python3 -m hone_trainer serve --model /weights --name round-1 --host 127.0.0.1 --port 4711',
  )
  const vllm = planVllmServer(served, { program: 'vllm', tensorParallel: 2, imagesPerPrompt: 4 })(4711)
  expect(vllm.argv).toEqual(expect.arrayContaining(['--tensor-parallel-size', '2', '{"image":4}', '--port', '4711']))
  expect(vllm.argv).not.toContain('--seed')
})
