import { describe, expect, it } from 'vitest'
import { rewardNames } from '../../domain/recipe-steps.ts'
import { rewardCase } from '../../verifier/reward.ts'

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
    const given = Object.values(texts).map((answer) => rewardCase(name, { id: 'x', gold: '3', answer }).overall)
    expect(given).toEqual(wanted)
  })

  it('covers every name that a recipe may use', () => {
    for (const name of rewardNames) {
      expect(rewardCase(name, { id: 'x', gold: '3', answer: texts.right })).toMatchObject({
        overall: 1,
        parts: { accuracy: 1, format: 1 },
        result: { verdict: 'correct' },
      })
    }
  })
})
