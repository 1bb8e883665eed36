import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import { smallCampaign } from '../chaos/small-campaign.ts'

let world: CampaignWorld
let recipe: string
let result: string

beforeAll(async () => {
  world = await campaignWorld({ latencyMs: 0, isForDemo: true })
  const { endpoints, rounds } = smallCampaign('')
  const teacher = { url: 'demo:teacher', concurrency: 8 }
  recipe = world.recipe({
    campaign: 'demo',
    baseModel: { path: 'demo:base' },
    endpoints: {
      ...endpoints,
      captioner: { ...teacher, model: 'demo-captioner' },
      reasoner: { ...teacher, model: 'demo-reasoner' },
    },
    sources: { seed: { path: 'demo:train', maxRows: 48 } },
    benchmarks: {
      dev: { path: 'demo:dev', role: 'dev', maxTokens: 64, maxItems: 48 },
      report: { path: 'demo:report', role: 'report', maxTokens: 64, maxItems: 48 },
    },
    rounds: { count: 1, first: rounds.first },
  })
  result = join(world.home, '..', 'result.json')
}, 180_000)
afterAll(() => world.close())

const demo = () => world.background('demo', '--recipe', recipe, '--json', result, '--exit')

const attempt = z.object({ attempt: z.int(), state: z.string() })

describe('hone demo, interrupted and run again', { timeout: 400_000 }, () => {
  for (const moment of [/PostgreSQL/, /demo pictures/, /demo base model/, /worker/])
    it(`Ctrl-C while it says ${moment.source}: 130, and no process is left`, async () => {
      const running = demo()
      await running.says(moment)
      expect(await running.end('SIGINT')).toMatchObject({ code: 130 })
      expect(world.processes()).toEqual([])
    })

  it('Ctrl-C while it trains: 130, and neither trainer nor server is left', async () => {
    const running = demo()
    await running.says(/Temporal Web UI/)
    await world.untilRuns('demo', 1, 'sft')
    expect(world.processes().filter(({ command }) => command.includes('wrapper.py'))).toHaveLength(1)
    expect(await running.end('SIGINT')).toMatchObject({ code: 130 })
    expect(world.processes()).toEqual([])
  })

  it('again it goes on with the same campaign: the interrupted training gets a second attempt, the rest is kept', async () => {
    const running = demo()
    await running.says(/Temporal Web UI/)
    await world.untilRuns('demo', 1, 'rl')
    expect(
      await world.query(attempt, `select attempt, state from attempts where job_id = 'demo/1/sft' order by attempt`),
    ).toEqual([
      { attempt: 1, state: 'failed' },
      { attempt: 2, state: 'succeeded' },
    ])
    const { code, out, err } = await running.ended
    expect(code).toBe(0)
    for (const reused of [
      /demo pictures: ready, found/,
      /demo base model: ready, found/,
      /campaign demo: ready, found, it goes on/,
    ])
      expect(err).toMatch(reused)
    expect(out).toMatch(/^1 head +0 +describe +48 +48/m)
  })

  it('leaves its result as JSON, and no process', () => {
    const said: unknown = JSON.parse(readFileSync(result, 'utf8'))
    expect(said).toMatchObject({
      campaign: 'demo',
      status: 'finished',
      head: 1,
      base: {
        scores: [
          { benchmark: 'dev', n: 48 },
          { benchmark: 'report', n: 48 },
        ],
      },
      rounds: [{ round: 1, parent: 0, status: 'closed' }],
      // 24 described pictures (two questions on each), 96 traces and two evaluations of 96 items:
      // no request was repeated.
      requests: { paid: 312, failed: 0 },
    })
    expect(world.processes()).toEqual([])
  })
})
