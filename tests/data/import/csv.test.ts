import { join } from 'node:path'
import { array, assert, asyncProperty, constantFrom, integer, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvScanner } from '../../../data/import/csv-scanner.ts'
import { readCsv } from '../../../data/import/read-csv.ts'
import type { SourceRecord } from '../../../data/import/record.ts'
import { folderOf } from './files.ts'

async function recordsOf(name: string, content: string | Uint8Array): Promise<SourceRecord[]> {
  const folder = await folderOf({ [name]: content })
  const found: SourceRecord[] = []
  for await (const batch of readCsv([join(folder, name)]).read()) found.push(...batch)
  return found
}

const rows = (from: number, to: number, mark = ','): string[] =>
  Array.from({ length: to - from }, (_, at) => [from + at, `${from + at}.png`, `How many ${from + at}?`, 7].join(mark))

const table = (...lines: string[]): string => ['id,image,question,answer', ...lines, ''].join('\n')
const idsOf = (records: readonly SourceRecord[]): unknown[] =>
  records.map((record) => ('fields' in record ? record.fields['id'] : `line ${record.line}`))
const badOf = (records: readonly SourceRecord[]): unknown[] =>
  records.flatMap((record) => ('fields' in record ? [] : [[record.line, record.detail]]))
const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => String(from + at))

describe('a quote that is not closed', () => {
  it('costs its own line and no other', async () => {
    const records = await recordsOf('a.csv', table(...rows(0, 100), '100,0.png,"never closed,100', ...rows(101, 1000)))
    expect(idsOf(records)).toEqual([...range(0, 100), 'line 102', ...range(101, 1000)])
    expect(badOf(records)).toEqual([[102, 'a quote opens here and is never closed ("100,0.png,\\"never closed,100")']])
  })

  it('costs its own line in each of several places of a TSV', async () => {
    const lines = [
      'id\timage\tquestion\tanswer',
      ...rows(0, 10, '\t'),
      '10\t0.png\t"Stop" is written where?\t1',
      ...rows(11, 20, '\t'),
      '20\t0.png\t"Stop is written\t2',
      ...rows(21, 30, '\t'),
      '30\t0.png\t"Go is written\t3',
      ...rows(31, 40, '\t'),
    ]
    const ids = idsOf(await recordsOf('a.tsv', lines.join('\r\n')))
    const bad = ids.filter((id) => String(id).startsWith('line'))
    expect(bad).toEqual(['line 12', 'line 22', 'line 32'])
    expect(ids).toHaveLength(40)
  })

  it('costs two lines where a later line closes it and the record has the right number of cells', async () => {
    const lines = [...rows(0, 20), '20,0.png,"never closed,1', ...rows(21, 50), '50,0.png,closed",2', ...rows(51, 60)]
    const ids = idsOf(await recordsOf('a.csv', table(...lines)))
    expect(ids).toEqual([...range(0, 20), 'line 22', ...range(21, 50), 'line 52', ...range(51, 60)])
  })

  it('costs all lines of a record that was written over several lines', async () => {
    const broken = ['20,0.png,"He said \\"go\\", then', 'left,right,up,down', 'and, ""so"", on",5']
    const ids = idsOf(await recordsOf('a.csv', table(...rows(0, 20), ...broken, ...rows(21, 40))))
    expect(ids).toEqual([...range(0, 20), 'line 22', 'line 23', 'line 24', ...range(21, 40)])
  })
})

it('a quoted cell may hold a table with as many columns as its file', async () => {
  const cell = 'a,b,c,d\n1,2,3,4\n""x"",y,z,w'
  const records = await recordsOf('a.csv', table(...rows(0, 20), `20,0.png,"${cell}",5`, ...rows(21, 30)))
  expect(idsOf(records)).toEqual(range(0, 30))
  expect(records[20]).toMatchObject({ fields: { question: cell.replaceAll('""', '"'), answer: '5' } })
})

it('a quote inside a cell without quotes is a character', async () => {
  const records = await recordsOf('a.csv', table('1,0.png,TV 55",300'))
  expect(records).toEqual([{ line: 1, fields: { id: '1', image: '0.png', question: 'TV 55"', answer: '300' } }])
})

