import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from './campaign-world.ts'
import type { CampaignWorld } from './campaign-world.ts'
import type { Running } from './processes.ts'
import { smallCampaign } from './small-campaign.ts'

let world: CampaignWorld
let dev: Running
const campaign = 'small'

beforeAll(async () => {
  world = await campaignWorld({ latencyMs: 0 })
  dev = await world.dev()
  await world.start({ rounds: { ...smallCampaign('').rounds, count: 3 } })
}, 180_000)
afterAll(() => world.close())

const trainers = () => world.processes().filter(({ command }) => /hone_trainer (sft|grpo)/.test(command))
const moved = z.object({ campaign: z.string(), from: z.int(), to: z.int() })
const rollback = (to: number, reason: string) =>
  world.json(moved, 'rollback', campaign, '--to', String(to), '--reason', reason, '--who', 'ada')

/** Rows of every table of Hone. */
async function tableCounts(): Promise<Record<string, number>> {
  const tables = await world.query(
    z.object({ name: z.string() }),
    `select table_name as name from information_schema.tables where table_schema = 'public'`,
  )
  const each = tables.map(({ name }) => `select '${name}' as name, count(*)::int as n from "${name}"`)
  const counted = await world.query(z.object({ name: z.string(), n: z.int() }), each.join(' union all '))
  return Object.fromEntries(counted.map(({ name, n }) => [name, n]))
}

async function expectNothingLess(before: Record<string, number>): Promise<void> {
  const now = await tableCounts()
  expect(Object.keys(before).length).toBeGreaterThan(10)
  expect(Object.keys(before).filter((name) => (now[name] ?? 0) < (before[name] ?? 0))).toEqual([])
}

const roundRow = z.object({ number: z.int(), parent: z.int().nullable(), status: z.string() })
const rounds = () =>
  world.query(roundRow, 'select number, parent_number as parent, status from rounds where number > 0 order by number')
const status = async () => await world.json(z.object({ status: z.string(), head: z.int() }), 'status')
const untilRound = (number: number) => world.until(`round ${number}`, 'select 1 from rounds where number = $1', number)

