import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { createPoller } from '../../jobs/poller.ts'
import { bringUpServer, tearDownServer } from '../../jobs/servers/bring-up.ts'
import { honeServer } from '../../jobs/servers/hone.ts'
import type { ServerPlan } from '../../jobs/servers/model-server.ts'

const fakeServer = fileURLToPath(new URL('./fake-server.mjs', import.meta.url))
let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-serving-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

interface Fake {
  lists?: string
  from?: string
  delayMs?: number
  mode?: string
  readyWithinSeconds?: number
}

/** Plans a FakeServer. */
const plan =
  ({ lists = 'round-1', from = '/weights', delayMs = 0, mode = 'good', readyWithinSeconds = 10 }: Fake = {}) =>
  (): ServerPlan => ({
    command: {
      kind: 'serve',
      argv: [process.execPath, fakeServer, '{port}', lists, from, String(delayMs), mode],
      env: {},
      secretEnv: [],
      cwd: root,
      gracePeriodSeconds: 1,
      resources: {},
      setup: [],
    },
    healthPath: '/health',
    readyModel: 'round-1',
    readyRoot: '/weights',
    readyWithinSeconds,
  })

const options = (planned: () => ServerPlan, more: { specHash?: string } = {}) => {
  const launcher = createLocalLauncher({ root })
  const key = 'demo/round/1/serve'
  return { launcher, poll: createPoller(launcher), key, specHash: 'a', plan: planned, queueSeconds: 10, ...more }
}

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
    await expect(bringUpServer(options(plan({ ...wrong, readyWithinSeconds: 1.5 })))).rejects.toThrow(
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
  const handle = await slow.launcher.find('demo/round/1/serve/1')
  const states = await slow.launcher.poll(handle === null ? [] : [handle])
  expect([...states.values()].map(({ state }) => state)).not.toContain('cancelled')
  expect(states.size).toBe(1)
  await expect(bringUpServer({ ...slow, signal: AbortSignal.abort('cancel') })).rejects.toBe('cancel')
  expect(await sweepLocalJobs(root)).toEqual([])
  expect(await readFile(join(root, 'demo~round~1~serve', 'serving.json'), 'utf8')).toContain('"attempt":1')
})

test('a server that is taken down leaves no folder; one that ended by itself keeps its log', async () => {
  const { handle } = await bringUpServer(options(plan()))
  await tearDownServer(options(plan()))
  expect(existsSync(handle.directory)).toBe(false)
  await expect(bringUpServer(options(plan({ mode: 'crash' })))).rejects.toThrow(/weights are broken/)
  await tearDownServer(options(plan()))
  expect(await readFile(join(root, 'demo~round~1~serve~2', 'job', 'stderr.log'), 'utf8')).toContain(
    'weights are broken',
  )
})

test('a server of before servers said where they listen is used again, at the port of its record', async () => {
  const { url, handle } = await bringUpServer(options(plan()))
  await rm(join(handle.directory, 'job', 'serving.json'))
  const record = join(root, 'demo~round~1~serve', 'serving.json')
  const port = Number(new URL(url).port)
  await writeFile(record, JSON.stringify({ attempt: 1, port, jobKey: handle.key, specHash: 'a' }))
  expect(await bringUpServer(options(plan()))).toMatchObject({ url, handle: { key: handle.key } })
})

test('the project’s own server is told its model, and its options by name; others are refused', () => {
  const served = { model: '/weights', name: 'round-1', run: '/run', resources: {} }
  const environment = { name: 'trl', python: 'python3', env: { PYTHONPATH: '/p' }, setup: [], prefix: [] }
  const { command } = honeServer.plan({ ...served, options: { maxTokens: 64 } }, environment)
  expect(command.argv.join(' ')).toBe(
    'python3 -m hone_trainer serve --model /weights --name round-1 --host {host} --max-tokens 64 --port {port}',
  )
  expect(honeServer.check({ resources: {}, options: { maxTokens: 64 } })).toEqual([])
  expect(honeServer.check({ resources: {}, options: { tensorParallel: 2 } })).toMatchObject([
    { level: 'refusal', text: expect.stringContaining('tensorParallel') },
  ])
})
