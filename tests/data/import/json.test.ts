import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { array, assert, asyncProperty, integer, jsonValue } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonScanner } from '../../../data/import/json-scanner.ts'
import { readJson } from '../../../data/import/read-json.ts'
import { readJsonl } from '../../../data/import/read-jsonl.ts'
import type { RecordReader, SourceRecord } from '../../../data/import/record.ts'
import { folderOf, jsonl } from './files.ts'
import { read } from './reading.ts'

async function all(reader: RecordReader): Promise<SourceRecord[]> {
  const found: SourceRecord[] = []
  for await (const batch of reader.read()) found.push(...batch)
  return found
}

/** Records of JSON files with these contents, in short: the fields, or why there are none. */
async function recordsOf(...contents: unknown[]): Promise<unknown[]> {
  const folder = await folderOf()
  const files = contents.map((_, at) => join(folder, `${at}.json`))
  for (const [at, content] of contents.entries())
    await writeFile(
      files[at] ?? '',
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    )
  return (await all(readJson(files))).map((record) => ('fields' in record ? record.fields : record.detail))
}

const a = { question: 'Q1', answer: 'A1' }
const b = { question: 'Q2', answer: 'A2' }

describe('numbers that are no JSON', () => {
  const text = '[{"q": "NaN, \\"NaN", "meta": {"hints": [1, NaN]}}, {"q": -Infinity}, {"q": "Infinity"}]'

  it('are bad records of a JSON list, with the name of their field', async () => {
    expect(await recordsOf(text)).toEqual([
      expect.stringContaining('the field "meta.hints.1" is NaN, which is no JSON'),
      expect.stringContaining('the field "q" is -Infinity'),
      { q: 'Infinity' },
    ])
  })

  it('are bad lines of JSONL, with the name of their field', async () => {
    const folder = await folderOf({ 'a.jsonl': `{"q": "x"}\n{"q": "x", "hint": NaN}\n` })
    expect(await all(readJsonl([join(folder, 'a.jsonl')]))).toMatchObject([
      { fields: { q: 'x' } },
      { line: 2, reason: 'bad-line', detail: expect.stringContaining('the field "hint" is NaN') },
    ])
  })
})

it('a source without one readable record is refused with the reason of the first', async () => {
  const folder = await folderOf({ 'a.jsonl': '{"q": NaN}\n{"q": NaN}\n' })
  await expect(read(join(folder, 'a.jsonl'))).rejects.toThrow('line 1: the field "q" is NaN')
})

describe('bad UTF-8', () => {
  it('is a bad line of JSONL', async () => {
    const folder = await folderOf({ 'a.jsonl': Buffer.from('{"q": "Größe"}\n{"q": "x"}\n', 'latin1') })
    expect(await all(readJsonl([join(folder, 'a.jsonl')]))).toMatchObject([
      { line: 1, reason: 'bad-line', detail: expect.stringContaining('not UTF-8') },
      { fields: { q: 'x' } },
    ])
  })

  it('is a bad record of a JSON list, and U+FFFD in the file is a character', async () => {
    const list = Buffer.concat([Buffer.from('[{"q": "Gr\xf6"}, ', 'latin1'), Buffer.from('{"q": "\uFFFD"}]')])
    expect(await recordsOf(list)).toEqual([expect.stringContaining('not UTF-8'), { q: '\uFFFD' }])
  })
})

it('UTF-16 is read as text', async () => {
  const folder = await folderOf({ 'a.jsonl': Buffer.from(`\uFEFF${jsonl([{ q: 'Größe' }])}`, 'utf16le') })
  expect(await all(readJsonl([join(folder, 'a.jsonl')]))).toMatchObject([{ fields: { q: 'Größe' } }])
  expect(await recordsOf(Buffer.from(`\uFEFF[{"q": "Größe"}]`, 'utf16le'))).toEqual([{ q: 'Größe' }])
})

describe('tables of pandas', () => {
  it('by columns are turned into rows', async () => {
    const table = { question: { 0: 'Q1', 5: 'Q2' }, answer: { 0: 'A1', 5: 'A2' } }
    expect(await recordsOf(table)).toEqual([a, b])
  })

  it('with lists for columns are turned into rows', async () => {
    expect(await recordsOf({ question: ['Q1', 'Q2'], answer: ['A1', 'A2'] })).toEqual([a, b])
  })

  it('with the names apart are turned into rows', async () => {
    const table = { columns: ['question', 'answer'], index: [0, 1], data: [['Q1', 'A1'], ['Q2']] }
    expect(await recordsOf(table)).toEqual([a, expect.stringContaining('other cells than the 2 columns')])
  })

  it('a map from numbers to rows is no such table', async () => {
    expect(await recordsOf({ 0: a, 1: b })).toEqual([
      { key: '0', ...a },
      { key: '1', ...b },
    ])
  })
})

describe('a list inside a map', () => {
  it.each(['data', 'questions', 'annotations'])('%s is the list of rows', async (name) => {
    expect(await recordsOf({ info: { version: 1 }, licenses: ['x'], [name]: [a, b], split: 'val' })).toEqual([a, b])
  })

  it('of several lists is refused with the way to one', async () => {
    await expect(recordsOf({ images: [{ id: 1 }], annotations: [a, b] })).rejects.toMatchObject({
      message: expect.stringContaining('2 lists: images (1), annotations (2)'),
      nextStep: expect.stringContaining("['images']"),
    })
  })

  it('that breaks off is refused', async () => {
    await expect(recordsOf('{"data": [{"a": 1}, {"b"')).rejects.toThrow(/cannot be read.*end of data/)
    await expect(recordsOf('[{"a": 1}] [2]')).rejects.toThrow(/after its end, at byte 11/)
    await expect(recordsOf('[{"a": 1} {"a": 2}]')).rejects.toThrow(/byte 10, where \] is expected/)
  })
})

describe('questions with their annotations', () => {
  const question = (id: number) => ({ question_id: id, image_id: 9, question: `Q${id}` })
  const annotation = (id: number) => ({ question_id: id, image_id: 9, multiple_choice_answer: `A${id}` })

  it('are joined by question_id, in any order of the files and their items', async () => {
    const questions = { info: {}, questions: [1, 2, 3, 4].map(question) }
    const annotations = { info: {}, annotations: [3, 1, 4, 5].map(annotation) }
    const joined = [
      { question_id: 1, image_id: 9, question: 'Q1', multiple_choice_answer: 'A1' },
      'item 2: the question 2 has no annotation',
      { question_id: 3, image_id: 9, question: 'Q3', multiple_choice_answer: 'A3' },
      { question_id: 4, image_id: 9, question: 'Q4', multiple_choice_answer: 'A4' },
    ]
    expect(await recordsOf(questions, annotations)).toEqual(joined)
    expect(await recordsOf(annotations, questions)).toEqual(joined)
  })
})

it('cuts values the same wherever the pieces of the file end', async () => {
  await assert(
    asyncProperty(array(jsonValue({ maxDepth: 3 })), integer({ min: 1, max: 9 }), async (list, size) => {
      const text = Buffer.from(JSON.stringify(list, null, 1)).toString('latin1')
      async function* pieces() {
        for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
      }
      const scanner = new JsonScanner(pieces())
      const found: unknown[] = []
      for await (const item of scanner.items()) found.push(JSON.parse(Buffer.from(item ?? '', 'latin1').toString()))
      await scanner.end()
      expect(found).toEqual(JSON.parse(JSON.stringify(list)))
    }),
    { numRuns: 300 },
  )
})
