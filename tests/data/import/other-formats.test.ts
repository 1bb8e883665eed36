import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import {
  Binary,
  Field,
  Float16,
  Float32,
  Int64,
  List,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { PictureLedger } from '../../../data/import/picture-ledger.ts'
import { readArrow } from '../../../data/import/read-arrow.ts'
import { readWebdataset } from '../../../data/import/read-webdataset.ts'
import type { RecordReader, SourceRecord } from '../../../data/import/record.ts'
import { folderOf, picture, tar, zip } from './files.ts'
import { read } from './reading.ts'

const image = await picture()

async function all(reader: RecordReader): Promise<SourceRecord[]> {
  const found: SourceRecord[] = []
  for await (const batch of reader.read()) found.push(...batch)
  return found
}

/** Arrow with the columns of a dataset of pictures. */
function arrow(questions: readonly string[], format: 'stream' | 'file' = 'stream'): Uint8Array {
  const type = new Struct<{ bytes: Binary; path: Utf8 }>([
    new Field('bytes', new Binary(), true),
    new Field('path', new Utf8(), true),
  ])
  const pictures = questions.map(() => ({ bytes: new Uint8Array(image), path: null }))
  return tableToIPC(
    new Table({
      // The types of the package know no struct of a row that has a null in it.
      image: vectorFromArray<Struct>(pictures, type),
      question: vectorFromArray([...questions], new Utf8()),
      answer: vectorFromArray([...questions.keys()].map(BigInt), new Int64()),
    }),
    format,
  )
}

describe('a folder of save_to_disk', () => {
  const files = {
    'dataset_dict.json': '{"splits": ["train", "test"]}',
    'train/data-00000-of-00002.arrow': arrow(['Q0', 'Q1']),
    'train/data-00001-of-00002.arrow': arrow(['Q2']),
    'train/state.json': '{}',
    'train/dataset_info.json': '{"features": {}}',
    'test/data-00000-of-00001.arrow': arrow(['T0']),
  }

  it('is read split by split, with the bytes of its pictures', async () => {
    const folder = await folderOf(files)
    await expect(read(folder)).rejects.toMatchObject({ message: expect.stringContaining('2 splits: test, train') })
    const { short, rows } = await read(folder, { split: 'train' })
    expect(short).toEqual([
      { id: '1', question: 'Q0', answer: '0', pictures: 1 },
      { id: '2', question: 'Q1', answer: '1', pictures: 1 },
      { id: '3', question: 'Q2', answer: '0', pictures: 1 },
    ])
    expect(rows[0]?.pictures[0]?.bytes).toBe(image.length)
  })

  it('of one split may be named itself, and so may a file of record batches', async () => {
    const folder = await folderOf({ ...files, 'one.arrow': arrow(['F'], 'file') })
    expect((await read(join(folder, 'test'))).short).toHaveLength(1)
    expect((await read(join(folder, 'one.arrow'))).short).toMatchObject([{ question: 'F', pictures: 1 }])
  })

  it('that is cut off is refused, also between two batches', async () => {
    const whole = Buffer.from(arrow(['Q0', 'Q1']))
    for (const bytes of [whole.length - 8, whole.length - 200]) {
      const folder = await folderOf({ 'data-00000-of-00001.arrow': whole.subarray(0, bytes) })
      await expect(read(folder)).rejects.toMatchObject({ type: 'InvalidSource' })
    }
  })
})

it('cells of Arrow come as other readers give them', async () => {
  const table = new Table({
    list: vectorFromArray([['x', 'y'], []], new List(new Field('item', new Utf8(), true))),
    large: vectorFromArray([5n, 9007199254740993n], new Int64()),
    single: vectorFromArray([0.57, -1234.5], new Float32()),
    half: vectorFromArray([0.1, 0], new Float16()),
  })
  const folder = await folderOf({ 'a.arrow': tableToIPC(table, 'stream') })
  expect(await all(readArrow([join(folder, 'a.arrow')]))).toEqual([
    { line: 1, fields: { list: ['x', 'y'], large: 5, single: 0.57, half: 0.1 } },
    { line: 2, fields: { list: [], large: '9007199254740993', single: -1234.5, half: 0 } },
  ])
})

describe('a WebDataset', () => {
  const sample = (key: string, more: Record<string, string | Uint8Array> = {}) =>
    Object.entries({
      png: image,
      json: JSON.stringify({ question: `Q ${key}`, answer: 3, image: 'elsewhere.png' }),
      txt: ' a caption\n',
      ...more,
    }).map(([ending, content]) => ({ name: `./set/${key}.${ending}`, content }))

  it('of several tars, also packed, is read without being unpacked', async () => {
    const folder = await folderOf({
      'shard-000000.tar': await tar([...sample('0000'), ...sample('0001')]),
      'shard-000001.tar.gz': await tar(sample('0002'), true),
    })
    const { short, rows, mapping } = await read(folder)
    expect(mapping).toMatchObject({ id: 'key', images: 'image', question: 'question' })
    expect(short.map(({ id, question, answer, pictures }) => [id, question, answer, pictures])).toEqual([
      ['set/0000', 'Q 0000', '3', 1],
      ['set/0001', 'Q 0001', '3', 1],
      ['set/0002', 'Q 0002', '3', 1],
    ])
    expect(rows[0]?.row.metadata).toMatchObject({ txt: 'a caption', 'json.image': 'elsewhere.png' })
    expect((await read(join(folder, 'shard-000000.tar'))).short).toHaveLength(2)
  })

  it('keeps samples that cannot be read as bad records, and names members that it does not read', async () => {
    const folder = await folderOf({
      'a.tar': await tar([
        ...sample('0', { json: '{"question": NaN}' }),
        ...sample('1', { mp4: 'x', 'left.png': image }),
        ...sample('0'),
        { name: '2.cls', content: Buffer.from([0xff]) },
        { name: '3.png', type: 'symlink', linkname: '/etc/passwd' },
      ]),
    })
    const records = await all(readWebdataset([join(folder, 'a.tar')]))
    expect(records.map((record) => ('fields' in record ? Object.keys(record.fields) : record.detail))).toEqual([
      expect.stringContaining('the sample set/0: json: the field "question" is NaN'),
      ['key', 'question', 'answer', 'image', 'png', 'txt', 'left.png', 'unread'],
      'the sample set/0: its members do not lie side by side',
      expect.stringContaining('the sample 2: cls: the text is not UTF-8'),
      'the sample 3: the member png is a symlink',
    ])
  })

  it('that is cut off is refused', async () => {
    const whole = await tar([...sample('0'), ...sample('1'), ...sample('2', { txt: 'x'.repeat(20_000) })])
    const folder = await folderOf({ 'a.tar': whole.subarray(0, whole.length - 12_000) })
    await expect(read(join(folder, 'a.tar'), { format: 'webdataset' })).rejects.toMatchObject({ type: 'InvalidSource' })
  })
})

/** A workbook of sheets with texts and numbers. */
function xlsx(sheets: Record<string, readonly (readonly (string | number)[])[]>): Buffer {
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const parts = 'http://schemas.openxmlformats.org/package/2006'
  const names = Object.keys(sheets)
  const cell = (value: string | number, row: number, column: number): string => {
    const place = `${String.fromCodePoint(65 + column)}${row + 1}`
    if (typeof value === 'number') return `<c r="${place}"><v>${value}</v></c>`
    return value === '' ? '' : `<c r="${place}" t="inlineStr"><is><t>${value}</t></is></c>`
  }
  const content = {
    '[Content_Types].xml': `<Types xmlns="${parts}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>`,
    '_rels/.rels': `<Relationships xmlns="${parts}/relationships"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${parts}/relationships">${names.map((_, at) => `<Relationship Id="rId${at + 1}" Type="${office}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`).join('')}</Relationships>`,
    ...Object.fromEntries(
      Object.values(sheets).map((rows, at) => [
        `xl/worksheets/sheet${at + 1}.xml`,
        `<worksheet xmlns="${main}"><sheetData>${rows.map((cells, row) => `<row r="${row + 1}">${cells.map((value, column) => cell(value, row, column)).join('')}</row>`).join('')}</sheetData></worksheet>`,
      ]),
    ),
  }
  return zip(Object.entries(content).map(([name, text]) => ({ name, content: text })))
}

const keeper = { has: () => Promise.resolve(false), keep: () => Promise.resolve() }

describe('an Excel workbook', () => {
  const rows = [
    ['question', 'answer', 'image'],
    ['How many?', 3.5, 'a.png'],
    ['', '', ''],
    ['Which?', 'B', 'a.png'],
  ]

  it('is read from its first line on', async () => {
    const folder = await folderOf({ 'a.png': image, 'rows.xlsx': xlsx({ Sheet1: rows }) })
    expect((await read(join(folder, 'rows.xlsx'))).short).toEqual([
      { id: '1', question: 'How many?', answer: '3.5', pictures: 1 },
      { id: '2', question: 'Which?', answer: 'B', pictures: 1 },
    ])
  })

  it('with several sheets is refused until one is named', async () => {
    const folder = await folderOf({ 'a.png': image, 'rows.xlsx': xlsx({ one: rows, two: rows.slice(0, 2) }) })
    const file = join(folder, 'rows.xlsx')
    await expect(read(file)).rejects.toMatchObject({ message: expect.stringContaining('2 sheets with rows: one, two') })
    const hashes = await Promise.all(
      ['one', 'two'].map(async (split) => {
        const { prepared, short } = await read(file, { split })
        const look = { keeper, ledger: new PictureLedger(), maxRows: undefined, onPictures: () => {} }
        return { rows: short.length, hash: await prepared.identify(look) }
      }),
    )
    expect(hashes.map(({ rows }) => rows)).toEqual([2, 1])
    // An import of one sheet is never taken for an import of the other.
    expect(hashes[0]?.hash).not.toBe(hashes[1]?.hash)
  })

  it('that is none is refused', async () => {
    const folder = await folderOf({ 'rows.xlsx': 'PK but no zip' })
    await expect(read(join(folder, 'rows.xlsx'))).rejects.toMatchObject({ type: 'InvalidSource' })
  })
})

it('reads packed JSON', async () => {
  const folder = await folderOf({ 'a.png': image })
  const file = join(folder, 'rows.json.gz')
  await writeFile(file, gzipSync(JSON.stringify([{ question: 'Q', image: 'a.png' }])))
  expect((await read(file)).short).toEqual([{ id: '1', question: 'Q', answer: null, pictures: 1 }])
})
