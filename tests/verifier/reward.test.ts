import { describe, expect, it } from 'vitest'
import { rewardNames } from '../../domain/recipe/steps.ts'
import { readFormat } from '../../verifier/format.ts'
import { combineReward } from '../../verifier/reward.ts'
import type { RewardName } from '../../verifier/reward.ts'
import { verifyCase } from '../../verifier/verify.ts'

/** A completion of a question with the answer 3, which a rule rewards. */
const reward = (name: RewardName, answer: string) =>
  combineReward(name, verifyCase({ id: 'x', gold: '3', answer }).verdict === 'correct' ? 1 : 0, readFormat(answer))

const texts = {
  right: '<think>a</think> It is three. <answer>3</answer>',
  'right, silent': '<think>a</think><answer>3</answer>',
  'right, untagged': 'The answer is 3.',
  wrong: '<think>a</think> It is four. <answer>4</answer>',
  'wrong, untagged': 'The answer is 4.',
}

describe('rewards by name', () => {
  it.each([
    ['accuracy', [1, 1, 1, 0, 0]],
    ['format-and-accuracy', [1, 1, 0, 0, 0]],
    ['accuracy-with-explanation', [1, 0.5, 0.5, 0, -0.5]],
    ['weighted', [1, 1, 0.7, 0.3, 0]],
  ] as const)('%s gives its published values', (name, wanted) => {
    const given = Object.values(texts).map((answer) => reward(name, answer).overall)
    expect(given).toEqual(wanted)
  })

  it('covers every name that a recipe may use', () => {
    for (const name of rewardNames) {
      expect(reward(name, texts.right)).toEqual({ overall: 1, parts: { accuracy: 1, format: 1 } })
    }
  })
})

describe('a reward from a judge’s score', () => {
  const formats = {
    whole: { held: true, explanation: true },
    silent: { held: true, explanation: false },
    none: { held: false, explanation: false },
  }

  it.each([
    ['accuracy', [0.5, 0.5, 0.5]],
    ['format-and-accuracy', [0.5, 0.5, 0]],
    ['accuracy-with-explanation', [0.5, 0, 0]],
    ['weighted', [0.65, 0.65, 0.35]],
  ] as const)('%s takes an accuracy between 0 and 1', (name, wanted) => {
    const rewards = Object.values(formats).map((format) => combineReward(name, 0.5, format))
    expect(rewards.map(({ overall }) => overall)).toEqual(wanted.map((value) => expect.closeTo(value, 12)))
    expect(rewards.map(({ parts }) => parts.accuracy)).toEqual([0.5, 0.5, 0.5])
  })

  it.each([-0.01, 1.01, Number.NaN, Number.POSITIVE_INFINITY])('refuses an accuracy of %d', (accuracy) => {
    expect(() => combineReward('accuracy', accuracy, formats.whole)).toThrow('is not from 0 to 1')
  })

  it('is never better without the format than with it', () => {
    for (const name of rewardNames) {
      for (const accuracy of [0, 0.3, 1]) {
        const [whole, silent, none] = Object.values(formats).map((f) => combineReward(name, accuracy, f).overall)
        expect(whole).toBeGreaterThanOrEqual(silent ?? Number.NaN)
        expect(silent).toBeGreaterThanOrEqual(none ?? Number.NaN)
      }
    }
  })
})
