import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { completeMapping } from '../../../data/import/mapping.ts'
import { withHalves } from '../../../data/import/narrow-floats.ts'
import { rowMaker } from '../../../data/import/to-row.ts'
import { blob, folderOf, jsonl, parquet, picture } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

/** Rows of a JSONL file whose rows all have the same picture. */
async function rowsOf(rows: readonly object[], mapping?: string) {
  const lines = rows.map((row) => ({ image: 'a.png', question: 'Which?', ...row }))
  const folder = await folderOf({ 'a.png': image, 'r.jsonl': jsonl(lines), 'map.yaml': mapping ?? '' })
  const mappingFile = mapping === undefined ? undefined : join(folder, 'map.yaml')
  const { rows: made, prepared } = await read(join(folder, 'r.jsonl'), { mappingFile })
  return { rows: made.map(({ row }) => row), prepared, notes: prepared.notes.join('\n') }
}

describe('an empty choice keeps its place, so that the letter of the gold stays right', () => {
  it.each([
    ['a list', { choices: ['one', '', 'three', 'four'] }],
    ['a null in a list', { choices: ['one', null, 'three', 'four'] }],
    ['a list as text', { choices: "['one', '', 'three', 'four']" }],
    ['a map', { choices: { A: 'one', B: null, C: 'three', D: 'four' } }],
    [
      'entries of a map',
      {
        choices: [
          { key: 'A', value: 'one' },
          { key: 'B', value: null },
          { key: 'C', value: 'three' },
          { key: 'D', value: 'four' },
        ],
      },
    ],
    ['columns', { A: 'one', B: '', C: 'three', D: 'four' }],
  ])('in %s', async (_, choices) => {
    const full =
      Object.keys(choices).length === 1 ? { choices: ['w', 'x', 'y', 'z'] } : { A: 'w', B: 'x', C: 'y', D: 'z' }
    const { rows } = await rowsOf([
      { ...choices, answer: 'C' },
      { ...full, answer: 'D' },
    ])
    expect(rows[0]).toMatchObject({ choices: ['one', '', 'three', 'four'], answer: 'C', failure: null })
    expect(rows.map(({ notes }) => notes)).toEqual([['empty-choice'], []])
  })
})

describe('choices', () => {
  const make = (choices: unknown) =>
    rowMaker(completeMapping({ images: 'none', question: 'q', choices: 'c' }))({
      line: 1,
      fields: { q: 'Q', c: choices },
    })[0]

  it.each([
    ['A: one, B: two, C: three', ['one', 'two', 'three']],
    ['A. 200.96;B. 3215.36;C. 32; D. No, none', ['200.96', '3215.36', '32', 'No, none']],
    ["['one' 'two'\n 'three']", ['one', 'two', 'three']],
    ['{"B": "two", "A": "one"}', ['one', 'two']],
    ['[]', null],
    ['N/A', null],
    [[], null],
  ])('of %j are read', (cell, choices) => {
    expect(make(cell)).toMatchObject({ choices, failure: null })
  })

  it.each(['one or two', '["one"', [{ picture: 'x' }, { picture: 'y' }]])('of %j are a failed row', (cell) => {
    expect(make(cell)?.failure).toMatchObject({ reason: 'bad-field' })
  })
})

describe('a number as answer', () => {
  const choices = ['red', 'green', 'blue']

  it('counts the choices from 1 when no row has 0 and one has their number', async () => {
    const { rows, notes } = await rowsOf([1, 3, 2].map((answer) => ({ choices, answer })))
    expect(rows.map(({ answer }) => answer)).toEqual(['A', 'C', 'B'])
    expect(notes).toContain('from 1 (none of 3 is 0, 1 are the number of choices)')
  })

  it('that does not say where it counts from fails, and the detail says what to write', async () => {
    const { rows } = await rowsOf([1, 2].map((answer) => ({ choices, answer })))
    for (const { failure } of rows)
      expect(failure).toMatchObject({ reason: 'bad-field', detail: expect.stringContaining('answerIs: index') })
  })

  it('out of the places that the first rows have shown fails', async () => {
    const early = Array.from({ length: 1000 }, (_, index) => ({ choices, answer: (index % 3) + 1 }))
    const { rows } = await rowsOf([...early, { choices, answer: 0 }])
    expect(rows.filter(({ failure }) => failure).map(({ line }) => line)).toEqual([1001])
  })

  it('that a choice contains is a value and no place', async () => {
    const { rows } = await rowsOf([1, 3].map((answer) => ({ choices: ['3 cm', '1 cm'], answer })))
    expect(rows.map(({ answer, failure }) => [answer, failure])).toEqual([
      ['1', null],
      ['3', null],
    ])
  })
})

