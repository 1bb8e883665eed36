import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { questionProblem } from '../../../../data/steps/synthesis/question-rules.ts'
import { questionTypes } from '../../../../domain/rows.ts'

const fill = (question: string, asked: string[] = []) =>
  questionProblem({ question, choices: null, category: null }, 'fill-in', asked)
const choice = (choices: string[] | null, question = 'Which colour is it?') =>
  questionProblem({ question, choices, category: null }, 'choice', [])

describe('usable questions', () => {
  it.each([
    'How many circles are left of the red square?',
    'Describe how the two lines meet.',
    'Look at the chart. Name the tallest bar.',
    'Please state the sum of both numbers.',
    'The sign says ____.',
    'What does the text on the sign say?',
    'According to the text on the sign, when does the shop open?',
    'Which year is mentioned on the poster?',
    'Which law is described by the graph?',
    'Which description fits the picture best?',
    'What is 3 + 4? Give a number.',
    '图中有几个圆？',
    'The answers on the sheet add up to what?',
  ])('%s', (question) => {
    expect(fill(question)).toBeNull()
  })

  it('have three to twenty-six different choices if they are choice questions', () => {
    expect(choice(['red', 'blue', 'green'])).toBeNull()
    expect(choice(['-3', '3', '0.3', '03'])).toBeNull()
    expect(choice(['red', 'blue', 'green'], 'What is left of the red square?')).toBeNull()
    expect(questionProblem({ question: 'Why?', choices: null, category: null }, 'descriptive', [])).toBeNull()
  })
})

describe('unusable questions', () => {
  it.each([
    ['', 'empty-question'],
    [`${'very '.repeat(200)}long?`, 'too-long'],
    ['There are three circles.', 'not-a-question'],
    ['How many circles are there', 'not-a-question'],
    ['What colour is the circle in the description?', 'mentions-description'],
    ['According to the text, how many circles are there?', 'mentions-description'],
    ['According to the given passage, who is it?', 'mentions-description'],
    ['As described, how many circles are there?', 'mentions-description'],
    ['Where is the described circle?', 'mentions-description'],
    ['How many circles are there? (Answer: 3)', 'answer-given-away'],
    ['How many circles are there? 3.', 'answer-given-away'],
    ['Is the circle red? Yes', 'answer-given-away'],
    ['Is it red? <answer>yes</answer>', 'answer-given-away'],
    ['Why is it so that the correct answer is B?', 'answer-given-away'],
  ])('%j: %s', (question, reason) => {
    expect(fill(question)).toBe(reason)
  })

  it('are those with the wrong choices', () => {
    expect(choice(null)).toBe('choices-missing')
    expect(choice(['red'])).toBe('too-few-choices')
    expect(choice(['red', 'blue'])).toBe('too-few-choices')
    expect(choice(['red', '', 'blue'])).toBe('empty-choice')
    expect(choice(['red', 'blue', ' RED'.trim()])).toBe('duplicate-choices')
    expect(choice(Array.from({ length: 30 }, (_, index) => `choice ${index}`))).toBe('too-many-choices')
    expect(choice(['red', 'blue (correct)', 'green'])).toBe('answer-given-away')
    expect(choice(['red', 'blue', 'as described above'])).toBe('mentions-description')
    expect(choice(['red', 'blue', 'x'.repeat(300)])).toBe('too-long')
    for (const type of ['fill-in', 'descriptive'] as const)
      expect(questionProblem({ question: 'Why?', choices: ['a', 'b', 'c'], category: null }, type, [])).toBe(
        'choices-not-asked-for',
      )
  })

  it('are those that already exist, in any spelling', () => {
    expect(fill('How many  CIRCLES are there ?', ['Why?', 'How many circles are there?'])).toBe('duplicate-question')
    expect(fill('What is 3 + 4?', ['What is 3 × 4?'])).toBeNull()
  })

  it('are found in linear time and never throw', () => {
    const word = fc.constantFrom(
      'the ',
      'described ',
      '? ',
      'answer',
      ':',
      ' is ',
      '3',
      '(',
      '. ',
      'name ',
      '____',
      '\n',
      '\ud800',
      '…',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 30 }).map((all) => all.join('')),
    )
    const choices = fc.option(fc.array(texts, { maxLength: 30 }))
    fc.assert(
      fc.property(
        texts,
        choices,
        fc.constantFrom(...questionTypes),
        fc.array(texts),
        (question, given, type, asked) => {
          const written = { question, choices: given, category: null }
          const reason = questionProblem(written, type, asked)
          expect(reason ?? 'kept').toMatch(/^[a-z-]+$/)
          expect(questionProblem(written, type, [...asked, question])).toBe(reason ?? 'duplicate-question')
        },
      ),
    )
    expect(fill('?'.repeat(200_000))).toBe('too-long')
  })
})
