import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import type { Running } from '../chaos/processes.ts'
import { FakeBatchServer } from '../models/batch/fake-batch-server.ts'

let world: CampaignWorld
let server: FakeBatchServer
let dev: Running
let recipe: string

beforeAll(async () => {
  server = await new FakeBatchServer().start()
  world = await campaignWorld({ latencyMs: 0 })
  const teacher = { url: server.url, model: 'batches', mode: 'batch', batch: { pollSeconds: 0.2 } }
  recipe = world.recipe({
    campaign: 'batches',
    endpoints: { teacher },
    benchmarks: {},
    rounds: { count: 1, first: [{ step: 'describe', from: 'seed', endpoint: 'teacher' }] },
  })
  dev = await world.dev()
}, 180_000)
afterAll(async () => {
  await world.close()
  await server.stop()
})

const text = z.object({ text: z.string().nullable() })
const count = z.object({ n: z.int() })
const openBatches = () => world.query(text, 'select provider_id as text from batches where ended_at is null')

describe('a campaign on a batch API', { timeout: 120_000 }, () => {
  it('shows the batch that its step waits for', async () => {
    server.next = () => 'in_progress'
    const { code, err } = await world.hone('start', recipe)
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
    await vi.waitUntil(async () => (await openBatches()).some((batch) => batch.text !== null), { timeout: 60_000 })
    expect(await openBatches()).toEqual([{ text: server.batches[0]?.id }])
    await vi.waitUntil(async () => (await world.hone('show', 'batches')).out.includes('in_progress'), {
      timeout: 60_000,
      interval: 1000,
    })
    expect((await world.hone('show', 'batches')).out).toMatch(/batch batch-\d+: in_progress, 0 of 48 done; expires at/)
  })

  it('pays for nothing twice, although its worker is killed with -9 while the batch runs', async () => {
    process.kill(world.pidOf('worker'), 'SIGKILL')
    await dev.says(/worker had died; it runs again/)
    server.next = ({ status }) => (status === 'in_progress' ? 'finalizing' : 'completed')
    await world.untilFinished('batches')
    expect(server.batches).toHaveLength(1)
    expect(server.paid.size).toBe(48)
    expect(server.paidTwice).toEqual([])
    const [paid] = await world.query(count, 'select count(*)::int as n from requests')
    expect(paid?.n).toBe(48)
    expect(await openBatches()).toEqual([])
  })
})
