import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Deps } from '../../activities/deps.ts'
import { decideGate, storedDecision } from '../../activities/gate.ts'
import { closeRoundAs, openRoundPlan } from '../../activities/round-io.ts'
import { gradeCampaignAgain } from '../../client/grade-again.ts'
import { getCampaign } from '../../db/campaigns.ts'
import { listEvents } from '../../db/events.ts'
import { getRound } from '../../db/rounds.ts'
import { listScores } from '../../db/scores.ts'
import { findStep } from '../../db/steps.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { changeHistory, openTestDatabase } from '../db/world.ts'
import { closeBase, importDev, inActivity, insertRecipe, scoreRound } from './campaign.ts'
import { scoreBefore } from './earlier-scores.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

const activity = { signal: new AbortController().signal, progress: () => undefined }
const depsOf = (db: Deps['db']): Deps => {
  const deps: Pick<Deps, 'db' | 'shutdown'> = { db, shutdown: activity.signal }
  return deps as Deps
}

/** The base answers 50 of 100 items. A round answers `gained` other items and loses `lost`. */
const base = (index: number) => index < 50
const after = (lost: number, gained: number) => (index: number) => (index < 50 ? index >= lost : index < 50 + gained)

/** A campaign whose rounds are measured and then judged by their gate. */
async function gated(campaign: string, gate: string) {
  const { db } = database
  await insertRecipe(db, campaign, {
    steps: ['{ step: dedupe, from: seed }', '{ step: evaluate }', `{ step: gate, benchmark: dev${gate} }`],
  })
  const items = await importDev(db, campaign, 100)
  await scoreRound(db, { campaign, round: 0, items }, base)
  await closeBase(db, campaign)
  const deps: Pick<Deps, 'db'> = { db }
  return {
    db,
    /** Opens a round, measures it, and asks its gate. */
    decide: async (round: number, parent: number, lost: number, gained: number) => {
      await openRoundPlan(db, { campaign, round, parent })
      await scoreRound(db, { campaign, round, items }, after(lost, gained))
      return await decideGate(depsOf(db), { campaign, round, step: 'gate' }, activity)
    },
    close: async (round: number) => {
      await closeRoundAs(deps as Deps, { campaign, round, status: 'closed', reason: null })
      return await getRound(db, campaign, round)
    },
  }
}

it('promotes a round that is better beyond chance, and keeps the decision with its numbers', async () => {
  const { db, decide, close } = await gated('better', '')
  const decided = await decide(1, 0, 0, 20)
  expect(decided).toMatchObject({ decision: 'promote', action: 'advance' })
  expect(decided.summary).toMatch(/^promote: dev \+20\.0 points against round 0 \(p 0\.0000019\), n 100$/)
  expect(await findStep(db, 'better', 1, 'gate')).toMatchObject({ status: 'done' })
  const event = (await listEvents(db, 'better')).at(-1)
  expect(event).toMatchObject({ kind: 'promote', who: 'gate', fromRound: 0, toRound: 1 })
  expect(event?.data).toMatchObject({ benchmark: 'dev', against: 0, difference: 0.2, action: 'advance' })
  expect(await close(1)).toMatchObject({ decision: 'promote', decisionDetail: { difference: 0.2 } })
})

it('decides once, and later scores and requests change nothing', async () => {
  const { db, decide } = await gated('once', '')
  const first = await decide(1, 0, 0, 20)
  expect(await decideGate(depsOf(db), { campaign: 'once', round: 1, step: 'gate' }, activity)).toEqual(first)
  expect((await listEvents(db, 'once')).filter(({ who }) => who === 'gate')).toHaveLength(1)
})

it('goes on from a round that is neither better nor worse if the recipe says so', async () => {
  const { decide } = await gated('equal', '')
  expect(await decide(1, 0, 3, 3)).toMatchObject({ decision: 'inconclusive', action: 'advance' })
  const { decide: ask } = await gated('asking', ', onInconclusive: pause')
  expect(await ask(1, 0, 3, 3)).toMatchObject({ decision: 'inconclusive', action: 'pause' })
})

it('stays at the parent after a regression, twice, and asks a person at the third', async () => {
  const { decide, close } = await gated('worse', ', onRegress: rollback')
  for (const round of [1, 2]) {
    expect(await decide(round, 0, 30, 0)).toMatchObject({ decision: 'regress', action: 'stay' })
    expect(await close(round)).toMatchObject({ decision: 'regress' })
  }
  expect(await decide(3, 0, 30, 0)).toMatchObject({ decision: 'regress', action: 'pause' })
})

