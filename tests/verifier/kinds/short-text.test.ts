import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkText, sameText } from '../../../verifier/kinds/short-text.ts'
import { assertSteady, check, hostileTexts, saidBy, textsOf, verdictsBothWays } from './rule-tests.ts'

const verdict = (gold: string, answer: string): string => check(checkText, gold, answer).verdict
const said = saidBy(checkText)

describe('short text', () => {
  it.each([
    ['red', 'Red.'],
    ['red', 'the red'],
    ['red', '**red**'],
    ['red', 'It is red'],
    ['red', '\\text{\\text{red}}'],
    ['ice-cream', 'ice cream'],
    ['salt & pepper', 'salt and pepper'],
    ['two dogs', '2 dogs'],
    ['twenty-one dogs', '21 dogs'],
    ['1,000 people', 'one thousand people'],
    ['Route 66', 'route sixty-six'],
    ["dog's bowl", 'dogs bowl'],
    ['café', 'cafe\u0301'],
    ['U.S.A.', 'USA'],
    ['J. K. Rowling', 'J.K. Rowling'],
    ['红 色', '红色'],
    ['《红楼梦》', '红楼梦'],
    ['（1，2）', '(1,2)'],
    ['a', 'a'],
    ['The', 'the'],
    ['Room 101', 'room 101'],
    ['New York, NY', 'New York NY'],
  ])('%s is %s', (gold, answer) => {
    expect([verdict(gold, answer), verdict(answer, gold)]).toContain('correct')
    expect(verdict(gold, answer)).toBe('correct')
  })

  it.each([
    ['red', 'not red'],
    ['red', 'dark red'],
    ['red', 'no red'],
    ['red', 'read'],
    ['café', 'cafe'],
    ['dog', 'dogs'],
    ['dog bites man', 'man bites dog'],
    ['icecream', 'ice cream'],
    ['2 mW', '2 MW'],
    ['2a', '2A'],
    ['2 a', '2 A'],
    ['2 a', '2'],
    ['x', 'X'],
    ['C++', 'C'],
    ['C#', 'C'],
    ['the', 'a'],
    ['(1,2)', '[1,2]'],
    ['(1,2)', '(2,1)'],
    ['5 dogs', '6 dogs'],
    ['2.5 dogs', '25 dogs'],
    ['3-4 dogs', '34 dogs'],
    ['one two', '12'],
    ['twenty one', '20 1'],
    ['two hundred five', '200 5'],
    ['5!', '5'],
    ['0 7', '07'],
    ['red; blue', 'red'],
    ['red/blue', 'red'],
    ['', ''],
    ['.', ','],
    ['红色', '不红色'],
    ['cat and dog', 'cat or dog'],
  ])('%s is not %s', (gold, answer) => {
    expect(verdict(gold, answer)).not.toBe('correct')
    expect(verdict(answer, gold)).not.toBe('correct')
  })

  it('leaves cases to a judge that only a reader can decide', () => {
    expect(said('new york', 'new york city')).toBe('unverifiable contains-gold')
    expect(said('the man in the red coat holds a small dog', 'a man with a dog')).toBe('unverifiable free-text')
    expect(said('2x + 1', '1 + 2x')).toBe('unverifiable not-understood')
    expect(said('red', 'r'.repeat(5_000))).toBe('unverifiable too-long')
  })

  const marks = [
    'red', 'two', '2', ' ', '-', 'the', '&', 'and', "'s", '.', ',', 'Dog', 'é', '红', '(', ')', 'a', 'hundred',
  ] // prettier-ignore
  it('is symmetric, deterministic and never throws', () => {
    expect(() =>
      assertSteady(checkText, textsOf(marks, 8), (a, b) => {
        expect(sameText(a, b)).toBe(sameText(b, a))
        expect(verdict(a, a)).not.toBe('incorrect')
      }),
    ).not.toThrow()
  })

  it('recognises words in other cases and with other marks, and never accepts other words', () => {
    const word = fc.stringMatching(/^[b-z]{4,9}$/)
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), word, (words, other) => {
        const text = words.join(' ')
        expect(verdict(text, `The ${text.toUpperCase()}.`)).toBe('correct')
        fc.pre(words[0] !== other)
        expect(verdict(text, [other, ...words.slice(1)].join(' '))).not.toBe('correct')
      }),
    )
  })

  it.each(hostileTexts)('does not equal a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkText, 'a quiet red house', text)).not.toContain('correct')
  })
})