describe('one campaign, steered all the way', { timeout: 400_000 }, () => {
  it('pause lets the step end and holds the next one, resume goes on', async () => {
    await world.untilRuns(campaign, 1, 'sft')
    await world.json(z.unknown(), 'pause', '--reason', 'lunch')
    await world.until(
      'the end of SFT',
      `select 1 from steps where round_number = 1 and name = 'sft' and status = 'done'`,
    )
    await sleep(1500)
    expect(await world.query(z.unknown(), `select 1 from steps where round_number = 1 and name = 'rl'`)).toEqual([])
    expect(await status()).toMatchObject({ status: 'paused' })
    await world.json(z.unknown(), 'resume')
    await world.untilRuns(campaign, 1, 'rl')
    expect(await status()).toMatchObject({ status: 'running' })
  })

  it('rollback --to 1 while round 3 trains: the trainer is gone, the next round has parent 1, nothing was deleted', async () => {
    await world.untilRuns(campaign, 3, 'sft')
    await vi.waitUntil(() => trainers().length > 0, 60_000)
    const before = await tableCounts()
    expect(await rollback(1, 'round 2 learned to guess')).toEqual({ campaign, from: 2, to: 1 })
    expect(trainers()).toEqual([])
    await untilRound(4)
    expect(await rounds()).toEqual([
      { number: 1, parent: 0, status: 'closed' },
      { number: 2, parent: 1, status: 'closed' },
      { number: 3, parent: 2, status: 'cancelled' },
      { number: 4, parent: 1, status: 'running' },
    ])
    await expectNothingLess(before)
  })

  it('rollback --to 2 afterwards rolls forward, and the campaign finishes from there', async () => {
    await world.untilRuns(campaign, 4, 'sample')
    const before = await tableCounts()
    expect(await rollback(2, 'it was fine')).toEqual({ campaign, from: 1, to: 2 })
    await untilRound(5)
    expect((await rounds()).slice(3)).toEqual([
      { number: 4, parent: 1, status: 'cancelled' },
      { number: 5, parent: 2, status: 'running' },
    ])
    await expectNothingLess(before)
    await world.untilFinished(campaign)
    expect(await status()).toMatchObject({ status: 'finished', head: 5 })
  })

  it('both work on the finished campaign, which goes on, and finishes again when the head is back', async () => {
    const before = await tableCounts()
    expect(await rollback(1, 'once more from round 1')).toEqual({ campaign, from: 5, to: 1 })
    await world.untilRuns(campaign, 6, 'sample')
    expect(await rollback(5, 'back to the end')).toEqual({ campaign, from: 1, to: 5 })
    await world.untilFinished(campaign)
    expect(await rollback(2, 'another third round')).toEqual({ campaign, from: 5, to: 2 })
    await untilRound(7)
    expect(await rollback(5, 'enough')).toEqual({ campaign, from: 2, to: 5 })
    await world.untilFinished(campaign)
    expect((await rounds()).slice(5)).toEqual([
      { number: 6, parent: 1, status: 'cancelled' },
      { number: 7, parent: 2, status: 'cancelled' },
    ])
    await expectNothingLess(before)
  })

  it('a rollback ends a trainer whose worker was killed a moment before', async () => {
    expect(await rollback(1, 'a kill')).toEqual({ campaign, from: 5, to: 1 })
    await world.untilRuns(campaign, 8, 'sft')
    await vi.waitUntil(() => trainers().length > 0, 60_000)
    // The stopped trainer would outlive the server's wait for a dead worker (20 s).
    const held = trainers()
    for (const { pid } of held) process.kill(pid, 'SIGSTOP')
    process.kill(world.pidOf('worker'), 'SIGKILL')
    const moving = rollback(5, 'after a kill')
    await sleep(21_000)
    for (const { pid } of held) process.kill(pid, 'SIGCONT')
    expect(await moving).toEqual({ campaign, from: 1, to: 5 })
    expect(trainers()).toEqual([])
    expect(await world.query(z.unknown(), `select attempt, state from attempts where job_id = 'small/8/sft'`)).toEqual([
      { attempt: 1, state: 'cancelled' },
    ])
    expect((await rounds()).at(-1)).toEqual({ number: 8, parent: 1, status: 'cancelled' })
    await world.untilFinished(campaign)
  })

  it('every act is in the events, with who, why, from and to', async () => {
    const act = z.object({ who: z.string(), why: z.string(), from_round: z.int(), to_round: z.int() })
    const acts = await world.query(act, `select * from events where kind = 'rollback' order by id`)
    expect(acts.map(({ who, why, from_round, to_round }) => [who, why, from_round, to_round])).toEqual([
      ['ada', 'round 2 learned to guess', 2, 1],
      ['ada', 'it was fine', 1, 2],
      ['ada', 'once more from round 1', 5, 1],
      ['ada', 'back to the end', 1, 5],
      ['ada', 'another third round', 5, 2],
      ['ada', 'enough', 2, 5],
      ['ada', 'a kill', 5, 1],
      ['ada', 'after a kill', 1, 5],
    ])
  })

  it('SFT of every round started from the base weights, and RL from the SFT before it', async () => {
    const training = z.object({ step: z.string(), checkpoint: z.string(), start: z.string() })
    const made = await world.query(
      training,
      `select round_number || ' ' || name as step, checkpoint_id as checkpoint, start_checkpoint_id as start
       from checkpoint_steps join steps on steps.id = step_id order by steps.id`,
    )
    const [base] = await world.query(
      z.object({ id: z.string() }),
      'select checkpoint_id as id from rounds where number = 0',
    )
    const trained = new Map(made.map(({ step, checkpoint }) => [step, checkpoint]))
    expect(Object.fromEntries(made.map(({ step, start }) => [step, start]))).toEqual({
      '1 sft': base?.id,
      '1 rl': trained.get('1 sft'),
      '2 sft': base?.id,
      '2 rl': trained.get('2 sft'),
      '5 sft': base?.id,
      '5 rl': trained.get('5 sft'),
    })
    expect(new Set(trained.values()).size).toBe(6)
  })

  it('the path that hone model prints holds weights, and stays the head’s after every move', async () => {
    const { out } = await world.hone('model')
    expect(readdirSync(out.trim())).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']))
    const [head] = await world.query(
      z.object({ path: z.string() }),
      `select path from checkpoints join rounds on rounds.checkpoint_id = checkpoints.id where number = 5`,
    )
    expect(out.trim()).toBe(head?.path)
  })

  it('lineage goes from the head down to the base model and the pictures', async () => {
    const { out } = await world.hone('lineage', (await world.hone('model')).out.trim())
    for (const fact of [
      /trained in small round 5, rl by trl on local/,
      /source seed from .*train\.jsonl: 48 rows/,
      /written by checkpoint-[0-9a-f]{64} \(trained\), 192 replies/,
      /trained in small round 2, sft/,
      /written by demo-reasoner \(reasoner\), 96 replies/,
      /written by demo-captioner \(captioner\), 48 replies/,
      /started from checkpoint [0-9a-f]{10}, .*a base model/,
    ])
      expect(out).toMatch(fact)
    expect(out).not.toMatch(/round [34678]/)
  })

  it('lineage goes from a row that was trained on to the replies that made it and its picture', async () => {
    const [row] = await world.query(
      z.object({ id: z.string() }),
      `select id from rows where dataset_id = 'small/1/select' and status = 'kept' order by position limit 1`,
    )
    const { out } = await world.hone('lineage', '--', row?.id ?? '')
    expect(out).toMatch(/reply +demo-reasoner \(reasoner\), key [0-9a-f]{10}, stop: \S/)
    expect(out).toMatch(/reply +demo-captioner \(captioner\), key [0-9a-f]{10}, stop: \S/)
    expect(out).toMatch(/picture +[0-9a-f]{10} +56×56 image\/png/)
  })

  it('show, status, rounds and list tell it in JSON', async () => {
    const shown = z.looseObject({
      round: z.int(),
      status: z.string(),
      steps: z.array(z.looseObject({ name: z.string() })),
    })
    const second = await world.json(shown, 'show', '2')
    expect(second).toMatchObject({ round: 2, parent: 1, status: 'closed' })
    expect(second.steps.map(({ name }) => name)).toEqual([
      'sample',
      'verify',
      'select',
      'sft',
      'rl',
      'evaluate',
      'gate',
    ])
    expect(await world.json(shown, 'show', '3')).toMatchObject({ status: 'cancelled', checkpoint: null })
    for (const verb of ['status', 'rounds'])
      expect(await world.json(z.unknown(), verb)).toMatchObject({ campaign, status: 'finished', head: 5 })
    expect(await world.json(z.unknown(), 'list')).toMatchObject([{ id: campaign, status: 'finished', head: 5 }])
  })

  it('Ctrl-C of hone dev leaves no process', async () => {
    expect(await dev.end('SIGINT')).toMatchObject({ code: 130 })
    expect(world.processes()).toEqual([])
  })
})
