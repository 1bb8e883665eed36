import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLocalLauncher } from '../../jobs/launchers/local/launcher.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { createPoller } from '../../jobs/poller.ts'
import { bringUpServer, tearDownServer } from '../../jobs/servers/bring-up.ts'
import type { BringUpOptions } from '../../jobs/servers/bring-up.ts'
import { vllmCpu } from '../../jobs/servers/vllm/vllm.ts'
import { identify } from '../../services/identity.ts'

const fakeVllm = fileURLToPath(new URL('fake-vllm.mjs', import.meta.url))
let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hone-vllm-'))
})

afterEach(async () => {
  await sweepLocalJobs(root, { graceSeconds: 0 })
  await rm(root, { recursive: true, force: true })
})

/**
 * A FakeVllm server of a checkpoint that fails as `mode` says. It is ready within seconds or never.
 */
function server(mode: string, key = 'demo/round/1/evaluate/serve-1', readyWithinSeconds = 20): BringUpOptions {
  const launcher = createLocalLauncher({ root })
  const environment = { name: 'vllm-cpu', python: fakeVllm, env: { FAKE_VLLM: mode }, setup: [], prefix: [] }
  const served = { model: '/weights', name: 'checkpoint-1', resources: {}, options: {} }
  return {
    launcher,
    poll: createPoller(launcher),
    key,
    specHash: 'a',
    plan: (run) => ({ ...vllmCpu.plan({ ...served, run }, environment), readyWithinSeconds }),
    queueSeconds: 20,
  }
}

/** The number of engines that were started, and the ids of the living engines. */
async function engines(): Promise<{ started: number; living: number[] }> {
  const file = join(root, 'engines')
  const lines = existsSync(file) ? (await readFile(file, 'utf8')).trim().split('\n').map(Number) : []
  return { started: lines.length, living: lines.filter((pid) => identify(pid) !== null) }
}

test('a server is up when it lists its model from its folder, and another worker uses it again', async () => {
  const first = await bringUpServer(server('good'))
  const listed = await fetch(`${first.url}/models`)
  expect(await listed.json()).toEqual({ data: [{ id: 'checkpoint-1', root: '/weights' }] })
  expect((await bringUpServer(server('good'))).url).toBe(first.url)
  expect((await engines()).started).toBe(1)
  await tearDownServer(server('good'))
  await expect(fetch(`${first.url}/models`)).rejects.toThrow('fetch failed')
  expect((await engines()).living).toEqual([])
})

test('replicas of one endpoint are servers of their own, and end apart', async () => {
  const keys = ['demo/round/1/evaluate/serve-1', 'demo/round/1/evaluate/serve-1-2', 'demo/round/1/evaluate/serve-1-3']
  const replicas = await Promise.all(keys.map((key) => bringUpServer(server('good', key))))
  const urls = replicas.map(({ url }) => url)
  expect(new Set(urls).size).toBe(3)
  expect((await engines()).living).toHaveLength(3)
  await tearDownServer(server('good', keys[1]))
  const answers = await Promise.allSettled(urls.map((url) => fetch(`${url}/models`)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect((await engines()).living).toHaveLength(2)
})

test.each(['other-name', 'other-root'])(
  'a stale server that answers on the port for another model (%s) is not taken, and is ended',
  async (mode) => {
    await expect(bringUpServer(server(mode, undefined, 1.5))).rejects.toThrow(/was not ready within 1.5 s/)
    expect(await engines()).toEqual({ started: 1, living: [] })
  },
)

test('an engine whose server was killed is ended, and the next attempt brings both up again', async () => {
  await bringUpServer(server('killed')).catch(() => undefined)
  const folder = (await createLocalLauncher({ root }).find('demo/round/1/evaluate/serve-1/1'))?.directory ?? ''
  await expect.poll(() => existsSync(join(folder, 'job', 'exit.json')), { timeout: 10_000 }).toBe(true)
  expect(await engines()).toEqual({ started: 1, living: [] })
  const { handle } = await bringUpServer(server('good'))
  expect(handle.key).toBe('demo/round/1/evaluate/serve-1/2')
})

test('a port that was taken meanwhile costs an attempt, weights that do not load are told', async () => {
  expect((await bringUpServer(server('port-taken-once'))).handle.key).toBe('demo/round/1/evaluate/serve-1/2')
  await expect(bringUpServer(server('crash', 'demo/round/2/evaluate/serve-1'))).rejects.toThrow(
    /did not come up: [^]*Engine core initialization failed/,
  )
})
