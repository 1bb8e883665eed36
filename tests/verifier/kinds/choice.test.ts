import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkChoice, isChoiceGold } from '../../../verifier/kinds/choice.ts'
import { hostileTexts, saidBothWays, saidBy, textsOf } from './rule-tests.ts'

const colours = ['red', 'blue', 'green', 'yellow']
const said = saidBy(checkChoice, { choices: colours })

describe('a choice', () => {
  it.each([
    'B', '(B)', 'B.', 'B)', '[B]', 'b', '（B）', 'Ｂ', '**B**', '\\text{(B)}', '\\boxed{B}', 'B. blue', 'B: blue', 'B) blue', 'B - blue', 'B blue',
    'B (blue)', 'blue (B)', 'blue', 'Blue.', 'the blue', 'It is blue', 'Option B', 'The answer is B', 'I choose B', 'B is correct',
    'B because A is wrong', '选项B', 'B选项', '选B', '答案是B', '②',
  ])('B is written as %s', (answer) => {
    expect(saidBothWays(said, 'B', answer)).toEqual(['same-choice', 'same-choice'])
  }) // prettier-ignore

  it.each([
    ['B', 'C', 'incorrect different-choice'],
    ['B', 'green', 'incorrect different-choice'],
    ['B', 'E', 'incorrect not-a-choice'],
    ['B', 'Z', 'incorrect not-a-choice'],
    ['B', 'AB', 'incorrect not-a-choice'],
    ['B', 'A blue one', 'incorrect not-a-choice'],
    ['B', 'purple', 'incorrect not-a-choice'],
    ['B', '', 'incorrect not-a-choice'],
    ['B', 'B. red', 'incorrect contradiction'],
    ['B', 'B red', 'incorrect contradiction'],
    ['B', 'red (B)', 'incorrect contradiction'],
    ['B', 'B or C', 'incorrect hedged'],
    ['B', 'B/C', 'incorrect hedged'],
    ['B', 'B或C', 'incorrect hedged'],
    ['B', 'B and C', 'incorrect hedged'],
    ['B', 'B和C', 'incorrect hedged'],
    ['B', 'B, C', 'incorrect hedged'],
    ['B', 'A B C D', 'incorrect hedged'],
    ['B', 'B. C', 'incorrect hedged'],
    ['B', 'not B', 'incorrect hedged'],
    ['B', 'Not blue', 'incorrect hedged'],
    ['B', 'maybe B', 'incorrect hedged'],
    ['B', 'B is wrong', 'incorrect hedged'],
    ['B', 'blue or red', 'incorrect hedged'],
    ['B', 'neither B', 'incorrect hedged'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    ['A, C', 'AC', 'same-choice'],
    ['A, C', 'C and A', 'same-choice'],
    ['A and C', 'Both A and C', 'same-choice'],
    ['A、C', 'A和C', 'same-choice'],
    ['AC', 'C, A', 'same-choice'],
    ['A, C', 'A', 'incorrect different-choice'],
    ['A, C', 'A, B, C', 'incorrect different-choice'],
    ['A, C', 'A or C', 'incorrect hedged'],
    ['A', 'AC', 'incorrect not-a-choice'],
    ['Z', 'Z', 'unverifiable bad-gold'],
    ['A or B', 'A', 'unverifiable bad-gold'],
    ['B. red', 'B', 'unverifiable bad-gold'],
  ])('%s against %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    ['B', '(ii)', ['(i) red', '(ii) blue'], 'same-choice'],
    ['B', '2', ['1. red', '2. blue'], 'same-choice'],
    ['B', 'blue', ['A. red', 'B. blue'], 'same-choice'],
    ['blue', 'B. blue', ['A. red', 'B. blue'], 'same-choice'],
    ['B. blue', 'blue', ['A. red', 'B. blue'], 'same-choice'],
    ['B. blue', 'B', [], 'same-choice'],
    ['B', '4', ['3 cm', '4 cm'], 'same-choice'],
    ['B', '4 cm', ['3 cm', '4 cm'], 'same-choice'],
    ['A', '4', ['4 cm', '4 kg'], 'incorrect not-a-choice'],
    ['B', '0.50', ['1/3', '0.5'], 'same-choice'],
    ['B', '1/2', ['1/3', '0.5'], 'same-choice'],
    ['B', 'two', ['1', '2', '3'], 'same-choice'],
    ['B', 'red', ['red or blue', 'red'], 'same-choice'],
    ['A', 'red or blue', ['red or blue', 'red'], 'same-choice'],
    ['A', 'not here', ['not here', 'here'], 'same-choice'],
    ['D', 'All of the above', ['x', 'y', 'z', 'All of the above'], 'same-choice'],
    ['D', 'None of the above', ['x', 'y', 'z', 'None of the above'], 'same-choice'],
    ['B', 'No', ['yes', 'no'], 'same-choice'],
    ['A', 'same', ['same', 'same'], 'incorrect not-a-choice'],
    ['Z', 'Z', Array.from({ length: 26 }, (_, i) => `option ${i}`), 'same-choice'],
    ['J', 'J', [], 'same-choice'],
    ['K', 'K', [], 'unverifiable bad-gold'],
  ])('%s against %s among %j is %s', (gold, answer, choices, want) => {
    expect(said(gold, answer, { choices })).toBe(want)
  })

  it('is a gold letter only alone, unless options are given', () => {
    expect(['A', 'J', '(B)', 'C.'].filter((text) => !isChoiceGold(text, []))).toEqual([])
    expect(['AC', 'K', 'b', 'A dog', '5'].filter((text) => isChoiceGold(text, []))).toEqual([])
    expect(isChoiceGold('blue', colours)).toBe(true)
    expect(isChoiceGold('purple', colours)).toBe(false)
  })

  it('is symmetric, deterministic and never throws', () => {
    const text = textsOf(
      ['A', 'B', 'c', '(', ')', '.', ' ', ',', 'or', 'and', 'red', 'blue', 'not', '选项', '②', '/', ':', 'Option '],
      8,
    )
    fc.assert(
      fc.property(text, text, fc.constantFrom([], colours), (gold, answer, choices) => {
        const verdict = said(gold, answer, { choices })
        expect(said(gold, answer, { choices })).toBe(verdict)
        const isGold = isChoiceGold(gold, choices)
        expect(isGold ? said(gold, gold, { choices }) : 'same-choice').toBe('same-choice')
        const both = isGold && isChoiceGold(answer, choices)
        expect(both ? said(answer, gold, { choices }) === 'same-choice' : verdict === 'same-choice').toBe(
          verdict === 'same-choice',
        )
      }),
      { numRuns: 1000 },
    )
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(said('C', text)).toMatch(/^(?:incorrect|unverifiable) /)
  })
})
