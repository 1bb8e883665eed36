import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import type { Running } from '../chaos/processes.ts'
import { FakeStreamingServer } from './fake-streaming-server.ts'

let world: CampaignWorld
let server: FakeStreamingServer
let dev: Running
let recipe: string

beforeAll(async () => {
  server = await new FakeStreamingServer().start()
  world = await campaignWorld({ latencyMs: 0 })
  const teacher = { url: server.url, model: 'streams', stream: 'auto', concurrency: 4 }
  recipe = world.recipe({
    campaign: 'streams',
    endpoints: { teacher },
    benchmarks: {},
    rounds: {
      count: 1,
      first: [
        { step: 'describe', from: 'seed', endpoint: 'teacher' },
        { step: 'reason', endpoint: 'teacher', samples: 2 },
      ],
    },
  })
  dev = await world.dev()
}, 180_000)
afterAll(async () => {
  await world.close()
  await server.stop()
})

/** Replies that `hone start` paid for: to a picture, and to a text. */
const probes = 2
const count = z.object({ n: z.int() })
const requests = async () => (await world.query(count, 'select count(*)::int as n from requests'))[0]?.n ?? 0
const whole = () => [...server.paid.values()].reduce((sum, times) => sum + times, 0)

describe('a campaign on a server that only streams', { timeout: 120_000 }, () => {
  it('starts: the probe streams too', async () => {
    const { code, err } = await world.hone('start', recipe)
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
    expect(server.refused).toBeGreaterThan(0)
  })

  it('pays for nothing twice, although its worker is killed with -9 in the middle of replies', async () => {
    await vi.waitUntil(() => server.paid.size >= 16, { timeout: 60_000, interval: 20 })
    server.hold()
    // All replies that were sent whole are kept, and the others have stopped in the middle.
    await vi.waitUntil(async () => server.waiting > 0 && (await requests()) >= whole() - probes, {
      timeout: 30_000,
      interval: 50,
    })
    expect(await requests()).toBeLessThan(48)
    process.kill(world.pidOf('worker'), 'SIGKILL')
    await dev.says(/worker had died; it runs again/)
    server.release()
    await world.untilFinished('streams')
    expect(server.left).toBeGreaterThan(0)
    expect([...server.paid].filter(([, times]) => times > 1)).toEqual([])
    expect(await requests()).toBe(48 + 96)
  })

  it('keeps whole replies: thinking and answer in one text, with the tokens of the server', async () => {
    const reply = z.object({ text: z.string(), tokens: z.int() })
    const replies = await world.query(
      reply,
      'select distinct reply as text, prompt_tokens + completion_tokens as tokens from requests',
    )
    expect(replies).toEqual([
      { text: '<think>\nI look closely.\n</think>\n\nThere are <answer>3</answer>', tokens: 110 },
    ])
  })
})
