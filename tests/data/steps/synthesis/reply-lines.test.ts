import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listItems, readAnswers, readQuestions } from '../../../../data/steps/synthesis/reply-lines.ts'

const pieces = fc.constantFrom(
  '- ',
  '* ',
  '1. ',
  '2) ',
  '• ',
  '\n',
  '  ',
  '<think>',
  '</think>',
  'complete',
  'How many?',
  'red',
  '**',
  '\t',
  '？',
  '\r\n',
  '{x}',
  '',
)
const replies = fc.oneof(
  fc.string(),
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
)

describe('questions of the asker', () => {
  it.each([
    ['- How many circles?\n- Where is the text?', ['How many circles?', 'Where is the text?']],
    ['1. How many circles?\n2) Where?\n* Which?\n• What?', ['How many circles?', 'Where?', 'Which?', 'What?']],
    ['Sure! I would ask:\n\n- **How many circles?**\n\nThank you.', ['How many circles?']],
    ['<think>- Not this?\n</think>\n- This?', ['This?']],
    ['Not this? Thinking…</think>- This?', ['This?']],
    [
      'How many circles are there?\nI also wonder.\nWhere is the sign?',
      ['How many circles are there?', 'Where is the sign?'],
    ],
    [
      '- The number of circles\n    in the upper half\n- The sign',
      ['The number of circles in the upper half', 'The sign'],
    ],
    ['complete', []],
    ['**Complete.**', []],
    ['- complete', []],
    ['- How many?\ncomplete', ['How many?']],
    ['The description says everything.', []],
    ['', []],
    ['<think>never closed\n- How many?', []],
    ['- \n-\n- ?', ['?']],
  ])('reads %j', (reply, expected) => {
    expect(readQuestions(reply)).toEqual(expected)
  })

  it('never throws and gives single lines', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        for (const item of [...readQuestions(reply), ...listItems(reply)]) {
          expect(item).toBe(item.trim())
          expect(item).not.toBe('')
          expect(item).not.toContain('\n')
        }
      }),
    )
  })

  it('reads a long list of nothing but marks', () => {
    expect(readQuestions('- '.repeat(50_000))).toHaveLength(1)
    expect(readQuestions('-\n'.repeat(50_000))).toEqual([])
    expect(readQuestions('<think>'.repeat(20_000))).toEqual([])
  })
})

describe('answers of the viewer', () => {
  const three = ['How many?', 'Where?', 'Which text?']

  it.each([
    ['- three\n- at the top\n- STOP', ['three', 'at the top', 'STOP']],
    ['1. three\n2. at the top\n3. STOP\n4. more', ['three', 'at the top', 'STOP']],
    ['- three\n- STOP', [null, null, null]],
    ['- three\n- STOP\n- red\n- more', [null, null, null]],
    ['- three\n-\n- STOP', ['three', null, 'STOP']],
    ['3.\nat the top\nSTOP', ['3.', 'at the top', 'STOP']],
    ['1. three\n3. STOP', ['three', null, 'STOP']],
    ['(3) STOP\n(1) three', ['three', null, 'STOP']],
    ['1. three\n1. at the top\n1. STOP', ['three', 'at the top', 'STOP']],
    ['1. three\n1. at the top', [null, null, null]],
    ['1. three\n2. at the top\n2. STOP', [null, null, null]],
    ['0. three\n1. at the top\n2. STOP', [null, null, null]],
    ['1. three\n- at the top', [null, null, null]],
    ['1. three\n- at the top\n- STOP', ['three', 'at the top', 'STOP']],
    ['three\nat the top\n\nSTOP', ['three', 'at the top', 'STOP']],
    ['There are three circles. They are red.', [null, null, null]],
    ['Here you are:\n- three\n- two lines:\n  one\n  - two\n- STOP', ['three', 'two lines: one two', 'STOP']],
    ['', [null, null, null]],
    ['<think>\n- a\n- b\n- c', [null, null, null]],
  ])('pairs %j', (reply, expected) => {
    expect(readAnswers(reply, three)).toEqual(expected)
  })

  it('takes prose of any length as the answer to a single question', () => {
    expect(readAnswers('There are three.\nAll are red.', ['How many?'])).toEqual(['There are three. All are red.'])
    expect(readAnswers('- three\n- STOP', ['How many?'])).toEqual([null])
    expect(readAnswers('1. three', ['How many?'])).toEqual(['three'])
  })

  it('gives one answer or null for each question, whatever the reply', () => {
    fc.assert(
      fc.property(replies, fc.array(fc.string(), { maxLength: 5 }), (reply, questions) => {
        const answers = readAnswers(reply, questions)
        expect(answers).toHaveLength(questions.length)
        for (const answer of answers) expect(answer ?? 'none').not.toMatch(/\n|^$/)
      }),
    )
  })
})