describe('a list as answer', () => {
  it('of four numbers is a box', async () => {
    const { rows } = await rowsOf([{ answer: [1, 2, 30.5, 4] }])
    expect(rows[0]).toMatchObject({ answer: '[1,2,30.5,4]', kind: 'box', failure: null })
  })

  it('of several people is their majority', async () => {
    const { rows, notes } = await rowsOf([{ answers: ['cat', 'dog', 'Dog', 'dog'] }, { answers: ['a', 'b', 'b', 'a'] }])
    expect(rows.map(({ answer }) => answer)).toEqual(['dog', 'a'])
    expect(notes).toContain('several people')
  })

  it('of accepted answers that differ in case alone is no list of several people', async () => {
    const lists = [['ITC Limited', 'itc limited', 'Itc Limited'], ['5', 'five'], ['x']]
    const { rows } = await rowsOf(lists.map((answers) => ({ answers })))
    expect(rows[0]).toMatchObject({ answer: JSON.stringify(lists[0]), kind: 'ocr' })
  })

  it('of accepted answers accepts each of them', async () => {
    const { rows } = await rowsOf([{ answers: "['5', 'five']" }, { answers: ['6'] }])
    expect(rows.map(({ answer, kind }) => [answer, kind])).toEqual([
      ['["5","five"]', 'ocr'],
      ['6', 'auto'],
    ])
  })

  it('that may mean several things fails until the mapping says it', async () => {
    const { rows } = await rowsOf([{ answer: ['2', '3'] }, { answer: ['4'] }])
    expect(rows.map(({ answer, failure }) => failure?.detail ?? answer)).toEqual([
      expect.stringContaining('answerList: majority'),
      '4',
    ])
    const stated = (list: string) =>
      rowsOf([{ answer: ['2', '3'] }], `images: image\nquestion: question\nanswer: answer\nanswerList: ${list}\n`)
    const answers = await Promise.all(['any', 'all', 'first'].map(async (list) => (await stated(list)).rows[0]))
    expect(answers.map((row) => [row?.answer, row?.kind])).toEqual([
      ['["2","3"]', 'ocr'],
      ['2, 3', 'list'],
      ['2', 'auto'],
    ])
  })
})

describe('no answer', () => {
  it.each(['NaN', 'nan', 'None', 'NULL', 'N/A'])('is what %s means', async (answer) => {
    const { rows } = await rowsOf([{ answer }, { answer: '7' }])
    expect(rows.map((row) => [row.answer, row.notes])).toEqual([
      [null, ['no-answer-word']],
      ['7', []],
    ])
  })

  it('is not what a choice says, nor the word "none" in a sentence', async () => {
    const { rows } = await rowsOf([
      { answer: 'None', choices: ['One', 'None'] },
      { answer: 'none', choices: null },
    ])
    expect(rows.map(({ answer }) => answer)).toEqual(['None', 'none'])
  })

  it('is never read into the rows of Hone itself', async () => {
    const own = { kind: 'text', policy: {}, precision: 1, metadata: {} }
    const { rows } = await rowsOf([{ ...own, id: 'a', answer: 'None' }])
    expect(rows[0]).toMatchObject({ answer: 'None', failure: null })
  })
})

describe('the column of the answer', () => {
  it.each([
    [{ solution: 'We set up the equation.', final_answer: '3' }, '3'],
    [{ label: 'people', count: 3 }, '3'],
    [{ label: 'cat' }, 'cat'],
    [{ answers: ['left', 'right'], correct_answer: 'right' }, 'right'],
  ])('of %j', async (row, answer) => {
    const { rows } = await rowsOf([row, row])
    expect(rows[0]).toMatchObject({ answer, failure: null })
  })
})

