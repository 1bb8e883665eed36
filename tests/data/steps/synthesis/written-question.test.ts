import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastObject } from '../../../../data/steps/synthesis/last-object.ts'
import { readWrittenQuestion } from '../../../../data/steps/synthesis/written-question.ts'

describe('the last object of a text', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['First {"a":1}, better {"a":2}. Done.', { a: 2 }],
    ['```json\n{"a": "}{"}\n```', { a: '}{' }],
    ['In \\frac{a}{b} and {x: 1 we see {"a":{"b":1}} and {nothing}', { a: { b: 1 } }],
    ['[{"a":1},{"a":2}]', { a: 2 }],
    ['{don"t} {"a":1}', { a: 1 }],
    ['{"a":"\\"}"}', { a: '"}' }],
    ['{"a":1} {"a":2', { a: 1 }],
    ['{"a":', undefined],
    ['[1, 2]', undefined],
    ['"{}', {}],
    ['', undefined],
  ])('of %j', (text, expected) => {
    expect(lastObject(text)).toEqual(expected)
  })

  it('finds any object after any prose without braces and quotes', () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll(/[{}"]/g, '')),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (prose, value) => {
          const json = JSON.stringify(value)
          expect(lastObject(`${prose}${json}${prose}`)).toEqual(JSON.parse(json))
        },
      ),
    )
  })

  it('gives up on a text that takes too long to read', () => {
    expect(lastObject('{'.repeat(100_000))).toBeUndefined()
    expect(lastObject('{"a":'.repeat(50_000) + '}'.repeat(50_000))).toBeUndefined()
  })
})

describe('a written question', () => {
  it('is read with choices and category', () => {
    const text = '{"question": " <image>\\nWhich? ", "choices": [" red", 3, true], "category": "every day\\nlife"}'
    expect(readWrittenQuestion(text)).toEqual({
      question: 'Which?',
      choices: ['red', '3', 'true'],
      category: 'every day life',
    })
  })

  it.each([
    ['fenced', '```json\n{"question":"Why?"}\n```'],
    ['after thinking', '<think>{"question":"Not this?"}</think>\n{"question":"Why?"}'],
    ['among prose', 'Here it is: {"question":"Why?","choices":[]} I hope it helps {you}.'],
    ['in an array', '[{"question":"Why?","choices":null}]'],
    ['with an odd category and more keys', '{"question":"Why?","category":7,"answer":"because"}'],
  ])('is read %s', (_, text) => {
    expect(readWrittenQuestion(text)).toEqual({ question: 'Why?', choices: null, category: null })
  })

  it.each([
    '',
    'Why is it red?',
    '{"question":"Why',
    '{"question":7}',
    '{"frage":"Warum?"}',
    '{"question":"Why?","choices":"red or blue"}',
    '{"question":"Why?","choices":[{"a":"red"},null,["x"]]}',
    '{"question":"Why?","choices":[1e999]}',
    '["Why?"]',
    'null',
    '<think>{"question":"Why?"}',
  ])('is not read from %j', (text) => {
    expect(readWrittenQuestion(text)).toBeNull()
  })

  it('loses the letters before its choices only if each choice has its own letter', () => {
    const choices = (...given: string[]) =>
      readWrittenQuestion(JSON.stringify({ question: 'x', choices: given }))?.choices
    expect(choices('A. red', '(b) blue', 'C: one\ntwo')).toEqual(['red', 'blue', 'one\ntwo'])
    expect(choices('A. red', 'blue')).toEqual(['A. red', 'blue'])
    expect(choices('A. Miller', 'C. Smith')).toEqual(['A. Miller', 'C. Smith'])
    expect(choices('A', 'B')).toEqual(['A', 'B'])
  })

  it('never throws, whatever the reply', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '"question"',
      '"choices"',
      ':',
      ',',
      '"a?"',
      '<think>',
      '</think>',
      '\\',
      '1',
      'null',
      '\ud800',
    )
    const replies = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(replies, (text) => {
        const question = readWrittenQuestion(text)?.question ?? ''
        expect(question).toBe(question.trim())
      }),
    )
  })
})
