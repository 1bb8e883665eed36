import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { campaignWorld } from '../chaos/campaign-world.ts'
import type { CampaignWorld } from '../chaos/campaign-world.ts'
import type { Running } from '../chaos/processes.ts'
import { campaign } from './marks.ts'
import { takeOver } from './old-home.ts'
import type { OldHome } from './old-home.ts'

/*
 * Homes of commit 3af5782, before jobs had places, under today's Hone: running work continues, and
 * ended rounds are reported as before. Temporal's own state is not stored: `hone dev` restores
 * running campaigns from PostgreSQL. (tests/replay shows that old histories replay.)
 */

let world: CampaignWorld

beforeAll(async () => {
  world = await campaignWorld({ latencyMs: 0, isForDemo: true })
}, 240_000)
afterAll(() => world.close())

const upWith = async (): Promise<Running> => {
  const dev = world.background('dev', '--demo')
  await dev.says(/Ctrl-C ends all of it/)
  return dev
}

/** Ctrl-C ends all processes of the home. Only the test's own teacher stays. */
async function expectAllEnds(dev: Running): Promise<void> {
  expect(await dev.end('SIGINT')).toMatchObject({ code: 130 })
  expect(world.processes()).toEqual([])
}

const started = z.object({ campaign: z.string(), outcome: z.string() })
const startAgain = ({ recipe }: OldHome) => world.json(started, 'start', recipe)

const attempt = z.object({ attempt: z.int(), state: z.string() })
const attemptsOf = (job: string) =>
  world.query(attempt, 'select attempt, state from attempts where job_id = $1 order by attempt', job)

const roundRow = z.object({ number: z.int(), parent: z.int().nullable(), status: z.string() })
const rounds = () => world.query(roundRow, 'select number, parent_number as parent, status from rounds order by number')

const stepDone = (round: number, step: string) =>
  world.until(
    `the end of ${step} of round ${round}`,
    `select 1 from steps where campaign_id = $1 and round_number = $2 and name = $3 and status = 'done'`,
    campaign,
    round,
    step,
  )

/** Waits for one step after the other, so that a slow machine gets its time for each step. */
async function stepsDone(round: number, steps: readonly string[]): Promise<void> {
  for (const step of steps) await stepDone(round, step)
}

const moved = z.object({ campaign: z.string(), from: z.int(), to: z.int() })

/**
 * Rolls back to round 1 and waits until the next round has sampled from the model that the old Hone
 * trained in round 1.
 */
async function rollBack(next: number): Promise<z.infer<typeof moved>> {
  const act = ['--to', '1', '--reason', 'back to what the old one made', '--who', 'ada']
  const done = await world.json(moved, 'rollback', campaign, ...act)
  await stepDone(next, 'sample')
  return done
}

const roundList = z.looseObject({ rounds: z.array(z.looseObject({ round: z.int() })) })

/**
 * A value in which any text may replace the base model's folder: a model in a cache is copied to
 * the store when it is used.
 */
function wherever(root: string, value: unknown): object {
  const isBase = (each: unknown) => typeof each === 'string' && each.startsWith(`${root}/cache/models/`)
  const text = JSON.stringify(value)
  return JSON.parse(text, (_, each: unknown) => (isBase(each) ? expect.any(String) : each))
}

/** What an old Hone told, in today's words: a reinforcement job was of the kind `grpo` then. */
const inTodaysWords = <Told>(told: Told): Told =>
  JSON.parse(JSON.stringify(told).replaceAll('"kind":"grpo"', '"kind":"rl"'))

const score = z.looseObject({ benchmark: z.string(), checkpoint: z.string() })
const scored = z.looseObject({ scores: z.array(score), earlierScores: z.array(score) })

/**
 * What today's Hone tells, with the scores that a round ended with. A gate of today may have graded
 * the old replies again: the old scores are kept as earlier scores, the oldest last.
 */
const asMeasuredThen = (today: unknown): unknown =>
  JSON.parse(JSON.stringify(today), (_, each: unknown) => {
    const step = scored.safeParse(each)
    if (!step.success) return each
    const { scores, earlierScores } = step.data
    const oldest = (now: z.infer<typeof score>) =>
      earlierScores.findLast((one) => one.benchmark === now.benchmark && one.checkpoint === now.checkpoint) ?? now
    return { ...step.data, scores: scores.map(oldest) }
  })

