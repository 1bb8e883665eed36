import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoTable } from '../../cli/text/demo.ts'
import type { Database } from '../../db/database.ts'
import { campaignResult } from '../../views/campaign-result.ts'
import { allRounds, campaignOverview, endScores, lookAtCampaign, mixedBenchmarks } from '../../views/campaign.ts'
import { roundStatistics } from '../../views/dataset-statistics.ts'
import { lineageOf } from '../../views/lineage.ts'
import { rollbackPreview } from '../../views/rollback-preview.ts'
import { roundModel } from '../../views/round-model.ts'
import { newestRound, roundDetail } from '../../views/round.ts'
import { fillCampaign } from '../cli/campaign.ts'
import { changeHistory, openTestDatabase, startCampaign } from '../db/world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let db: Database
let rowId: string
beforeAll(async () => {
  world = await openTestDatabase()
  db = world.db
  rowId = (await fillCampaign(db, 'demo')).rowId
})
afterAll(() => world.close())

/** A value after a round trip through JSON, as a page would get it. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a campaign', () => {
  it('at one moment is its overview, its running step and every act', async () => {
    const { overview, running, events } = await lookAtCampaign(db, 'demo')
    expect(allRounds(overview).map(({ round }) => round)).toEqual([0, 1, 2, 3])
    expect(running).toMatchObject([{ round: 3, step: 'sft', job: { step: 120 } }])
    expect(events.map(({ kind }) => kind)).toEqual(['created', 'advanced', 'advanced', 'rollback'])
    expect(asJson({ overview, running })).toEqual({ overview, running })
  })

  it('that does not exist is unknown', async () => {
    await expect(lookAtCampaign(db, 'dmo')).rejects.toMatchObject({ type: 'UnknownCampaign' })
  })

  it('ends a round with the last score of each benchmark', () => {
    const score = (benchmark: string, correct: number) => ({ benchmark, correct })
    const steps = [{ scores: [score('dev', 1), score('report', 2)] }, { scores: [score('dev', 3)] }]
    const ends = endScores({ steps } as unknown as Parameters<typeof endScores>[0])
    expect([...ends.values()]).toEqual([score('dev', 3), score('report', 2)])
  })

  it('compares its models item by item with an exact test, and is plain JSON', async () => {
    const result = await campaignResult(db, 'demo')
    // Before, 1 of 5 items was right. After, the same item and two more are right.
    expect(result.comparisons).toEqual([
      { a: 'base', b: '1/evaluate', benchmark: 'report', n: 5, aOnly: 0, bOnly: 2, p: 0.5 },
    ])
    expect(result.base.scores).toMatchObject([{ benchmark: 'report', split: 'report', correct: 1 }])
    expect(result.rounds.map(({ round, status }) => [round, status])).toEqual([
      [1, 'closed'],
      [2, 'closed'],
      [3, 'running'],
    ])
    expect(asJson(result)).toEqual(result)
  })
})

describe('a campaign whose rounds were graded by different versions', () => {
  it('does not compare them, and says by which versions they were graded', async () => {
    await fillCampaign(db, 'mixed')
    await changeHistory(
      db,
      sql`
      update scores set identity_hash = 'other', identity = '{"graderVersion":"2.0.0"}'
      where campaign_id = 'mixed' and round_number = 0`,
    )
    const result = await campaignResult(db, 'mixed')
    expect(result).toMatchObject({
      comparisons: [],
      notCompared: [{ a: 'base', b: '1/evaluate', benchmark: 'report', verifiers: { a: '2.0.0', b: null } }],
      base: { scores: [{ verifier: '2.0.0' }] },
    })
    expect(demoTable(result).at(-1)).toBe(
      '1/evaluate against base: not comparable on report, graded by verifier unknown and 2.0.0',
    )
    expect(mixedBenchmarks(await campaignOverview(db, 'mixed'))).toEqual([
      { benchmark: 'report', verifiers: ['2.0.0', null] },
    ])
    expect(mixedBenchmarks(await campaignOverview(db, 'demo'))).toEqual([])
  })
})

describe('a round', () => {
  it('that runs counts as the newest round, and without any round the base does', async () => {
    expect(await newestRound(db, 'demo')).toBe(3)
    await startCampaign(db, 'young')
    expect(await newestRound(db, 'young')).toBe(0)
  })

  it('has samples only on demand, and of one step if a step is named', async () => {
    const whole = await roundDetail(db, 'demo', 1)
    expect(whole.steps.map(({ name, samples }) => [name, samples.length])).toEqual([
      ['reason', 0],
      ['sft', 0],
      ['evaluate', 0],
    ])
    expect(whole.jobs).toMatchObject([{ step: 'sft', curves: [{ name: 'loss', values: [2, 1.5, 0.8, 0.41] }] }])
    const { steps, jobs } = await roundDetail(db, 'demo', 1, { step: 'reason', samples: 2 })
    expect(steps).toMatchObject([{ name: 'reason', droppedByReason: { truncated: 2 }, failedByReason: { refused: 1 } }])
    expect(steps[0]?.samples).toHaveLength(2)
    expect(jobs).toEqual([])
  })

  it('lists its steps in the error about an unknown step', async () => {
    await expect(roundDetail(db, 'demo', 1, { step: 'paint' })).rejects.toMatchObject({
      type: 'InvalidInput',
      nextStep: 'Its steps: reason, sft, evaluate.',
    })
    await expect(roundDetail(db, 'young', 1, { step: 'paint' })).rejects.toMatchObject({
      nextStep: expect.stringContaining('hone status young'),
    })
  })

  it('has the model of the head or of the wanted round, if that round has a model', async () => {
    const overview = await campaignOverview(db, 'demo')
    expect(roundModel(overview)).toMatchObject({ round: 1, path: '/store/0ne1' })
    expect(roundModel(overview, 0)).toMatchObject({ round: 0, path: '/store/base' })
    expect(() => roundModel(overview, 3)).toThrow('Round 3 of demo is running and has no checkpoint.')
    expect(() => roundModel(overview, 9)).toThrow('Campaign "demo" has no round 9.')
  })
})

describe('the preview of a rollback', () => {
  it('lists the rounds that stay and the rounds that are left, the cancelled round and the next round', async () => {
    const overview = await campaignOverview(db, 'demo')
    expect(rollbackPreview(overview, 0)).toEqual({
      campaign: 'demo',
      from: 1,
      to: 0,
      line: [0],
      left: [1, 2],
      cancelled: [{ round: 3, step: 'sft' }],
      next: 4,
    })
    expect(rollbackPreview(overview, 2)).toMatchObject({ from: 1, line: [0, 1, 2], left: [] })
  })

  it('refuses an unknown round and a failed round', async () => {
    const overview = await campaignOverview(db, 'demo')
    expect(() => rollbackPreview(overview, 3)).toThrow('only a round that ended well can be the head')
    expect(() => rollbackPreview(overview, 9)).toThrow('has no round 9')
  })
})

describe('statistics', () => {
  it('cover all complete datasets, or the named datasets, each once', async () => {
    const all = await roundStatistics(db, 'demo', { round: 1, names: [], words: ['wait'] })
    expect(all.datasets.map(({ name, rows }) => [name, rows])).toEqual([
      ['demo', 5],
      ['reason', 2],
    ])
    const named = await roundStatistics(db, 'demo', { round: 1, names: ['reason', 'reason'], words: [] })
    expect(named).toMatchObject({ campaign: 'demo', round: 1, datasets: [{ name: 'reason' }] })
  })

  it('of an unknown round, or of a round without any complete dataset, are refused', async () => {
    const wish = { names: [], words: [] }
    await expect(roundStatistics(db, 'demo', { ...wish, round: 9 })).rejects.toMatchObject({ type: 'UnknownRound' })
    await expect(roundStatistics(db, 'young', wish)).rejects.toThrow('has no complete dataset yet')
  })
})

describe('lineage', () => {
  it('is the lineage of a checkpoint or a row, found by the beginning of an id', async () => {
    expect(await lineageOf(db, '0ne1')).toMatchObject({ checkpoint: { path: '/store/0ne1' } })
    expect(await lineageOf(db, '/store/0ne1')).toMatchObject({ checkpoint: { id: expect.stringMatching(/^0ne1/) } })
    expect(await lineageOf(db, rowId)).toMatchObject({ chain: [{ id: rowId }, { sourceId: expect.any(String) }] })
  })

  it.each(['', '  ', 'nothing-of-this-name'])('of %j is refused', async (id) => {
    await expect(lineageOf(db, id)).rejects.toThrow('No checkpoint and no single row begins with')
  })
})
