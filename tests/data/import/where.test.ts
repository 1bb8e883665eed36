import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dryRun } from '../../../client/dry-run.ts'
import { prepareImport } from '../../../client/prepare-import.ts'
import { parseWhere } from '../../../data/import/where.ts'
import { folderOf, jsonl, parquet } from './files.ts'
import { options, read } from './reading.ts'

describe('a condition', () => {
  const row = {
    passrate: 0.5,
    'pass rate': '0.25',
    source: 'geo',
    level: null,
    tags: ['a'],
    nested: { n: 3 },
    is_ok: true,
  }

  it.each([
    ['passrate between 0.3 and 0.9', true],
    ['passrate not between 0.3 and 0.9', false],
    ['passrate = 0.5', true],
    ['passrate != 0.5', false],
    ['"pass rate" < 0.3', true],
    ['"pass rate" >= 0.25 and source = \'geo\'', true],
    ["source in ('a', 'geo')", true],
    ["source not in ('a', 'geo')", false],
    ["source <> 'it''s'", true],
    ['level is null', true],
    ['level is not null', false],
    ['level < 3', false],
    ['not level < 3', true],
    ["nested.n > 2 and (source = 'x' or is_ok = true)", true],
    ["source = 'x' or passrate > 1 or nested.n = 3", true],
    ["source = 'x' and passrate > 1 or nested.n = 3", true],
    ['PASSRATE > 0', false],
    ['source > 3', false],
  ])('%s', (text, holds) => {
    expect(parseWhere(text).holds(row)).toBe(holds)
  })

  it.each([
    '',
    'passrate',
    'passrate >',
    'passrate > high',
    'passrate ! 3',
    "a = 'x",
    '(a = 1',
    'a = 1)',
    'a not 3',
    '= 3',
    "'a' = 3",
  ])('%j is refused', (text) => {
    expect(() => parseWhere(text)).toThrow('is not understood')
  })
})

describe('--where', () => {
  const rows = [0.1, 0.5, 0.6, 0.95, 0.7].map((passrate, index) => ({ id: `r${index}`, question: 'Q', passrate }))
  const where = 'passrate between 0.3 and 0.9'

  it('keeps the same records of every format', async () => {
    const folder = await folderOf({
      'r.jsonl': jsonl(rows),
      'r.json': JSON.stringify(rows),
      'r.csv': ['id,question,passrate', ...rows.map((row) => Object.values(row).join(','))].join('\n'),
    })
    await parquet(join(folder, 'r.parquet'), `select * from read_json('${join(folder, 'r.jsonl')}')`)
    for (const name of ['r.jsonl', 'r.json', 'r.csv', 'r.parquet'])
      expect((await read(join(folder, name), { where })).short.map(({ id }) => id)).toEqual(['r1', 'r2', 'r4'])
  })

  it('counts what it leaves out, and takes the place of the condition in the mapping', async () => {
    const folder = await folderOf({
      'r.jsonl': jsonl(rows),
      'map.yaml': 'images: none\nquestion: question\nwhere: passrate > 2\n',
    })
    const prepare = async (more: object) =>
      await prepareImport({
        sources: [join(folder, 'r.jsonl')],
        mappingFile: join(folder, 'map.yaml'),
        ...(await options()),
        ...more,
      })
    expect((await dryRun(await prepare({ where }), {})).changed).toEqual([{ note: 'left-out-by-where', rows: 2 }])
    expect((await dryRun(await prepare({}), {})).looked).toBe(0)
  })

  it('counts --max-rows after it, and numbers records as the source does', async () => {
    const folder = await folderOf({ 'r.jsonl': jsonl(rows.map(({ passrate }) => ({ question: 'Q', passrate }))) })
    const prepared = await prepareImport({ sources: [join(folder, 'r.jsonl')], where, ...(await options()) })
    const { rows: kept } = await dryRun(prepared, { maxRows: 2 })
    expect(kept.map(({ sourceId }) => sourceId)).toEqual(['2', '3'])
  })

  it('with a column that is not there is refused', async () => {
    const folder = await folderOf({ 'r.jsonl': jsonl(rows) })
    await expect(read(join(folder, 'r.jsonl'), { where: 'pasrate > 0.3' })).rejects.toThrow('did you mean "passrate"?')
  })
})
