import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from './campaign-world.ts'
import type { CampaignWorld } from './campaign-world.ts'
import type { Running } from './processes.ts'
import { captionerConcurrency, smallCampaign } from './small-campaign.ts'

let world: CampaignWorld
let dev: Running
const campaign = 'small'

beforeAll(async () => {
  // Slow enough that describing takes seconds.
  world = await campaignWorld({ latencyMs: 100 })
  dev = await world.dev()
  await world.start()
}, 180_000)
afterAll(() => world.close())

/** kill -9: the process cannot clean up. */
const kill = (pid: number) => process.kill(pid, 'SIGKILL')

async function killWorker(): Promise<void> {
  const before = world.pidOf('worker')
  kill(before)
  await dev.says(/worker had died; it runs again/)
  expect(world.pidOf('worker')).not.toBe(before)
}

async function killWorkerAndDev(): Promise<void> {
  kill(world.pidOf('worker'))
  kill(dev.pid)
  await dev.ended
  dev = await world.dev()
}

const attemptsOf = 'select count(*)::int as handles from attempts where job_id = $1'
const rowCounts = `select count(*)::int as n from rows where dataset_id = $1`
const count = z.object({ n: z.int() })
const countOf = async (sql: string, ...values: unknown[]) => (await world.query(count, sql, ...values))[0]?.n ?? 0

describe('kill -9 in each part of a round', { timeout: 300_000 }, () => {
  it('of the worker while it describes: the same hone dev brings it back', async () => {
    await world.until('the first descriptions', 'select 1 from requests having count(*) >= 16')
    await killWorker()
    expect(await countOf(rowCounts, `${campaign}/1/describe`)).toBeLessThan(48)
  })

  it('of worker and hone dev while SFT trains: a new hone dev says that the campaign goes on', async () => {
    await world.untilRuns(campaign, 1, 'sft')
    await killWorkerAndDev()
    await expect(dev.says(/going on +small/)).resolves.toBeTruthy()
  })

  it('of worker and hone dev while GRPO trains: its processes are the same before and after', async () => {
    await world.untilRuns(campaign, 1, 'rl')
    const trainers = () => world.processes().filter(({ command }) => command.includes('hone_trainer grpo'))
    await vi.waitUntil(() => trainers().length > 0, 60_000)
    await killWorkerAndDev()
    const [job] = await world.query(z.object({ handles: z.int() }), attemptsOf, `${campaign}/1/rl`)
    expect(job).toEqual({ handles: 1 })
  })

  it('of the worker while it evaluates, and the campaign finishes', async () => {
    await world.untilRuns(campaign, 1, 'evaluate')
    await killWorker()
    await world.untilFinished(campaign)
    expect(await world.json(z.unknown(), 'status')).toMatchObject({ campaign, status: 'finished' })
  })
})

describe('after all these kills', { timeout: 120_000 }, () => {
  it('no training ran twice, and each published one checkpoint', async () => {
    const jobs = await world.query(
      z.object({ kind: z.string(), attempts: z.int(), checkpoints: z.int() }),
      `select kind, (select count(*)::int from attempts where job_id = jobs.id) as attempts,
        (select count(*)::int from checkpoint_steps where job_id = jobs.id) as checkpoints
       from jobs where kind in ('sft', 'rl') order by id`,
    )
    expect(jobs).toEqual([
      { kind: 'rl', attempts: 1, checkpoints: 1 },
      { kind: 'sft', attempts: 1, checkpoints: 1 },
    ])
  })

  it('no reward was lost while the reward server changed hands', async () => {
    const failed = await world.query(
      z.object({ step: z.int(), value: z.number() }),
      `select step, value from metrics where job_id = $1 and name = 'reward/failed' and value > 0`,
      `${campaign}/1/rl`,
    )
    expect(failed).toEqual([])
  })

  it('nothing was paid twice beyond what was in flight, and every item has one result', async () => {
    const kept = await countOf(`select count(*)::int as n from requests where model like 'demo-%'`)
    expect(kept).toBe(48 + 96)
    const calls = await world.teacherCalls()
    expect(calls).toBeGreaterThanOrEqual(kept)
    // In flight are the captioner's two current requests and the replies that were not committed
    // yet. A slow machine has more of these, but fewer than the 16 replies that were stored before
    // the kill.
    expect(calls - kept).toBeLessThanOrEqual(5 * captionerConcurrency)
    const items = await world.query(
      z.object({ benchmark: z.string(), n: z.int(), different: z.int() }),
      `select benchmark, count(*)::int as n, count(distinct item_id)::int as different
       from scores join score_items on score_items.score_id = scores.id
       where round_number = 1 group by benchmark order by benchmark`,
    )
    expect(items).toEqual([
      { benchmark: 'dev', n: 48, different: 48 },
      { benchmark: 'report', n: 48, different: 48 },
    ])
  })

  it('its rows are those of a campaign that nobody disturbed, which gets every reply for nothing', async () => {
    const before = await world.teacherCalls()
    const first = smallCampaign('').rounds.first.filter(({ step }) => !['sft', 'rl', 'evaluate', 'gate'].includes(step))
    await world.start({ campaign: 'undisturbed', benchmarks: {}, rounds: { count: 1, first } })
    await world.untilFinished('undisturbed')
    const datasets = async (of: string) =>
      await world.query(
        z.object({ name: z.string(), content_hash: z.string(), row_count: z.int(), all: z.int() }),
        `select name, content_hash, row_count, (select count(*)::int from rows where dataset_id = datasets.id) as all
         from datasets where id like $1 order by name`,
        `${of}/1/%`,
      )
    const expected = await datasets('undisturbed')
    expect(expected.map(({ name }) => name)).toEqual(['clean', 'describe', 'reason', 'select', 'verify'])
    expect(await datasets(campaign)).toEqual(expected)
    expect(await world.teacherCalls()).toBe(before)
  })

  it('Ctrl-C of hone dev ends with 130 and leaves no process', async () => {
    expect(await dev.end('SIGINT')).toMatchObject({ code: 130 })
    await sleep(100)
    expect(world.processes()).toEqual([])
  })
})
