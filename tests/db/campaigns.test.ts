import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getCampaign, insertCampaign, listCampaigns, setCampaignStatus, setHead } from '../../db/campaigns.ts'
import { listEvents, recordEvent } from '../../db/events.ts'
import { closeRound, getRound, listRounds, openRound } from '../../db/rounds.ts'
import { finishStep, getStep, listSteps, openStep } from '../../db/steps.ts'
import { importLines, openTestDatabase, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
})
afterAll(() => world.close())

describe('a campaign', () => {
  it('is created once, found again by the same recipe and in conflict with another', async () => {
    const { db } = world
    const input = { id: 'once', recipe: { a: 1 }, recipeHash: 'h1', recipeSource: 'a: 1', folder: '/f' }
    expect((await insertCampaign(db, input)).outcome).toBe('created')
    expect((await insertCampaign(db, input)).outcome).toBe('exists')
    const other = await insertCampaign(db, { ...input, recipeHash: 'h2', recipeSource: 'a: 2' })
    expect(other).toMatchObject({ outcome: 'conflict', campaign: { recipeHash: 'h1', recipeSource: 'a: 1' } })
    await setCampaignStatus(db, 'once', 'paused', 'gate')
    expect(await getCampaign(db, 'once')).toMatchObject({ status: 'paused', statusReason: 'gate', headRound: null })
    await expect(getCampaign(db, 'nobody')).rejects.toMatchObject({ type: 'UnknownCampaign' })
    await expect(setCampaignStatus(db, 'nobody', 'paused')).rejects.toMatchObject({ type: 'UnknownCampaign' })
  })

  it('moves its head once an act, however often the act is sent', async () => {
    const { db } = world
    await startCampaign(db, 'head')
    const roll = (round: number, dedupeKey: string) =>
      setHead(db, 'head', round, { who: 'me', kind: 'rollback', why: 'worse', dedupeKey })
    expect(await roll(1, 'head-a')).toBe(true)
    expect(await roll(0, 'head-b')).toBe(true)
    expect(await roll(1, 'head-a')).toBe(false)
    expect((await getCampaign(db, 'head')).headRound).toBe(0)
    expect((await listEvents(db, 'head')).map((event) => [event.fromRound, event.toRound])).toEqual([
      [null, 1],
      [1, 0],
    ])
    await expect(roll(7, 'head-c')).rejects.toThrow(/head/)
    expect(await listEvents(db, 'head')).toHaveLength(2)
    expect(await listCampaigns(db)).toContainEqual(expect.objectContaining({ id: 'head', head: 0, rounds: 1 }))
  })

  it('keeps every event once and as it was', async () => {
    const { db } = world
    await startCampaign(db, 'events')
    const event = { campaign: 'events', who: 'me', kind: 'paused', why: 'lunch', dedupeKey: 'e-1' }
    expect([await recordEvent(db, event), await recordEvent(db, event)]).toEqual([true, false])
    const hand = db.execute(sql`update events set why = 'other' where campaign_id = 'events'`)
    await expect(hand).rejects.toMatchObject({ cause: { message: expect.stringMatching(/never changed/) } })
  })
})

describe('a round', () => {
  it('is opened once and never changes once it is closed', async () => {
    const { db } = world
    await startCampaign(db, 'rounds')
    const again = await openRound(db, { campaign: 'rounds', number: 1, parent: 0 })
    expect(again).toMatchObject({ number: 1, parentNumber: 0, status: 'running' })
    await openRound(db, { campaign: 'rounds', number: 2, parent: 1 })
    await expect(openRound(db, { campaign: 'rounds', number: 2, parent: 0 })).rejects.toThrow(/has parent 1, not 0/)
    const end = {
      campaign: 'rounds',
      number: 1,
      status: 'closed',
      decision: 'promote',
      detail: { b: 2, a: 1 },
    } as const
    const closed = await closeRound(db, end)
    expect(await closeRound(db, { ...end, detail: { a: 1, b: 2 } })).toEqual(closed)
    await expect(closeRound(db, { ...end, decision: 'regress' })).rejects.toThrow(/never changed again/)
    expect(await getRound(db, 'rounds', 1)).toEqual(closed)
    const hand = db.execute(sql`update rounds set reason = 'x' where campaign_id = 'rounds' and number = 1`)
    await expect(hand).rejects.toMatchObject({ cause: { message: expect.stringMatching(/never changed/) } })
    await expect(getRound(db, 'rounds', 9)).rejects.toMatchObject({ type: 'UnknownRound' })
    expect((await listRounds(db, 'rounds')).map((round) => round.number)).toEqual([0, 1, 2])
  })

  it('takes no new steps once it has ended, and still finds those it has', async () => {
    const { db } = world
    await startCampaign(db, 'ended')
    const step = { campaign: 'ended', round: 1, name: 'sft', kind: 'sft', ordinal: 0, spec: {}, inputs: [] }
    const { stepId } = await openStep(db, step)
    await finishStep(db, stepId, 'failed', 'boom')
    await closeRound(db, { campaign: 'ended', number: 1, status: 'failed' })
    expect(await openStep(db, step)).toEqual({ stepId, status: 'failed', outputDatasetId: null })
    await expect(openStep(db, { ...step, name: 'rl' })).rejects.toThrow(/round 1 is failed/)
  })
})

describe('a step', () => {
  it('is opened once, also by two at once, and runs again after a failure', async () => {
    const { db } = world
    await startCampaign(db, 'steps')
    const { datasetId } = await importLines(db, 3, 'steps', 'steps')
    const step = {
      campaign: 'steps',
      round: 1,
      name: 'a',
      kind: 'reason',
      ordinal: 0,
      spec: { k: 1 },
      inputs: [datasetId],
    }
    const opened = await Promise.all([openStep(db, step), openStep(db, step), openStep(db, step)])
    expect(new Set(opened.map(({ stepId }) => stepId)).size).toBe(1)
    const stepId = opened[0]?.stepId ?? 0
    await expect(openStep(db, { ...step, kind: 'verify' })).rejects.toThrow(/another kind or other inputs/)
    await expect(openStep(db, { ...step, inputs: [] })).rejects.toThrow(/another kind or other inputs/)
    expect(await finishStep(db, stepId, 'cancelled', 'rollback')).toBe('cancelled')
    expect(await finishStep(db, stepId, 'failed', 'torn')).toBe('cancelled')
    expect((await openStep(db, step)).status).toBe('running')
    expect(await finishStep(db, stepId, 'done')).toBe('done')
    expect(await finishStep(db, stepId, 'failed')).toBe('done')
    expect((await openStep(db, step)).status).toBe('done')
    expect(await getStep(db, stepId)).toMatchObject({ status: 'done', reason: null })
    expect((await listSteps(db, 'steps', 1)).map(({ name }) => name)).toEqual(['a'])
  })
})
