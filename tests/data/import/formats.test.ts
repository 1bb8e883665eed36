import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../artifacts/hash.ts'
import { dryRun } from '../../../client/dry-run.ts'
import { prepareImport } from '../../../client/prepare-import.ts'
import type { Prepared, PrepareOptions } from '../../../client/prepare-import.ts'
import { readyRows } from '../../../data/import/import-rows.ts'
import type { ReadyRow } from '../../../data/import/import-rows.ts'
import { lookedAtPictures } from '../../../data/import/row-pictures.ts'
import type { SeenPicture } from '../../../data/import/row-pictures.ts'
import { blob, folderOf, jsonl, parquet, picture, tar, zip } from './files.ts'

const options = async (): Promise<Omit<PrepareOptions, 'sources'>> => ({
  images: [],
  allowUrls: false,
  unpackBelow: await folderOf(),
})

async function rowsOf(prepared: Prepared): Promise<ReadyRow<SeenPicture>[]> {
  const rows: ReadyRow<SeenPicture>[] = []
  const { source, mapping, places } = prepared
  const pictures = lookedAtPictures({ places })
  for await (const row of readyRows(source.reader, { mapping, pictures })) rows.push(row)
  return rows
}

/** All rows of a source, in short, and what was guessed. */
async function read(sources: string | string[], more: Partial<PrepareOptions> = {}) {
  const prepared = await prepareImport({ sources: [sources].flat(), ...(await options()), ...more })
  try {
    const rows = await rowsOf(prepared)
    return { prepared, mapping: prepared.mapping, rows, short: rows.map(inShort) }
  } finally {
    await prepared.close()
  }
}

const inShort = ({ row, sourceId, pictures }: ReadyRow<SeenPicture>) => ({
  id: sourceId,
  question: row.question,
  answer: row.answer,
  pictures: pictures.length,
  ...(row.failure && { failure: row.failure.reason }),
})

const image = await picture()

