import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChoiceGold, checkChoice } from '../../../verifier/kinds/choice.ts'
import { hostileTexts } from './context.ts'

const colours = ['red', 'blue', 'green', 'yellow']
const said = (gold: string, answer: string, choices: readonly string[] = colours): string => {
  const { verdict, reason } = checkChoice(gold, answer, choices)
  return verdict === 'correct' ? 'correct' : `${verdict} ${reason}`
}

describe('a choice', () => {
  it.each([
    'B', '(B)', 'B.', 'B)', '[B]', 'b', '（B）', 'Ｂ', '**B**', '\\text{(B)}', '\\boxed{B}', 'B. blue', 'B: blue', 'B) blue', 'B - blue', 'B blue',
    'B (blue)', 'blue (B)', 'blue', 'Blue.', 'the blue', 'It is blue', 'Option B', 'The answer is B', 'I choose B', 'B is correct',
    'B because A is wrong', '选项B', 'B选项', '选B', '答案是B', '②',
  ])('B is written as %s', (answer) => {
    expect(said('B', answer)).toBe('correct')
    expect(said(answer, 'B')).toBe('correct')
  }) // prettier-ignore

  it.each([
    ['C', 'different-choice'],
    ['green', 'different-choice'],
    ['E', 'not-a-choice'],
    ['Z', 'not-a-choice'],
    ['AB', 'not-a-choice'],
    ['A blue one', 'not-a-choice'],
    ['purple', 'not-a-choice'],
    ['', 'not-a-choice'],
    ['B. red', 'contradiction'],
    ['B red', 'contradiction'],
    ['red (B)', 'contradiction'],
    ['B or C', 'hedged'],
    ['B/C', 'hedged'],
    ['B或C', 'hedged'],
    ['B and C', 'hedged'],
    ['B和C', 'hedged'],
    ['B, C', 'hedged'],
    ['A B C D', 'hedged'],
    ['B. C', 'hedged'],
    ['not B', 'hedged'],
    ['Not blue', 'hedged'],
    ['maybe B', 'hedged'],
    ['B is wrong', 'hedged'],
    ['blue or red', 'hedged'],
    ['neither B', 'hedged'],
  ])('B against %s is %s', (answer, reason) => {
    expect(said('B', answer)).toBe(`incorrect ${reason}`)
  })

  it.each([
    ['A, C', 'AC', 'correct'],
    ['A, C', 'C and A', 'correct'],
    ['A and C', 'Both A and C', 'correct'],
    ['A、C', 'A和C', 'correct'],
    ['AC', 'C, A', 'correct'],
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
    ['B', '(ii)', ['(i) red', '(ii) blue'], 'correct'],
    ['B', '2', ['1. red', '2. blue'], 'correct'],
    ['B', 'blue', ['A. red', 'B. blue'], 'correct'],
    ['blue', 'B. blue', ['A. red', 'B. blue'], 'correct'],
    ['B. blue', 'blue', ['A. red', 'B. blue'], 'correct'],
    ['B. blue', 'B', [], 'correct'],
    ['B', '4', ['3 cm', '4 cm'], 'correct'],
    ['B', '4 cm', ['3 cm', '4 cm'], 'correct'],
    ['A', '4', ['4 cm', '4 kg'], 'incorrect not-a-choice'],
    ['B', '0.50', ['1/3', '0.5'], 'correct'],
    ['B', '1/2', ['1/3', '0.5'], 'correct'],
    ['B', 'two', ['1', '2', '3'], 'correct'],
    ['B', 'red', ['red or blue', 'red'], 'correct'],
    ['A', 'red or blue', ['red or blue', 'red'], 'correct'],
    ['A', 'not here', ['not here', 'here'], 'correct'],
    ['D', 'All of the above', ['x', 'y', 'z', 'All of the above'], 'correct'],
    ['D', 'None of the above', ['x', 'y', 'z', 'None of the above'], 'correct'],
    ['B', 'No', ['yes', 'no'], 'correct'],
    ['A', 'same', ['same', 'same'], 'incorrect not-a-choice'],
    ['Z', 'Z', Array.from({ length: 26 }, (_, i) => `option ${i}`), 'correct'],
    ['J', 'J', [], 'correct'],
    ['K', 'K', [], 'unverifiable bad-gold'],
  ])('%s against %s among %j is %s', (gold, answer, choices, want) => {
    expect(said(gold, answer, choices)).toBe(want)
  })

  it('is a gold letter only alone, unless options are given', () => {
    expect(['A', 'J', '(B)', 'C.'].filter((text) => !isChoiceGold(text, []))).toEqual([])
    expect(['AC', 'K', 'b', 'A dog', '5'].filter((text) => isChoiceGold(text, []))).toEqual([])
    expect(isChoiceGold('blue', colours)).toBe(true)
    expect(isChoiceGold('purple', colours)).toBe(false)
  })

  it('is symmetric, deterministic and never throws', () => {
    const part = fc.constantFrom(
      'A',
      'B',
      'c',
      '(',
      ')',
      '.',
      ' ',
      ',',
      'or',
      'and',
      'red',
      'blue',
      'not',
      '选项',
      '②',
      '/',
      ':',
      'Option ',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, text, fc.constantFrom([], colours), (gold, answer, choices) => {
        const verdict = said(gold, answer, choices)
        expect(said(gold, answer, choices)).toBe(verdict)
        const isGold = isChoiceGold(gold, choices)
        expect(isGold ? said(gold, gold, choices) : 'correct').toBe('correct')
        const both = isGold && isChoiceGold(answer, choices)
        expect(both ? said(answer, gold, choices) === 'correct' : verdict === 'correct').toBe(verdict === 'correct')
      }),
      { numRuns: 1000 },
    )
  })

  it.each(hostileTexts)('is not found in a hostile text: %#', (text) => {
    expect(said('C', text)).not.toBe('correct')
  })
})
