import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasRun, wordsOf } from '../../../data/similarity/words.ts'

describe('the words of a question', () => {
  it.each([
    ['Find the area, please!', 'find the area please'],
    ['<image>\nWhat is x?', 'what is x'],
    ['$\\angle ABC = 30^\\circ$', '\\angle{}ABC=30^{\\circ}'],
    ['If $x\\,=\\;3$ then\\quad what?', 'If x = 3 then what ?'],
    ['\\(\\left( x + 1 \\right)\\)', '(x+1)'],
    ['1,000,000 apples', '1000000 apples'],
    ['ｆｕｌｌ ｗｉｄｔｈ １２', 'full width 12'],
    ['a two-digit number', 'a two digit number'],
    ['ﬁve', 'FIVE'],
  ])('are the same in %j and %j', (a, b) => {
    expect(wordsOf(a)).toEqual(wordsOf(b))
  })

  it.each([
    ['x + 3', 'x - 3'],
    ['x = 12', 'x = 13'],
    ['0.5', '5'],
    ['1,5', '15'],
    ['angle of 30°', 'angle of 30'],
    ['x < y', 'x > y'],
    ['red', 'blue'],
  ])('differ in %j and %j', (a, b) => {
    expect(wordsOf(a)).not.toEqual(wordsOf(b))
  })

  it('are single characters in Chinese, which has no spaces', () => {
    expect(wordsOf('求∠ABC的度数。')).toEqual(['求', '∠', 'abc', '的', '度', '数'])
  })

  it('of any text are the words of their own joined text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const words = wordsOf(text)
        expect(wordsOf(words.join(' '))).toEqual(words)
      }),
    )
  })
})

it('a run of words is found only as a whole', () => {
  const words = 'there are three red three red circles'.split(' ')
  expect(hasRun(words, ['three', 'red', 'circles'])).toBe(true)
  expect(hasRun(words, ['red', 'red'])).toBe(false)
  expect(hasRun(words, ['circles', 'there'])).toBe(false)
  expect(hasRun(words, [])).toBe(false)
})