it('a bad line comes in its place, with its line in the file', async () => {
  const records = await recordsOf('a.csv', table('1,0.png,"two\nlines",3', '2,only', '', '3,0.png,x,'))
  expect(records).toEqual([
    { line: 1, fields: { id: '1', image: '0.png', question: 'two\nlines', answer: '3' } },
    { line: 4, reason: 'bad-line', detail: 'Expected Number of Columns: 4 Found: 2 ("2,only")' },
    { line: 2, fields: { id: '3', image: '0.png', question: 'x', answer: null } },
  ])
})

it('a byte order mark before a quoted name and old line ends are read', async () => {
  expect(await recordsOf('a.csv', '\uFEFF"id","a,b"\n1,x\n')).toEqual([{ line: 1, fields: { id: '1', 'a,b': 'x' } }])
  expect(await recordsOf('a.csv', 'id,q\r1,x\r')).toEqual([{ line: 1, fields: { id: '1', q: 'x' } }])
})

describe('the encoding', () => {
  it.each(['utf16le', 'utf16be'])('%s is read, with a mark and without', async (encoding) => {
    const bytes = (text: string): Buffer => {
      const little = Buffer.from(text, 'utf16le')
      return encoding === 'utf16le' ? little : little.swap16()
    }
    for (const mark of ['\uFEFF', '']) {
      const records = await recordsOf('a.csv', bytes(`${mark}${table('1,0.png,Größe? 你,3')}`))
      expect(records).toMatchObject([{ fields: { id: '1', question: 'Größe? 你' } }])
    }
  })

  it('bad UTF-8 is a bad line with its column', async () => {
    const latin = Buffer.from(table('1,0.png,Größe?,3', '2,0.png,ok,3'), 'latin1')
    const records = await recordsOf('a.csv', latin)
    expect(idsOf(records)).toEqual(['line 2', '2'])
    expect(badOf(records)).toEqual([[2, expect.stringContaining('"question" is not UTF-8')]])
  })
})

it('reads cells of 20 MiB from a TSV', async () => {
  const cell = 'iVBORw0KGgo'.repeat(2_000_000)
  const records = await recordsOf('a.tsv', `id\timage\n1\t${cell}\n2\t"${cell}"\n3\tx\n`)
  expect(idsOf(records)).toEqual(['1', '2', '3'])
  expect(records.slice(0, 2).every((record) => 'fields' in record && record.fields['image'] === cell)).toBe(true)
})

it('a record that is cut anywhere by the pieces of the file is whole', async () => {
  const text = 'y'.repeat(3001)
  const lines = Array.from({ length: 2000 }, (_, at) => `${at},"${text}""${at}""\r\nz",Größe ${at},7`)
  const records = await recordsOf(
    'a.csv',
    table(...lines)
      .replaceAll('\n', '\r\n')
      .replaceAll('\r\r', '\r'),
  )
  expect(idsOf(records)).toEqual(range(0, 2000))
  expect(records[1999]).toMatchObject({ fields: { image: `${text}"1999"\r\nz`, question: 'Größe 1999' } })
})

it('gives back the cells that were written, wherever the pieces of the file end', async () => {
  const cell = array(constantFrom('"', ',', '\n', '\r\n', 'a', 'b c', '7', ''), { maxLength: 6 }).map((parts) =>
    parts.join(''),
  )
  await assert(
    asyncProperty(
      array(array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 30 }),
      integer({ min: 1, max: 40 }),
      string({ maxLength: 3 }),
      async (table, size, head) => {
        const written = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
        const lines = [['x', 'y', `z${head.replaceAll(/[",\r\n]/g, '')}`], ...table]
        const text = lines.map((cells) => cells.map(written).join(',')).join('\n')
        async function* pieces() {
          for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
        }
        const scanner = new CsvScanner(pieces())
        await scanner.names(',')
        const found: unknown[] = []
        for await (const part of scanner.parts({ delimiter: ',', columns: 3 }))
          found.push('cells' in part ? part.cells : part.why)
        expect(found).toEqual(table)
      },
    ),
    { numRuns: 2000 },
  )
})