describe('JSONL', () => {
  it('of Hone itself is taken as it stands', async () => {
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

  it('keeps bad lines with their numbers, gzipped too, and ends at none of them', async () => {
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
    // Guessed, a column with the same value twice is no id.
    const guessed = await read(join(folder, 'rows.jsonl'))
    expect(guessed.short.map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(guessed.prepared.notes.join()).toContain('share one')
  })
})

it('reads JSON lists, and maps of rows by their names', async () => {
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

it('reads CSV of tabs, gzipped, and names columns that have the same name', async () => {
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
    { id: '3', question: 'say "x"', answer: '4', pictures: 1 },
    { id: 'line 3', question: '', answer: null, pictures: 0, failure: 'bad-line' },
  ])
  expect(rows[2]?.row.failure?.detail).toContain('Expected Number of Columns: 4 Found: 2')
})

describe('Parquet', () => {
  it('of geometry3k: structs with bytes in a list, marks taken out', async () => {
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

  it('of MMMU: numbered columns of pictures, choices as Python writes them', async () => {
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

  it('of ScienceQA: the answer is the place of a choice', async () => {
    const folder = await folderOf()
    await parquet(
      join(folder, 'rows.parquet'),
      `select 'Which?' as question, ['a', 'b', 'c'] as choices, i as answer, {'bytes': ${blob(image)}} as image from range(3) t(i)`,
    )
    expect((await read(folder)).short.map(({ answer }) => answer)).toEqual(['A', 'B', 'C'])
  })

  it('with heavy rows is read a few at a time, all of them, in order, over several shards', async () => {
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

  it('with several splits is not mixed unasked', async () => {
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

it('takes a folder of pictures as rows without questions', async () => {
  const folder = await folderOf({ 'cats/1.png': image, 'cats/1.jpg': image, 'dogs/2.png': image, 'notes.txt': 'x' })
  const { short, rows } = await read(folder)
  expect(short.map(({ id }) => id)).toEqual(['cats/1.jpg', 'cats/1.png', 'dogs/2'])
  expect(rows[2]).toMatchObject({ row: { question: '', metadata: { folder: 'dogs' }, failure: null } })
})

describe('talks', () => {
  it('of Vision-R1, both forms: a trace with its answer in it', async () => {
    const reply = '<think>Two and one.</think><answer> Final Answer:3 </answer>'
    const forms = {
      one: [{ image: 'a.png', conversations: turns('from', 'value', 'human', 'gpt', reply) }],
      two: [{ images: ['a.png'], conversations: turns('role', 'content', 'user', 'assistant', reply) }],
    }
    for (const rows of Object.values(forms)) {
      const folder = await folderOf({ 'a.png': image, 'cold.json': JSON.stringify(rows) })
      const { rows: read1, prepared } = await read(join(folder, 'cold.json'))
      expect(read1[0]?.row).toMatchObject({ question: 'How many?', answer: '3', trace: reply, failure: null })
      expect(prepared.notes.join()).toContain('the last reply is the trace')
    }
  })

  it('of LLaVA, with a system turn and several more: the last reply is the answer', async () => {
    const conversations = [
      { from: 'system', value: 'Be brief.' },
      { from: 'human', value: 'How many?\n<image>' },
      { from: 'gpt', value: 'Two.' },
      { from: 'human', value: 'Sure?' },
      { from: 'gpt', value: 'Three.' },
    ]
    const folder = await folderOf({
      'x/a.png': image,
      'd.json': JSON.stringify([{ id: 'q', image: 'x/a.png', conversations }]),
    })
    const { short, rows } = await read(join(folder, 'd.json'))
    expect(short).toEqual([{ id: 'q', question: 'How many?', answer: 'Three.', pictures: 1 }])
    expect(rows[0]?.row.trace).toBeNull()
  })

  it('of LLaMA-Factory, with the names that its list states', async () => {
    const row = { dialog: turns('who', 'said', 'u', 'a', 'Three.'), pics: ['a.png'] }
    const folder = await folderOf({
      'a.png': image,
      'mine.json': JSON.stringify([row]),
      'other.json': '[]',
      'dataset_info.json': JSON.stringify({
        mine: {
          file_name: 'mine.json',
          formatting: 'sharegpt',
          columns: { messages: 'dialog', images: 'pics' },
          tags: { role_tag: 'who', content_tag: 'said', user_tag: 'u', assistant_tag: 'a' },
        },
        hub: { hf_hub_url: 'x/y' },
      }),
    })
    expect((await read(folder)).short).toEqual([{ id: '1', question: 'How many?', answer: 'Three.', pictures: 1 }])
  })

  const turns = (role: string, text: string, user: string, assistant: string, reply: string) => [
    { [role]: user, [text]: '<image>\nHow many?' },
    { [role]: assistant, [text]: reply },
  ]
})

it("takes WeThink's lines, with the words that steps know", async () => {
  const row = {
    problem: 'Q?',
    answer: 'A',
    category: 'math',
    abilities: ['ocr'],
    refined_cot: 'so',
    image_path: 'i/a.png',
  }
  const folder = await folderOf({
    'i/a.png': image,
    'w.jsonl': jsonl([
      { ...row, reward: 'model' },
      { ...row, reward: 'rule' },
    ]),
  })
  const { rows } = await read(folder)
  expect(rows[0]?.row).toMatchObject({
    question: 'Q?',
    trace: 'so',
    metadata: { reward: 'judge', category: 'math', abilities: ['ocr'] },
  })
  expect(rows[1]?.row.metadata['reward']).toBe('rule')
})

describe('pictures', () => {
  const rows = (...images: unknown[]) => jsonl(images.map((one) => ({ question: 'Q', image: one })))

  it('come from data URLs, base64, paths and structs', async () => {
    const data = image.toString('base64')
    const folder = await folderOf({
      'a.png': image,
      'r.jsonl': rows(`data:image/png;base64,${data}`, data, 'a.png', { path: 'a.png' }, ['a.png', { bytes: data }]),
    })
    expect((await read(folder)).short.map(({ pictures }) => pictures)).toEqual([1, 1, 1, 1, 2])
  })

  it('that cannot be used are told by reason', async () => {
    const folder = await folderOf({
      'a.png': image,
      'bad.png': 'no picture',
      'r.jsonl': rows(
        'a.png',
        'gone.png',
        '../x.png',
        '/etc/hostname',
        'bad.png',
        'https://me:key@x.test/a.png?key=1',
        '',
        5,
      ),
    })
    const { rows: found } = await read(join(folder, 'r.jsonl'))
    expect(found.map(({ row }) => row.failure?.reason)).toEqual([
      undefined,
      'image-missing',
      'image-outside',
      'image-outside',
      'image-broken',
      'image-url',
      'no-image',
      'bad-field',
    ])
    expect(found[5]?.row.failure?.detail).not.toContain('key')
  })

  it('are fetched from URLs when that is allowed, and told by reason when they cannot be', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/a.png') response.end(image)
      else if (request.url === '/endless') response.write(Buffer.alloc(70 * 1024 * 1024), () => response.destroy())
      else response.writeHead(404).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    const folder = await folderOf({
      'r.jsonl': rows(
        `${base}/a.png`,
        `${base}/gone`,
        { url: `${base}/a.png` },
        `${base}/endless`,
        'http://127.0.0.1:1/x',
        `${base.replace('//', '//me:pass-word@')}/b.png?key=1`,
      ),
    })
    try {
      const { rows: found } = await read(folder, { allowUrls: true })
      const reasons = found.map(({ row }) => row.failure?.reason)
      expect(reasons).toEqual([undefined, 'image-url', undefined, 'image-too-large', 'image-unreachable', 'image-url'])
      expect(found[1]?.row.failure?.detail).toContain('answers 404')
      expect(found[4]?.row.failure?.detail).toContain('http://127.0.0.1:1/x cannot be fetched')
      expect(found[5]?.row.failure?.detail).toBe(`${base}/b.png comes with a name or password, which is not sent`)
    } finally {
      server.close()
    }
  })

  it('are asked for again where a server is busy, and every reply is read or let go', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const times = asked.filter((url) => url === request.url).length
      if (request.url === '/busy' && times < 3) response.writeHead(429, { 'retry-after': '0' }).end('later')
      else if (request.url === '/down') response.writeHead(503, { 'retry-after': '0' }).end('down')
      else response.end(image)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    try {
      const folder = await folderOf({ 'r.jsonl': rows(`${base}/busy`, `${base}/down`, `${base}/fine`) })
      const { rows: found } = await read(folder, { allowUrls: true })
      expect(found.map(({ row }) => row.failure?.reason)).toEqual([undefined, 'image-unreachable', undefined])
      expect(found[1]?.row.failure?.detail).toBe(`${base}/down answers 503, 3 times`)
      expect(asked.toSorted()).toEqual(['/busy', '/busy', '/busy', '/down', '/down', '/down', '/fine'])
    } finally {
      server.close()
    }
  })

  it('may lie in a folder that is named', async () => {
    const elsewhere = await folderOf({ 'a.png': image })
    const folder = await folderOf({ 'r.jsonl': rows('a.png', join(elsewhere, 'a.png')) })
    const { short } = await read(join(folder, 'r.jsonl'), { images: [elsewhere] })
    expect(short.map(({ pictures }) => pictures)).toEqual([1, 1])
  })
})

describe('folders and archives', () => {
  it('an archive is read as the folder it holds, and what was unpacked is removed', async () => {
    const content = [
      { name: 'set/rows.jsonl', content: jsonl([{ question: 'Q', image: 'i/a.png' }]) },
      { name: 'set/i/a.png', content: image },
    ]
    const files = {
      'set.zip': zip(content),
      'set.tar': await tar(content),
      'set.tar.gz': await tar(content, true),
    }
    const folder = await folderOf(files)
    for (const name of Object.keys(files)) {
      const unpackBelow = await folderOf()
      const { short } = await read(join(folder, name), { unpackBelow })
      expect(short).toEqual([{ id: '1', question: 'Q', answer: null, pictures: 1 }])
      expect(await readdir(unpackBelow)).toEqual([])
    }
  })

  it('what save_to_disk wrote is refused with a way on', async () => {
    const folder = await folderOf({ 'data-00000-of-00001.arrow': 'x', 'state.json': '{}', 'dataset_info.json': '{}' })
    await expect(read(folder)).rejects.toMatchObject({ nextStep: expect.stringContaining('to_parquet') })
  })

  it('what holds nothing to read is refused', async () => {
    await expect(read(await folderOf({ 'a.txt': 'x' }))).rejects.toMatchObject({ type: 'InvalidSource' })
    await expect(read('/nowhere/at/all.jsonl')).rejects.toMatchObject({ type: 'InvalidSource' })
    const folder = await folderOf({ 'a.jsonl': '{}', 'b.csv': 'x' })
    await expect(read(folder)).rejects.toThrow('2 files of rows: a.jsonl, b.csv')
    await writeFile(join(folder, 'c.xyz'), '')
    await expect(read(join(folder, 'c.xyz'))).rejects.toThrow('no ending that is known')
  })
})

it('a dry run shows five rows and why others would fail', async () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({ question: index % 2 ? `Q${index}` : '', image: 'a.png' }))
  const folder = await folderOf({ 'a.png': image, 'r.jsonl': jsonl(rows) })
  const prepared = await prepareImport({ sources: [folder], ...(await options()) })
  const seen = await dryRun(prepared, {})
  expect(seen.rows).toHaveLength(5)
  expect(seen).toMatchObject({ looked: 20, failed: [{ reason: 'no-question', rows: 10 }], withoutAnswer: 10 })
})
