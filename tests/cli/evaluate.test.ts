import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRound } from '../../db/rounds.ts'
import { verifierVersion } from '../../verifier/verdict.ts'
import { closeBase, importDev, insertRecipe } from '../activities/campaign.ts'
import { scoreBefore } from '../activities/earlier-scores.ts'
import { openTestDatabase } from '../db/world.ts'
import { hone as call } from './terminal.ts'
import type { Ran } from './terminal.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
  const { db } = world
  await insertRecipe(db, 'demo', { steps: ['{ step: dedupe, from: seed }', '{ step: evaluate }'] })
  const items = await importDev(db, 'demo', 4, { answer: '3' })
  const given = [
    { reply: '<answer>3</answer>', correct: true },
    { reply: '<answer>7</answer>', correct: true },
    { reply: '<answer>8</answer>', correct: true },
    { reply: null, correct: false },
  ]
  await scoreBefore(db, { campaign: 'demo', round: 0, items }, given)
  await closeBase(db, 'demo')
  await openRound(db, { campaign: 'demo', number: 1, parent: 0 })
  await scoreBefore(db, { campaign: 'demo', round: 1, items }, given)
})
afterAll(() => world.close())

const hone = (argv: string[]): Promise<Ran> => call(argv, { env: { DATABASE_URL: world.url } })

describe('evaluate', () => {
  it('does nothing without --again, and says what it does', async () => {
    const { code, err } = await hone(['evaluate', 'demo'])
    expect(code).toBe(2)
    expect(err).toContain('hone evaluate CAMPAIGN --again')
  })

  it('of one round leaves the other, and the tables say that their scores are not comparable', async () => {
    const { out, code } = await hone(['evaluate', 'demo', '--again', '--round', '0', '--items'])
    expect(code).toBe(0)
    expect(out).toContain(`demo: stored replies graded by verifier ${verifierVersion}. No model was asked.\n`)
    expect(out).toMatch(/0 +evaluate +dev +4 +75\.0 % \[.*\] +2\.0\.0 +25\.0 % \[.*\] +0 +2 +0 +1\n/)
    expect(out).toContain('dev of round 0: 1 of 4 items have no stored reply.')
    expect(out).toMatch(/before +correct \(same-number\), extracted <answer>7<\/answer>\n +now +incorrect \(/)

    const rounds = (await hone(['rounds', 'demo'])).out
    expect(rounds).toMatch(new RegExp(`0 base .*25\\.0 % .*\\(verifier ${verifierVersion}\\)`))
    expect(rounds).toMatch(/^1 .*75\.0 % .*\(verifier 2\.0\.0\)/m)
    expect(rounds).toContain('are not comparable. Grade the stored replies again: hone evaluate demo --again')
    expect((await hone(['status', 'demo'])).out).toContain('are not comparable')
  })

  it('of all rounds makes their scores comparable, and keeps the old scores', async () => {
    const { out } = await hone(['evaluate', '--again', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      campaign: 'demo',
      verifier: verifierVersion,
      scores: [
        { round: 0, state: 'stored', gained: 0, lost: 2 },
        { round: 1, state: 'graded', before: { accuracy: 0.75 }, after: { accuracy: 0.25 }, changed: [{}, {}] },
      ],
    })
    expect((await hone(['rounds', 'demo'])).out).not.toContain('comparable')
    const shown = (await hone(['show', 'demo', '1'])).out
    expect(shown).toMatch(/evaluate +done .*dev 25\.0 % /)
    expect(shown).toContain('graded before by verifier 2.0.0: dev 75.0 % ')
    expect((await hone(['list'])).out).toMatch(/dev 25\.0 %/)
  })
})