/** Today's commands report everything that the old commands reported about the ended rounds. */
async function expectToldAlike({ root, told }: OldHome): Promise<void> {
  const closed = told.rounds.rounds.filter(({ status }) => status === 'closed')
  const today = roundList.parse(asMeasuredThen(await world.json(z.unknown(), 'rounds', campaign)))
  expect(today.rounds.filter(({ round }) => closed.some((old) => old.round === round))).toMatchObject(closed)
  for (const [index, shown] of told.shown.entries()) {
    const now = asMeasuredThen(await world.json(z.unknown(), 'show', campaign, String(shown.round)))
    expect(now).toMatchObject(inTodaysWords(shown))
    const lineage = wherever(root, told.lineage[index])
    expect(await world.json(z.unknown(), 'lineage', shown.checkpoint)).toMatchObject(lineage)
  }
}

describe('a home whose Hone was killed with its trainer in the SFT of round 2', { timeout: 600_000 }, () => {
  let old: OldHome
  let dev: Running

  it('is taken over as the old Hone left it: tables of then, a job without an end', async () => {
    old = await takeOver(world, 'killed-in-sft')
    dev = await upWith()
    const [first] = await world.query(
      z.object({ handle: z.unknown() }),
      'select handle from attempts where job_id = $1 and attempt = 1',
      `${campaign}/2/sft`,
    )
    expect(first?.handle).toEqual({
      launcher: 'local',
      key: `${campaign}/2/sft/attempt-1`,
      directory: `${world.home}/runs/${campaign}~2~sft~attempt-1`,
    })
  })

  it('hone dev says that the campaign goes on, and hone start with the same recipe finds it', async () => {
    await expect(dev.says(new RegExp(`going on +${campaign}`))).resolves.toBeTruthy()
    expect(await startAgain(old)).toMatchObject({ campaign, outcome: 'exists' })
  })

  it('the training that was lost gets a second attempt, and the campaign goes on to its end', async () => {
    await stepsDone(2, ['sft', 'rl', 'evaluate', 'gate'])
    await stepsDone(3, ['sample', 'select', 'sft', 'rl', 'evaluate'])
    await world.untilFinished(campaign)
    expect(await attemptsOf(`${campaign}/2/sft`)).toEqual([
      { attempt: 1, state: 'lost' },
      { attempt: 2, state: 'succeeded' },
    ])
    expect(await rounds()).toEqual([
      { number: 0, parent: null, status: 'closed' },
      { number: 1, parent: 0, status: 'closed' },
      { number: 2, parent: 1, status: 'closed' },
      { number: 3, parent: 2, status: 'closed' },
    ])
  })

  it('rolls back to a round of the old Hone; what that one had ended is told as it was', async () => {
    expect(await rollBack(4)).toEqual({ campaign, from: 3, to: 1 })
    expect((await rounds()).at(-1)).toEqual({ number: 4, parent: 1, status: 'running' })
    await expectToldAlike(old)
    await expectAllEnds(dev)
  })
})

describe('a home whose Hone was ended by Ctrl-C in the RL of round 2', { timeout: 400_000 }, () => {
  let old: OldHome
  let dev: Running

  it('is taken over: the training that was interrupted gets a second attempt, which ends well', async () => {
    old = await takeOver(world, 'interrupted-in-rl')
    dev = await upWith()
    await stepDone(2, 'rl')
    expect(await attemptsOf(`${campaign}/2/rl`)).toEqual([
      { attempt: 1, state: 'failed' },
      { attempt: 2, state: 'succeeded' },
    ])
  })

  it('rolls back in the middle of that round; what had ended is told as it was', async () => {
    expect(await rollBack(3)).toEqual({ campaign, from: 1, to: 1 })
    expect((await rounds()).slice(2)).toEqual([
      { number: 2, parent: 1, status: 'cancelled' },
      { number: 3, parent: 1, status: 'running' },
    ])
    await expectToldAlike(old)
    await expectAllEnds(dev)
  })
})

describe('a home whose campaign had finished', { timeout: 400_000 }, () => {
  let old: OldHome
  let dev: Running

  it('is taken over: hone start says that it has finished, and all rounds are told as they were', async () => {
    old = await takeOver(world, 'finished')
    dev = await upWith()
    expect(await startAgain(old)).toMatchObject({ campaign, outcome: 'finished' })
    expect(old.told.shown.map(({ round }) => round)).toEqual([0, 1, 2, 3])
    await expectToldAlike(old)
  })

  it('rolls back, and the next round trains from there', async () => {
    expect(await rollBack(4)).toEqual({ campaign, from: 3, to: 1 })
    expect((await rounds()).at(-1)).toEqual({ number: 4, parent: 1, status: 'running' })
    await stepsDone(4, ['select', 'sft'])
    await expectToldAlike(old)
    await expectAllEnds(dev)
  })
})