describe('a whole reply as answer', () => {
  it.each([
    ['<SUMMARY> s </SUMMARY><CONCLUSION> The answer is B. </CONCLUSION>', 'B'],
    ['We add.\n### The final answer is: 12', '12'],
    ['It is red, so green is wrong.\nThe answer is B', 'B'],
    ['**Answer:** 3.5', '3.5'],
    ['<think>x</think><answer>4</answer>', '4'],
    ['She has 6.\n#### 6', '6'],
  ])('%j gives the answer that it marks', async (answer, gold) => {
    const { rows, notes } = await rowsOf([{ answer }, { answer }])
    expect(rows[0]).toMatchObject({ answer: gold, notes: ['answer-from-reply'], failure: null })
    expect(notes).toContain('whole replies')
  })

  it('that marks nothing fails among replies that do', async () => {
    const marked = { answer: 'So.\nThe answer is 4' }
    const { rows } = await rowsOf([
      marked,
      marked,
      marked,
      { answer: 'I think that it is a long story. '.repeat(9) },
      { answer: '7' },
    ])
    expect(rows.map(({ answer, failure }) => failure?.reason ?? answer)).toEqual(['4', '4', '4', 'bad-field', '7'])
  })

  it('is not seen in an answer that only speaks of answers', async () => {
    const { rows } = await rowsOf([{ answer: 'I doubt that the answer is B' }])
    expect(rows[0]?.answer).toBe('I doubt that the answer is B')
  })
})

it('0 and 1 are read as no and yes where the questions ask for it', async () => {
  const { rows } = await rowsOf([
    { question: 'Is it red?', answer: '0' },
    { question: 'According to the picture, does it move?', answer: '1' },
  ])
  expect(rows.map(({ answer }) => answer)).toEqual(['no', 'yes'])
  const counts = await rowsOf([
    { question: 'How many?', answer: 0 },
    { question: 'How many?', answer: 1 },
  ])
  expect(counts.rows.map(({ answer }) => answer)).toEqual(['0', '1'])
})

describe('numbers of Parquet', () => {
  it('of 32 bits print the shortest decimal of their width, also inside lists and maps', async () => {
    const folder = await folderOf()
    await parquet(
      join(folder, 'r.parquet'),
      `select 'Q' as question, 0.57::float as answer, [0.1::float, 3.14::float] as scores,
         {'FLOAT': 2.3::float, 'b': 0.57::double} as odd, {'bytes': ${blob(image)}} as image`,
    )
    const { rows, prepared } = await read(join(folder, 'r.parquet'))
    expect(rows[0]?.row).toMatchObject({
      answer: '0.57',
      metadata: { scores: [0.1, 3.14], odd: { FLOAT: 2.3, b: 0.57 } },
    })
    expect(prepared.source.reader.roundsFloats).toBe(true)
  })

  it('of 16 bits print the shortest decimal of their width', () => {
    const halves = [0.56982421875, 0.0999755859375, 3.140625, -2.30078125, 65504, 0, 5.960464477539063e-8]
    expect(halves.map((half) => withHalves({ half }, ['half'])['half'])).toEqual([
      0.57, 0.1, 3.14, -2.3, 65504, 0, 6e-8,
    ])
    expect(withHalves({ half: null, other: 0.56982421875 }, ['half'])).toEqual({ half: null, other: 0.56982421875 })
  })

  it('above 2^53 stay exact, as those of JSON do', async () => {
    const folder = await folderOf({
      'a.png': image,
      'r.jsonl': `{"id": 9007199254740993, "image": "a.png", "question": "Q 9007199254740993"}\n{"id": 9007199254740992, "image": "a.png", "question": "Q"}\n`,
    })
    await parquet(
      join(folder, 'r.parquet'),
      `select 9007199254740993 as id, 'Q' as question, {'bytes': ${blob(image)}} as image`,
    )
    expect((await read(join(folder, 'r.jsonl'))).short.map(({ id }) => id)).toEqual([
      '9007199254740993',
      '9007199254740992',
    ])
    expect((await read(join(folder, 'r.jsonl'))).short[0]?.question).toBe('Q 9007199254740993')
    expect((await read(join(folder, 'r.parquet'))).short[0]?.id).toBe('9007199254740993')
  })
})
