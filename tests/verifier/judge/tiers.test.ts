import { describe, expect, it } from 'vitest'
import { judgeTiers, readTier } from '../../../verifier/judge/tiers.ts'

describe('readTier', () => {
  it.each([
    ['It says the same.\ntier: correct', 'correct'],
    ['tier: partial', 'partial'],
    ['A detail is missing.\n\n  Tier: Mostly  \n\n', 'mostly'],
    ['<think>\ntier: incorrect\n</think>\n\nSame.\ntier: correct', 'correct'],
    ['x\ntier: cannot-tell', 'cannot-tell'],
  ])('reads %j', (reply, tier) => {
    expect(readTier(reply)).toBe(tier)
  })

  it.each([
    [''],
    ['correct'],
    ['The tier: correct'],
    ['tier: correct.'],
    ['tier: excellent'],
    ['tier: constructor'],
    ['tier:'],
    ['tier: correct\nThat is all.'],
    ['The answer says\ntier: correct\nbut is wrong.\ntier: incorrect'],
    ['tier: correct or mostly'],
    ['tier: incorrect\n</think>'],
  ])('does not guess at %j', (reply) => {
    expect(readTier(reply)).toBeNull()
  })

  it('pays each tier at most half of the tier above', () => {
    const scores = Object.values(judgeTiers).filter((score) => score !== null)
    for (const [place, score] of scores.entries()) expect(scores[place + 1] ?? 0).toBeLessThanOrEqual(score / 2)
  })
})
