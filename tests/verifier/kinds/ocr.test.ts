import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkOcr } from '../../../verifier/kinds/ocr.ts'
import { assertSteady, hostileTexts, saidBy, symmetric, verdictsBothWays } from './rule-tests.ts'

const said = saidBy(checkOcr)

describe('text read from a picture', () => {
  it.each([
    ['Hello World', 'Hello World', 'same-text'],
    ['Hello World', 'hello  world', 'same-text'],
    ['Hello World', ' HELLO\nWORLD ', 'same-text'],
    ['Hello World', 'hallo welt', 'similar-text'],
    ['R.J. Reynolds', 'R.J. Reynolds.', 'similar-text'],
    ['abcd', 'abxy', 'similar-text'],
    ['abcd', 'axyz', 'incorrect different-text'],
    ['abc', 'axy', 'incorrect different-text'],
    ['ab', 'ba', 'incorrect different-text'],
    ['Hello', 'xyz', 'incorrect different-text'],
    ['Hello', '', 'incorrect different-text'],
    ['Hello', ' ', 'incorrect different-text'],
    ['a', 'b', 'incorrect different-text'],
    ['Hello', 'Hello Hello Hello', 'incorrect different-text'],
    ['5 cm', '5 kg', 'similar-text'],
    ['cafe\u0301', 'café', 'same-text'],
    ['😀😀', '😀x', 'similar-text'],
    ['你好世界', '你好', 'similar-text'],
    ['你好世界', '再见', 'incorrect different-text'],
    ['1234', '1235', 'incorrect different-text'],
    ['1,234', '1234', 'same-text'],
    ['1,23', '123', 'incorrect different-text'],
    ['12.50', '$12.50', 'incorrect different-text'],
    ['$12.50', '$12.60', 'incorrect different-text'],
    ['12/05/2020', '12/06/2020', 'incorrect different-text'],
    ['(555) 123-4567', '(555) 123-4568', 'incorrect different-text'],
    ['45%', '46%', 'incorrect different-text'],
    ['12 345', '12345', 'same-text'],
    ['["abc","defg"]', 'defg', 'same-text'],
    ['["abc","defg"]', 'defx', 'similar-text'],
    ['["abc","defg"]', 'nothing like it', 'incorrect different-text'],
    ['["12","13"]', '13', 'same-text'],
    ['["12","13"]', '14', 'incorrect different-text'],
    ['[abc', '[abc', 'same-text'],
    ['[]', '[]', 'same-text'],
    ['[""]', 'a', 'unverifiable bad-gold'],
    ['', 'a', 'unverifiable bad-gold'],
    ['  ', 'a', 'unverifiable bad-gold'],
    ['a', 'a'.repeat(4_001), 'unverifiable too-long'],
    ['a'.repeat(4_000), 'a'.repeat(4_000), 'same-text'],
    ['ab'.repeat(2_000), 'cd'.repeat(2_000), 'incorrect different-text'],
  ])('%s read as %s is %s', (gold, answer, want) => {
    expect(said(gold, answer)).toBe(want)
  })

  it.each([
    ['Hello World', 'Hello  World', 'same-text'],
    ['Hello World', 'hello world', 'incorrect different-text'],
    ['Hello World', 'Hello Worlds', 'incorrect different-text'],
    ['["A","B"]', 'B', 'same-text'],
  ])('%s read as %s is %s when it must be exact', (gold, answer, want) => {
    expect(said(gold, answer, { policy: { ocr: 'exact' } })).toBe(want)
  })

  const plain = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.trimStart().startsWith('['))
  it('is symmetric for two texts, deterministic and never throws', () => {
    expect(() =>
      assertSteady(checkOcr, plain, (gold, answer) => {
        symmetric(checkOcr)(gold, answer)
        expect(said(gold, gold)).toBe(gold.trim() === '' ? 'unverifiable bad-gold' : 'same-text')
      }),
    ).not.toThrow()
  })

  it.each(hostileTexts)('is not a hostile text: %#', (text) => {
    expect(verdictsBothWays(checkOcr, 'A quiet red house', text)).not.toContain('correct')
  })
})
