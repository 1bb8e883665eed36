import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadCampaign, moveHead, recordCommand } from '../../activities/campaign-io.ts'
import { openRoundPlan } from '../../activities/round-io.ts'
import { getCampaign } from '../../db/campaigns.ts'
import { listEvents } from '../../db/events.ts'
import { closeRound, getRound } from '../../db/rounds.ts'
import { newestBudget } from '../../db/spending.ts'
import { openTestDatabase } from '../db/world.ts'
import { closeBase, insertRecipe } from './campaign.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const steps = ['{ step: dedupe, from: seed }', '{ step: rl }']

/** A campaign whose rounds start from the base and have these states. */
async function campaignWith(campaign: string, states: readonly ('running' | 'closed' | 'failed')[], count = 3) {
  const { db } = database
  await insertRecipe(db, campaign, { steps, count })
  await closeBase(db, campaign)
  for (const [index, status] of states.entries()) {
    const round = index + 1
    await openRoundPlan(db, { campaign, round, parent: 0 })
    if (status !== 'running') await closeRound(db, { campaign, number: round, status })
  }
  return db
}

const act = (campaign: string, to: number, kind: 'advanced' | 'rollback', id: string) => ({
  campaign,
  to,
  kind,
  who: 'ada',
  why: 'a test',
  dedupeKey: `${campaign}/${kind}/${id}`,
})

it('says which round is next until the last round of the recipe is done', async () => {
  const db = await campaignWith('next', ['closed'], 1)
  expect(await loadCampaign(db, { campaign: 'next' })).toMatchObject({
    status: 'running',
    head: 0,
    roundsWanted: 1,
    rounds: [{ round: 0 }, { round: 1, parent: 0, status: 'closed' }],
    next: { round: 2, parent: 0 },
  })
  await moveHead(db, act('next', 1, 'advanced', '1'))
  expect(await loadCampaign(db, { campaign: 'next' })).toMatchObject({ head: 1, next: null })
})

it('goes on with a round that was left open', async () => {
  const db = await campaignWith('open', ['running'])
  expect((await loadCampaign(db, { campaign: 'open' })).next).toEqual({ round: 1, parent: 0 })
})

it('moves the head once for one act, and says the same when the act is sent again', async () => {
  const db = await campaignWith('twice', ['closed', 'closed'])
  expect(await moveHead(db, act('twice', 1, 'advanced', '1'))).toEqual({ from: 1, to: 1 })
  expect(await moveHead(db, act('twice', 2, 'advanced', '2'))).toEqual({ from: 1, to: 2 })
  expect(await moveHead(db, act('twice', 0, 'rollback', 'back'))).toEqual({ from: 2, to: 0 })
  expect(await moveHead(db, act('twice', 2, 'advanced', '2'))).toEqual({ from: 1, to: 2 })
  expect((await getCampaign(db, 'twice')).headRound).toBe(0)
})

it.each([
  ['is running', 'running', 'round 1 of r-running is running: only a round that ended well can be the head'],
  ['failed', 'failed', 'round 1 of r-failed is failed: only a round that ended well can be the head'],
  ['is not there', null, 'campaign "r-null" has no round 1'],
] as const)('refuses as the head a round that %s', async (_, state, message) => {
  const campaign = `r-${state}`
  const db = await campaignWith(campaign, state === null ? [] : [state])
  await expect(moveHead(db, act(campaign, 1, 'rollback', 'x'))).rejects.toMatchObject({
    type: 'UnknownRound',
    message,
    nextStep: `choose a closed round; see: hone rounds ${campaign}`,
  })
  expect((await listEvents(db, campaign)).some(({ kind }) => kind === 'rollback')).toBe(false)
})

it('gives up failed rounds at a rollback, so that the next round has a number of its own', async () => {
  const db = await campaignWith('given-up', ['closed', 'failed'])
  await moveHead(db, act('given-up', 0, 'rollback', 'back'))
  expect(await getRound(db, 'given-up', 2)).toMatchObject({ status: 'cancelled' })
  expect((await loadCampaign(db, { campaign: 'given-up' })).next).toEqual({ round: 3, parent: 0 })
})

it('keeps a command with who and why, its budget, and the new status', async () => {
  const db = await campaignWith('commands', [])
  const command = { campaign: 'commands', who: 'ada', why: 'lunch' }
  await recordCommand(db, { ...command, kind: 'paused', dedupeKey: 'commands/paused/1' })
  expect(await getCampaign(db, 'commands')).toMatchObject({ status: 'paused', statusReason: 'lunch' })
  const resumed = { ...command, why: null, kind: 'resumed' as const, dedupeKey: 'commands/resumed/1' }
  await recordCommand(db, { ...resumed, budget: { requests: 5 } })
  expect(await getCampaign(db, 'commands')).toMatchObject({ status: 'running', statusReason: null })
  expect(await newestBudget(db, 'commands')).toEqual({ requests: 5 })
  expect((await listEvents(db, 'commands')).map(({ kind }) => kind)).toEqual(['base-model', 'paused', 'resumed'])
})