it('counts only the regressions of rounds with the same parent', async () => {
  const { decide, close } = await gated('parents', ', onRegress: rollback')
  for (const round of [1, 2]) {
    await decide(round, 0, 30, 0)
    await close(round)
  }
  // Round 3 goes on from round 1, and is worse than it.
  expect(await decide(3, 1, 50, 0)).toMatchObject({ decision: 'regress', action: 'stay' })
})

it('compares with the base if the recipe says so, whatever the parent is', async () => {
  const { decide, close } = await gated('against-base', ', against: base, onRegress: continue')
  await decide(1, 0, 30, 0)
  await close(1)
  const decided = await decide(2, 1, 0, 20)
  expect(decided.summary).toContain('+20.0 points against round 0')
})

it('refuses to decide without a score, and says which step was to measure it', async () => {
  const { db } = await gated('unmeasured', '')
  await openRoundPlan(db, { campaign: 'unmeasured', round: 1, parent: 0 })
  await expect(
    decideGate(depsOf(db), { campaign: 'unmeasured', round: 1, step: 'gate' }, activity),
  ).rejects.toMatchObject({
    type: 'ScoresNotComparable',
    message: expect.stringContaining('round 1 of unmeasured has no score on "dev"'),
    nextStep: 'let an evaluate step before the gate measure this benchmark',
  })
  expect(await storedDecision(db, { campaign: 'unmeasured', round: 1 })).toEqual({})
})

/** Whether each of 40 answers is written right, and what a verifier of before said. */
const answers = (right: (index: number) => boolean, said = right) =>
  Array.from({ length: 40 }, (_, index) => ({
    reply: `<answer>${right(index) ? 3 : 4}</answer>`,
    correct: said(index),
  }))

/** A campaign whose base was measured by version 2.0.0 and whose round 1 by another version. */
async function upgraded(campaign: string, version: string) {
  const { db } = database
  await insertRecipe(db, campaign, {
    steps: ['{ step: dedupe, from: seed }', '{ step: evaluate }', '{ step: gate, benchmark: dev }'],
  })
  const items = await importDev(db, campaign, 40, { answer: '3' })
  // The verifier of before took every answer. The answers are right in a quarter of the items.
  await scoreBefore(
    db,
    { campaign, round: 0, items },
    answers(
      (index) => index < 10,
      () => true,
    ),
  )
  await closeBase(db, campaign)
  await openRoundPlan(db, { campaign, round: 1, parent: 0 })
  await scoreBefore(
    db,
    { campaign, round: 1, items },
    answers((index) => index < 30),
    { version },
  )
  return { db, decide: () => inActivity(() => decideGate(depsOf(db), { campaign, round: 1, step: 'gate' }, activity)) }
}

it('grades the stored replies of both ends again where their versions of the verifier differ', async () => {
  const { db, decide } = await upgraded('mixed', verifierVersion)
  // As stored, 40 of 40 against 30 of 40 would be a regression.
  const decided = await decide()
  expect(decided).toMatchObject({ decision: 'promote' })
  expect(decided.summary).toContain('+50.0 points against round 0')
  const scores = await listScores(db, 'mixed')
  expect(scores.map(({ roundNumber, correct }) => [roundNumber, correct])).toEqual([
    [0, 40],
    [0, 10],
    [1, 30],
  ])
})

it('compares scores of one old version as they are', async () => {
  const { db, decide } = await upgraded('same-version', '2.0.0')
  expect(await decide()).toMatchObject({ decision: 'regress' })
  expect(await listScores(db, 'same-version')).toHaveLength(2)
})

it('decides by the same scores when it is asked again after a grading', async () => {
  const { db, decide } = await upgraded('asked-again', '2.0.0')
  const first = await decide()
  await gradeCampaignAgain(db, await getCampaign(db, 'asked-again'))
  expect(await listScores(db, 'asked-again')).toHaveLength(4)
  expect(await decide()).toEqual(first)
})

it('refuses to compare scores whose replies it cannot grade again', async () => {
  const { db, decide } = await upgraded('unreadable', verifierVersion)
  await changeHistory(db, sql`update scores set identity = '{}' where campaign_id = 'unreadable' and round_number = 0`)
  await expect(decide()).rejects.toMatchObject({
    type: 'ScoresNotComparable',
    message: `rounds 1 and 0 of unreadable were not measured alike on "dev" (verifier ${verifierVersion}; an unknown verifier)`,
  })
})
