import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { gradeCampaignAgain } from '../../client/grade-again.ts'
import { getCampaign } from '../../db/campaigns.ts'
import { openRound } from '../../db/rounds.ts'
import { listScores, saveGradedAgain } from '../../db/scores.ts'
import { judgeVersion } from '../../verifier/judge/judge.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { closeBase, importDev, insertRecipe } from '../activities/campaign.ts'
import { identityOf, scoreBefore } from '../activities/earlier-scores.ts'
import type { EarlierItem } from '../activities/earlier-scores.ts'
import { changeHistory, openTestDatabase } from '../db/world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

/**
 * The gold answer of each item is 3. The verifier of before took the second and missed the third.
 */
const mixed: EarlierItem[] = [
  { reply: '<answer>3</answer>', correct: true },
  { reply: '<answer>7</answer>', correct: true },
  { reply: '<answer>3</answer>', correct: false },
  { reply: null, correct: false },
]

/** A campaign of two rounds that an earlier version measured on four items. */
async function measuredBefore(campaign: string, more: Partial<Parameters<typeof insertRecipe>[2]> = {}) {
  const { db } = database
  await insertRecipe(db, campaign, { steps: ['{ step: dedupe, from: seed }', '{ step: evaluate }'], ...more })
  const items = await importDev(db, campaign, 4, { answer: '3' })
  const before = [await scoreBefore(db, { campaign, round: 0, items }, mixed)]
  await closeBase(db, campaign)
  await openRound(db, { campaign, number: 1, parent: 0 })
  before.push(await scoreBefore(db, { campaign, round: 1, items }, mixed))
  const stored = async () => {
    const found = await db.execute(sql`
      select s.round_number, s.identity_hash, s.identity, s.n, s.correct, s.unverifiable, s.truncated, s.accuracy,
        s.low, s.high, i.item_id, i.correct as right, i.verdict, i.reason, i.extracted, i.request_key
      from scores s join score_items i on i.score_id = s.id where s.campaign_id = ${campaign}
      order by s.round_number, s.identity_hash, i.item_id`)
    return found.rows
  }
  return {
    db,
    items,
    before,
    stored,
    again: async (wish = {}) => await gradeCampaignAgain(db, await getCampaign(db, campaign), wish),
  }
}

it('grades stored replies with this version, beside the old score, and names the items that changed', async () => {
  const { db, items, again } = await measuredBefore('both')
  const [base] = await again()
  expect(base).toMatchObject({
    round: 0,
    step: 'evaluate',
    benchmark: 'dev',
    state: 'graded',
    n: 4,
    noReply: 1,
    before: { verifier: '2.0.0', judge: null, correct: 2, accuracy: 0.5 },
    after: { verifier: verifierVersion, judge: null, correct: 2, accuracy: 0.5 },
    gained: 1,
    lost: 1,
  })
  const changes = Object.fromEntries(
    base!.changed.map(({ item, before, after }) => [items.indexOf(item), [before.verdict, after.verdict]]),
  )
  expect(changes).toEqual({ 1: ['correct', 'incorrect'], 2: ['incorrect', 'correct'] })
  const scores = await listScores(db, 'both')
  expect(scores.map(({ roundNumber, identityHash }) => [roundNumber, identityHash])).toEqual(
    [0, 1].flatMap((round) =>
      [identityOf('2.0.0').hash, identityOf(verifierVersion).hash].map((hash) => [round, hash]),
    ),
  )
})

it('grades once: another run finds the scores and tells the same', async () => {
  const { again, stored } = await measuredBefore('twice')
  const first = await again()
  const written = await stored()
  const second = await again()
  expect(second.map(({ state }) => state)).toEqual(['stored', 'stored'])
  expect(second.map((score) => ({ ...score, state: 'graded' }))).toEqual(first)
  expect(await stored()).toEqual(written)
})

it('comes to the same end after a kill in the middle of a score', async () => {
  const whole = await measuredBefore('whole')
  await whole.again()
  const killed = await measuredBefore('killed')
  const { db, before } = killed
  const identity = identityOf(verifierVersion)
  // A transaction that writes the score of round 1 and does not end holds the process up there.
  let release = () => undefined as void
  const held = new Promise<void>((resolve) => (release = resolve))
  const holding = db
    .transaction(async (tx) => {
      const empty = { identity, identityHash: identity.hash, accuracy: 0, low: 0, high: 0, items: [] }
      await saveGradedAgain(tx, before[1]!, empty)
      await held
      tx.rollback()
    })
    .catch(() => undefined)
  const program = fileURLToPath(new URL('../../bin/hone.js', import.meta.url))
  const child = spawn(process.execPath, [program, 'evaluate', 'killed', '--again'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: database.url },
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await vi.waitFor(async () => expect((await db.execute(waiting)).rows).toHaveLength(1), {
    timeout: 60_000,
    interval: 100,
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  release()
  await holding
  expect(await listScores(db, 'killed')).toHaveLength(3)

  expect((await killed.again()).map(({ state }) => state)).toEqual(['stored', 'graded'])
  const alike = (rows: Record<string, unknown>[]) =>
    rows.map((row) => ({ ...row, item_id: '', request_key: String(row['request_key']).replace(/^\w+-/, '') }))
  const sorted = (rows: Record<string, unknown>[]) =>
    alike(rows)
      .map((row) => JSON.stringify(row))
      .sort()
  expect(sorted(await killed.stored())).toEqual(sorted(await whole.stored()))
})

it('grades one round or one benchmark where it is told to, and refuses a round without a score', async () => {
  const { db, again } = await measuredBefore('one')
  expect(await again({ round: 1, benchmark: 'dev' })).toMatchObject([{ round: 1, state: 'graded' }])
  expect((await listScores(db, 'one')).map(({ roundNumber }) => roundNumber)).toEqual([0, 1, 1])
  await expect(again({ round: 5 })).rejects.toMatchObject({
    type: 'InvalidInput',
    nextStep: 'It has: dev of round 0, dev of round 1.',
  })
})

it('gives no score where a reply of the judge is needed that nobody paid for', async () => {
  const { db } = database
  const campaign = 'judged'
  await insertRecipe(db, campaign, {
    steps: ['{ step: dedupe, from: seed }', '{ step: evaluate }'],
    more: ['endpoints: { checker: { url: "http://127.0.0.1:9/v1", model: grader-1 } }'],
    dev: '{ path: ./dev, role: dev, judge: checker }',
  })
  const gold = 'Because it rained heavily during the whole night before'
  const items = await importDev(db, campaign, 1, { kind: 'text', answer: gold })
  const prose = [{ reply: '<answer>A lot of rain came down before the morning</answer>', correct: true }]
  await scoreBefore(db, { campaign, round: 0, items }, prose, { judge: judgeVersion('grader-1') })
  const again = await gradeCampaignAgain(db, await getCampaign(db, campaign))
  expect(again).toMatchObject([{ state: 'judge-not-stored', judgeNotStored: 1, after: null, gained: 0, lost: 0 }])
  expect(await listScores(db, campaign)).toHaveLength(1)
})

it('leaves a score alone whose identity it cannot read', async () => {
  const { db, again, before } = await measuredBefore('old')
  await changeHistory(db, sql`update scores set identity = '{"form":1}' where id = ${before[0]!.id}`)
  expect(await again()).toMatchObject([
    { round: 0, state: 'unreadable', after: null, before: { verifier: null } },
    { round: 1, state: 'graded' },
  ])
})
