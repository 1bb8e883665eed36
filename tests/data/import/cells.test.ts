import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundedMap } from '../../../data/import/cells.ts'
import { choicesOf } from '../../../data/import/choices.ts'
import { exchangesOf } from '../../../data/import/conversation.ts'
import { rowMaker } from '../../../data/import/to-row.ts'
import { exactJson } from '../../../data/import/exact-json.ts'
import { guessMapping } from '../../../data/import/guess.ts'
import type { ImportRow } from '../../../data/import/import-row.ts'
import { completeMapping, mappingText, parseMapping } from '../../../data/import/mapping.ts'
import type { Mapping } from '../../../data/import/mapping.ts'
import { answerIn } from '../../../data/import/marked-answer.ts'
import { picturesOf } from '../../../data/import/picture-refs.ts'
import type { Fields } from '../../../data/import/record.ts'
import { writtenList } from '../../../data/import/written-list.ts'

/** The only row of a record. */
function rowOf(mapping: Mapping, fields: Fields): ImportRow {
  const [row, ...others] = rowMaker(mapping)({ line: 1, fields })
  if (!row || others.length > 0) throw new Error('not one row')
  return row
}

describe('choices', () => {
  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [{ B: 'two', A: 'one' }, ['one', 'two']],
    [{ text: ['x', 'y'], label: ['A', 'B'] }, ['x', 'y']],
    [
      [
        { label: 'A', text: 'x' },
        { label: 'B', text: 'y' },
      ],
      ['x', 'y'],
    ],
    ['["a", "b"]', ['a', 'b']],
    [`['it\\'s', "b", 3, None]`, ["it's", 'b', '3', 'None']],
    ['A. red\nB. green\nC. B. Smith', ['red', 'green', 'B. Smith']],
    ['(A) 1 (B) 2 (C) 3 (D) 4', ['1', '2', '3', '4']],
    ['one\ntwo', ['one', 'two']],
    [
      [1, 2.5],
      ['1', '2.5'],
    ],
    ['[]', null],
    ['only one', null],
    [null, null],
  ])('of %j', (cell, choices) => {
    expect(choicesOf(cell)).toEqual(choices)
  })

  it('beyond the alphabet are refused', () => {
    expect(() => choicesOf(Array.from({ length: 27 }, String))).toThrow('27 choices')
  })

  it('written by Python are read back unchanged', () => {
    const python = (text: string): string =>
      `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~\n]*$/), { minLength: 1 }), (items) => {
        expect(writtenList(`[${items.map(python).join(', ')}]`)).toEqual(items.map((item) => item.trim()))
      }),
    )
  })
})

it('an answer is found at its mark in a reply', () => {
  expect(answerIn('so \\boxed{\\frac{1}{2}} and \\boxed{3}.')).toBe('3')
  expect(answerIn('\\boxed{\\frac{1}{2}}')).toBe('\\frac{1}{2}')
  expect(answerIn('<think>\\boxed{1}</think><answer> Final Answer:B </answer>')).toBe('B')
  expect(answerIn('<answer>\\boxed{7}</answer>')).toBe('7')
  expect(answerIn('<answer>cut')).toBe('cut')
  expect(answerIn('\\boxed{never closed')).toBeNull()
  expect(answerIn('none')).toBeNull()
})

describe('any content of a cell', () => {
  const mapping = completeMapping({
    id: 'a',
    images: ['b', 'c'],
    question: 'd',
    answer: 'e',
    choices: 'f',
    kind: { column: 'g' },
    precision: 'h',
    policy: 'i',
    trace: 'j',
    conversation: { column: 'k' },
    metadataFrom: 'l',
  })
  const cell = fc.oneof(
    fc.anything({ withDate: true, withBigInt: true, withTypedArray: true, withNullPrototype: true, maxDepth: 3 }),
    fc.string(),
    fc.constantFrom(undefined, 'data:image/png;base64,', "['a'", '<answer>', 'A. x B. y', { bytes: null }),
  )
  const fields = fc.dictionary(fc.constantFrom(...'a b c d e f g h i j k l m n o p __proto__'.split(' ')), cell)

  it('becomes a row or a reason', () => {
    const make = rowMaker(mapping)
    fc.assert(
      fc.property(fields, (record) => {
        const [row] = make({ line: 1, fields: record })
        if (!row) throw new Error('no row')
        const isWhole = row.failure === null && row.id !== null && row.question.trim() !== ''
        expect(
          isWhole || /^(bad-field|several-turns|image-marks|no-question|no-image)$/.test(row.failure?.reason ?? ''),
        ).toBe(true)
        expect(JSON.stringify(row.metadata).length).toBeLessThan(60_000)
        JSON.parse(JSON.stringify(row.metadata))
      }),
    )
  })

  it('leads to a guessed mapping that fits the columns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom('id', 'image', 'question', 'options', 'messages', 'x'), cell)),
        (rows) => {
          const { mapping: guessed } = guessMapping(rows, { format: 'jsonl', listed: null })
          expect(parseMapping(mappingText(guessed), 'map.yaml')).toEqual(guessed)
          for (const record of rows) rowMaker(guessed)({ line: 1, fields: record })
        },
      ),
    )
  })
})

it('metadata stays within its limits', () => {
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 'x'.repeat(5000)]))
  expect(JSON.stringify(boundedMap(Object.entries(wide))).length).toBeLessThan(20_000)
  const deep: Record<string, unknown> = {}
  let at = deep
  for (let depth = 0; depth < 100; depth++) at = Object((at['x'] = {}))
  expect(JSON.stringify(boundedMap([['deep', deep]])).length).toBeLessThan(200)
  expect(
    boundedMap([
      ['bytes', new Uint8Array(9)],
      ['none', null],
      ['big', 10n],
      ['nan', Number.NaN],
    ]),
  ).toEqual({
    big: '10',
    nan: null,
  })
})

describe('maps as JSON text', () => {
  const mapping = completeMapping({ images: 'none', policy: 'policy', metadataFrom: 'more' })
  const read = (fields: Fields) => rowOf(mapping, fields)

  it('are read in the columns of the policy and of the metadata', () => {
    const row = read({ policy: '{"units":"strict"}', more: '{"level":3,"tags":["a"],"x":1}', x: 2, y: 3 })
    expect(row).toMatchObject({ policy: { units: 'strict' }, failure: null })
    expect(row.metadata).toEqual({ level: 3, tags: ['a'], x: 1, y: 3 })
  })

  it.each(['', ' ', 'null', null, undefined])('may be empty: %j', (cell) => {
    expect(read({ policy: cell, more: cell })).toMatchObject({ policy: null, metadata: {}, failure: null })
  })

  it.each(['[1]', '"a"', '7', '{"a":', 'units: strict', ['a']])('are nothing else: %j', (cell) => {
    expect(read({ more: cell }).failure).toMatchObject({ reason: 'bad-field', detail: expect.stringContaining('more') })
    expect(read({ policy: cell }).failure).toMatchObject({ reason: 'bad-field' })
  })

  it.each([
    ['{"form":"solvd"}', 'form: '],
    ['{"answerTags":["[A]"]}', 'answerTags'],
    ['{"answerTags":["**","**"]}', 'answerTags: both marks are the same: give an opening and a closing mark'],
  ])('of a policy name the field that is wrong: %j', (policy, said) => {
    expect(read({ policy }).failure).toMatchObject({ detail: expect.stringContaining(said) })
  })

  it('of pictures that are all empty mean that there are no pictures', () => {
    const guess = (...values: unknown[]) =>
      guessMapping(
        values.map((images) => ({ images, question: 'q' })),
        { format: 'jsonl', listed: null },
      ).mapping.images
    expect(guess([], [])).toBe('none')
    expect(guess([], ['a.png'])).toBe('images')
    expect(guess([], 'gone')).toBe('images')
  })

  it('are guessed by their content, and a policy of another kind is metadata', () => {
    const guess = (fields: Fields) => guessMapping([fields], { format: 'csv', listed: null }).mapping
    expect(guess({ policy: '{"units":"strict"}', metadata: '{}' })).toMatchObject({
      policy: 'policy',
      metadataFrom: 'metadata',
    })
    const foreign = guess({ policy: '{"retention":"10 days"}', metadata: 'none' })
    expect([foreign.policy, foreign.metadataFrom]).toEqual([undefined, undefined])
  })
})

describe('a mapping as text', () => {
  const name = fc.string({ minLength: 1, maxLength: 8 })
  const some = fc.option(name, { nil: undefined })
  const mappings = fc.record({
    id: some,
    images: fc.oneof(fc.constant('none'), name, fc.array(name, { minLength: 1, maxLength: 3 })),
    question: some,
    answer: some,
    answerIs: fc.constantFrom('written' as const, 'index' as const),
    choices: fc.option(fc.oneof(name, fc.array(name, { minLength: 2, maxLength: 4 })), { nil: undefined }),
    kind: fc.oneof(fc.constantFrom('auto' as const, 'number' as const), fc.record({ column: name })),
    metadata: fc.option(
      fc.dictionary(name, fc.oneof(name, fc.record({ column: name, values: fc.dictionary(name, name) }))),
      {
        nil: undefined,
      },
    ),
    leaveOut: fc.option(fc.oneof(fc.constant('all' as const), fc.array(name)), { nil: undefined }),
  })

  it('is read back unchanged', () => {
    fc.assert(
      fc.property(mappings, (parts) => {
        const mapping: Mapping = completeMapping(JSON.parse(JSON.stringify(parts)))
        expect(parseMapping(mappingText(mapping), 'map.yaml')).toEqual(mapping)
      }),
    )
  })

  it.each([
    ['images: [', 'is not a valid mapping'],
    ['- a', 'a mapping is a map of keys'],
    ['question: q', 'images'],
    ['images: a\nkind: numbr', 'did you mean "number"?'],
    ['images: a\nconversation: {column: c, reply: answr}', 'did you mean "answer"?'],
    ['images: a\nconversation: {colum: c}', 'did you mean "column"?'],
  ])('is refused where it is wrong: %j', (text, why) => {
    expect(() => parseMapping(text, 'map.yaml')).toThrow(why)
  })
})

it('turns may be JSON text, and have parts', () => {
  const turns = [
    { role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'Q' }] },
    { role: 'assistant', content: 'A' },
  ]
  const mapping = completeMapping({ images: 'i', conversation: { column: 'c' } }).conversation
  if (!mapping) throw new Error('no conversation')
  expect(exchangesOf(JSON.stringify(turns), mapping)).toEqual([
    { question: '<image>\nQ', reply: 'A', pictures: [], isBox: false },
  ])
})

it('a path that begins like base64 is a path', () => {
  expect(picturesOf('/9j/photo.jpg')).toEqual([{ path: '/9j/photo.jpg' }])
})

it('JSON reads as ever, but for whole numbers above 2^53', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())),
      (list) => {
        const written = list.filter((item) => !/^-?\d{16,}$/.test(JSON.stringify(item)))
        expect(exactJson(JSON.stringify(written))).toEqual(JSON.parse(JSON.stringify(written)))
      },
    ),
  )
  expect(exactJson('[9007199254740993, -9007199254740993, 9007199254740991, 0.0008333333333333334, 1e20]')).toEqual([
    '9007199254740993',
    '-9007199254740993',
    9007199254740991,
    0.0008333333333333334,
    1e20,
  ])
  expect(exactJson('{"a 9007199254740993": "\\"9007199254740993"}')).toEqual({
    'a 9007199254740993': '"9007199254740993',
  })
})

it('a path with points reaches inner columns', () => {
  const row: Fields = { image: { url: 'a.png' }, 'a.b': 'Q' }
  const made = rowOf(completeMapping({ images: 'image.url', question: 'a.b' }), row)
  expect(made).toMatchObject({ pictures: [{ path: 'a.png' }], question: 'Q', failure: null })
})
