import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../artifacts/hash.ts'
import { prepareImport } from '../../../client/prepare-import.ts'
import { blob, folderOf, jsonl, parquet, picture } from './files.ts'
import { options, read } from './reading.ts'

const image = await picture()

describe('JSONL', () => {
  it('of Hone itself is read without a mapping', async () => {
    const folder = await folderOf({
      'a.png': image,
      'rows.jsonl': jsonl([
        { id: 'a', images: ['a.png'], question: 'How many?', answer: 3, kind: 'number', metadata: { level: 2 } },
        { id: 'b', images: ['a.png'], question: 'Which?', answer: 'A', choices: ['x', 'y'], precision: 1 },
      ]),
    })
    const { rows, mapping } = await read(folder)
    expect(mapping).toMatchObject({ id: 'id', images: 'images', question: 'question', kind: { column: 'kind' } })
    expect(rows[0]).toMatchObject({ sourceId: 'a', row: { answer: '3', kind: 'number', metadata: { level: 2 } } })
    expect(rows[1]).toMatchObject({ sourceId: 'b', row: { choices: ['x', 'y'], precision: 1, kind: 'auto' } })
    expect(rows[0]?.pictures[0]).toMatchObject({ width: 40, height: 30, hash: sha256Hex(image), bytes: image.length })
  })

  it('of `hone export` brings traces and descriptions', async () => {
    const line = {
      id: 1,
      images: ['a.png'],
      question: 'Q',
      answer: '1',
      trace: '<think>x</think>1',
      description: 'red',
    }
    const { rows } = await read(await folderOf({ 'a.png': image, 'rows.jsonl': jsonl([line]) }))
    expect(rows[0]).toMatchObject({ sourceId: '1', row: { trace: line.trace, description: 'red' } })
  })

  it('keeps bad lines with their numbers, also from gzip, and goes on after each', async () => {
    const good = { image: 'a.png', question: 'Q' }
    const lines = [
      { id: 'a', ...good },
      null,
      '{"id":',
      '[1]',
      { ...good, id: 'b', question: '' },
      { ...good, id: 'c' },
    ]
    const text = lines.map((line) => (typeof line === 'string' ? line : line && JSON.stringify(line))).join('\r\n')
    const folder = await folderOf({ 'a.png': image, 'rows.jsonl.gz': gzipSync(text) })
    const { rows } = await read(join(folder, 'rows.jsonl.gz'))
    expect(rows.map(({ row, sourceId }) => [row.line, sourceId, row.failure?.reason])).toEqual([
      [1, 'a', undefined],
      [3, 'line 3', 'bad-line'],
      [4, 'line 4', 'bad-line'],
      [5, 'line 5 (b)', 'no-question'],
      [6, 'c', undefined],
    ])
  })

  it('fails the second row of an id when the mapping names the column', async () => {
    const folder = await folderOf({
      'a.png': image,
      'rows.jsonl': jsonl([1, 2, 1].map((id) => ({ id, image: 'a.png', question: `Q${id}` }))),
      'map.yaml': 'id: id\nimages: image\nquestion: question\n',
    })
    const stated = await read(join(folder, 'rows.jsonl'), { mappingFile: join(folder, 'map.yaml') })
    expect(stated.short.map(({ id, failure }) => [id, failure])).toEqual([
      ['1', undefined],
      ['2', undefined],
      ['line 3 (1)', 'duplicate-id'],
    ])
    // The guess takes no column with a repeated value as the id.
    const guessed = await read(join(folder, 'rows.jsonl'))
    expect(guessed.short.map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(guessed.prepared.notes.join()).toContain('share one')
  })
})

it('reads JSON lists, and maps from names to rows', async () => {
  const folder = await folderOf({
    'a.png': image,
    'list.json': JSON.stringify([{ problem: '<image>Find x.', answer: 12345678901, image: 'a.png' }, 7]),
    'map.json': JSON.stringify({ 17: { question: 'Q', answer: 'A', image: 'a.png' } }),
  })
  const list = await read(join(folder, 'list.json'))
  expect(list.short).toEqual([
    { id: '1', question: 'Find x.', answer: '12345678901', pictures: 1 },
    { id: 'line 2', question: '', answer: null, pictures: 0, failure: 'bad-line' },
  ])
  expect((await read(join(folder, 'map.json'))).short).toEqual([{ id: '17', question: 'Q', answer: 'A', pictures: 1 }])
})

it('reads JSONL that is called .json', async () => {
  const rows = [1, 2, 3].map((number) => ({ question: `Q${number}`, image: 'a.png' }))
  const folder = await folderOf({ 'a.png': image, 'rows.json': jsonl(rows) })
  expect((await read(join(folder, 'rows.json'))).short.map(({ question }) => question)).toEqual(['Q1', 'Q2', 'Q3'])
})

it('reads files whose names look like patterns', async () => {
  const folder = await folderOf({
    'a.png': image,
    'x=1/b[1]*.csv': 'question,image\nQ,../a.png\n',
    'x=1/b1.csv': 'no,no\n',
  })
  const { short, rows } = await read(join(folder, 'x=1/b[1]*.csv'), { images: [folder, join(folder, 'x=1')] })
  expect(short).toEqual([{ id: '1', question: 'Q', answer: null, pictures: 1 }])
  expect(rows[0]?.row.metadata).toEqual({})
  await parquet(join(folder, 'p[1].parquet'), `select 'Q' as question, 'a.png' as image`)
  expect((await read(join(folder, 'p[1].parquet'))).short).toHaveLength(1)
})

it('refuses a JSON list that breaks off', async () => {
  const folder = await folderOf({ 'cut.json': `[{"question": "Q", "image": "a.png"}, {"ques` })
  await expect(read(join(folder, 'cut.json'))).rejects.toThrow(/cannot be read.*(?:Malformed|end of data)/s)
})

it('reads gzipped CSV with tabs, and renames a column whose name is taken', async () => {
  const folder = await folderOf({
    'a.png': image,
    'rows.tsv.gz': gzipSync('question\tanswer\timage\tnote\tNote\nQ\t"a\tb"\ta.png\tx\ty\n'),
  })
  const { short, rows } = await read(join(folder, 'rows.tsv.gz'))
  expect(short).toEqual([{ id: '1', question: 'Q', answer: 'a\tb', pictures: 1 }])
  expect(rows[0]?.row.metadata).toEqual({ note: 'x', Note_1: 'y' })
})

it('reads CSV with line breaks in quotes and keeps lines that do not fit', async () => {
  const folder = await folderOf({
    'a.png': image,
    'rows.csv': '\uFEFFid;question;answer;image\r\n1;"two\nlines; here";3;a.png\r\n2;only\r\n3;"say ""x""";4;a.png\r\n',
  })
  const { short, rows } = await read(join(folder, 'rows.csv'))
  expect(short).toEqual([
    { id: '1', question: 'two\nlines; here', answer: '3', pictures: 1 },
    { id: 'line 4', question: '', answer: null, pictures: 0, failure: 'bad-line' },
    { id: '3', question: 'say "x"', answer: '4', pictures: 1 },
  ])
  expect(rows[1]?.row.failure?.detail).toContain('Expected Number of Columns: 4 Found: 2')
})

describe('Parquet', () => {
  it('of geometry3k: a list of structs with bytes, and questions without their marks', async () => {
    const folder = await folderOf()
    await parquet(
      join(folder, 'data/train-00000-of-00001.parquet'),
      `select [{'bytes': ${blob(image)}, 'path': null::varchar}] as images, '<image>Find ' || i as problem, i::varchar as answer
       from range(3) t(i)`,
    )
    const { short, mapping, prepared } = await read(folder)
    expect(mapping).toMatchObject({ images: 'images', question: 'problem', answer: 'answer' })
    expect(short[2]).toEqual({ id: '3', question: 'Find 2', answer: '2', pictures: 1 })
    expect(prepared.source.reader.total).toBe(3)
  })

  it('of MMMU: numbered columns of pictures, and choices in Python’s form', async () => {
    const folder = await folderOf()
    await parquet(
      join(folder, 'Art/dev-00000-of-00001.parquet'),
      `select 'dev_' || i as id, 'See <image 1>. Which?' as question, '[''red'', "it''s", ''x\\\\y'']' as options, 'B' as answer,
         {'bytes': ${blob(image)}, 'path': 'p.png'} as image_1,
         case when i = 0 then {'bytes': ${blob(await picture(3))}, 'path': 'q.png'} end as image_2
       from range(2) t(i)`,
    )
    const { rows, short } = await read(folder)
    expect(short.map(({ pictures }) => pictures)).toEqual([2, 1])
    expect(rows[0]?.row).toMatchObject({ choices: ['red', "it's", 'x\\y'], answer: 'B' })
  })

  it('of ScienceQA: the answer is the index of a choice', async () => {
    const folder = await folderOf()
    await parquet(
      join(folder, 'rows.parquet'),
      `select 'Which?' as question, ['a', 'b', 'c'] as choices, i as answer, {'bytes': ${blob(image)}} as image from range(3) t(i)`,
    )
    expect((await read(folder)).short.map(({ answer }) => answer)).toEqual(['A', 'B', 'C'])
  })

  it('with heavy rows is read a few rows at a time, whole and in order, over several shards', async () => {
    const folder = await folderOf()
    const query = (from: number) =>
      `select 'r' || i as id, 'Q' as question, repeat(md5(i::varchar), 1250) as note, ${blob(image)} as image from range(${from}, ${from + 1500}) t(i)`
    await parquet(join(folder, 'train-00000-of-00002.parquet'), query(0))
    await parquet(join(folder, 'train-00001-of-00002.parquet'), query(1500))
    const sources = [join(folder, '*.parquet')]
    const prepared = await prepareImport({ sources, ...(await options()) })
    const ids: unknown[] = []
    const sizes: number[] = []
    for await (const batch of prepared.source.reader.read()) {
      sizes.push(batch.length)
      for (const record of batch) if ('fields' in record) ids.push(record.fields['id'])
    }
    expect(ids).toEqual(Array.from({ length: 3000 }, (_, index) => `r${index}`))
    expect(Math.max(...sizes)).toBeLessThan(1000)
  })

  it('with several splits is refused until one split is named', async () => {
    const folder = await folderOf()
    const query = `select 'Q' as question, ${blob(image)} as image`
    await parquet(join(folder, 'data/train-00000-of-00001.parquet'), query)
    await parquet(join(folder, 'data/test-00000-of-00001.parquet'), query)
    await expect(read(folder)).rejects.toMatchObject({ message: expect.stringContaining('2 splits: test, train') })
    await expect(read(folder, { split: 'trian' })).rejects.toMatchObject({ nextStep: 'name one: --split train' })
    expect((await read(folder, { split: 'train' })).short).toHaveLength(1)
  })

  it('that is cut off is refused', async () => {
    const folder = await folderOf({ 'cut.parquet': 'PAR1 and no more' })
    await expect(read(join(folder, 'cut.parquet'))).rejects.toMatchObject({ type: 'InvalidSource' })
  })
})
