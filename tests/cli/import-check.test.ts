import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import type { OpenDatabase } from '../../db/database.ts'
import { folderOf, jsonl, picture, zip } from '../data/import/files.ts'
import { openTestDatabase } from '../db/world.ts'
import { hone } from './terminal.ts'

let database: OpenDatabase & { url: string }
let home: string
const run = (...argv: string[]) => hone(['import', ...argv], { env: { DATABASE_URL: database.url, HONE_HOME: home } })
const check = async (...argv: string[]) => {
  const { code, out, err } = await run('--check', ...argv, '--json')
  if (err !== '' || code > 1) throw new Error(err + out)
  const found: unknown = JSON.parse(out)
  return { code, ...Object(found) }
}

beforeAll(async () => {
  database = await openTestDatabase()
  home = join(await folderOf(), '.hone')
})
afterAll(() => database.close())

/** Rows of a source. Equal rows would be one dataset, so each test marks its own. */
const rows = (count: number, mark = 'x') =>
  Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    question: `How many \uD800 in ${index}?`,
    options: ['one', 'two'],
    answer: index % 2 === 0 ? 'A' : 'B',
    image: `${index % 3}.png`,
    level: 0.1 * index,
    mark,
  }))

const folderWith = async (lines: readonly unknown[]) =>
  folderOf({
    'rows.jsonl': jsonl(lines),
    '0.png': await picture(0),
    '1.png': await picture(1),
    '2.png': await picture(2),
  })

/** A folder that is imported under a name. */
async function imported(name: string, lines: readonly unknown[] = rows(10, name)): Promise<string> {
  const folder = await folderWith(lines)
  expect(await run(folder, '--as', name, '--max-failed', '50%')).toMatchObject({ code: 0 })
  return folder
}

describe('hone import --check', () => {
  it('finds no difference where the source is as it was, failed rows included', async () => {
    const folder = await imported('same', [...rows(9), { ...rows(1)[0], id: 'late', image: 'gone.png' }])
    const said = await run('--check', 'same')
    expect(said).toMatchObject({ code: 0, out: `same: 10 of 10 rows compared with ${folder}, none differs\n` })
    expect(await check('same', '--rows', '4')).toMatchObject({ code: 0, compared: 4, differences: [], changed: [] })
  })

  it('names the row and the field that differ, and says that the file has changed', async () => {
    const folder = await imported('edited')
    const [first, second, third, ...rest] = rows(10, 'edited')
    const changed = [
      { ...first, question: 'How much?' },
      { ...second, options: ['one', 'three'], answer: 'A' },
      { ...third, image: '0.png' },
      ...rest.slice(1),
      { ...rest[0], id: 'renamed' },
      { ...rest[0], id: 'more' },
    ]
    await writeFile(join(folder, 'rows.jsonl'), jsonl(changed))
    const found = await check('edited')
    expect(found).toMatchObject({ code: 1, imported: 10, inSource: 11 })
    const fields = found.differences.map(({ row, field }: { row: string; field: string }) => `${row} ${field}`)
    expect(fields).toEqual(['r0 question', 'r1 answer', 'r1 choices', 'r2 images', expect.stringMatching(/ row$/)])
    expect(found.differences[1]).toEqual({ row: 'r1', line: 2, field: 'answer', imported: 'B', source: 'A' })
    expect(found.changed).toEqual([
      expect.stringMatching(/^its file has \d+ bytes, and had \d+ when it was imported$/),
      'the source has 11 rows, and 10 were imported',
    ])
    const { code, out } = await run('--check', 'edited')
    expect(code).toBe(1)
    expect(out).toContain('edited: 10 of 10 rows compared with')
    expect(out).toContain(', 4 differ\n')
    expect(out).toContain('  row r1, line 2, answer\n    imported  "B"\n    source    "A"\n')
    expect(out).toContain('the source has no such row')
    expect(out).toContain('hone import SOURCE --as edited --replace')
  })

  it('notices a row that was changed in the database', async () => {
    await imported('tampered')
    await database.db.transaction(async (tx) => {
      // A damaged disk asks no trigger either.
      await tx.execute(sql`set local session_replication_role = replica`)
      await tx.execute(sql`update rows set question = 'Other?' where question = 'How many \uFFFD in 3?'
        and dataset_id = (select dataset_id from imports where name = 'tampered')`)
    })
    expect(await check('tampered')).toMatchObject({
      code: 1,
      changed: [],
      differences: [{ row: 'r3', field: 'question', imported: 'Other?', source: 'How many \uFFFD in 3?' }],
    })
  })

  it('notices a row that fails now, and one that failed and can be used now', async () => {
    const folder = await imported('failing', [...rows(9, 'failing'), { ...rows(1)[0], id: 'late', image: 'late.png' }])
    await rm(join(folder, '2.png'))
    await writeFile(join(folder, 'late.png'), await picture(7))
    const { differences } = await check('failing')
    const told = differences.map(({ row, field, imported: before }: Record<string, unknown>) => [row, field, before])
    expect(told).toEqual([
      ['r2', 'failure', null],
      ['r5', 'failure', null],
      ['r8', 'failure', null],
      ['late', 'failure', 'image-missing'],
    ])
  })

  it('says that the source is gone, and takes its new place', async () => {
    const folder = await imported('moved')
    const elsewhere = join(await folderOf(), 'elsewhere')
    await rename(folder, elsewhere)
    const gone = await run('--check', 'moved')
    expect(gone).toMatchObject({
      code: 2,
      err: expect.stringContaining('the source of "moved" cannot be read any more'),
    })
    expect(gone.err).toContain(`there is no ${folder}`)
    expect(gone.err).toContain('hone import SOURCE --check moved')
    expect(await check('moved', elsewhere)).toMatchObject({ code: 0, compared: 10, sources: [elsewhere] })
    // The same data from its new place: the import knows it from now on.
    expect(await run(elsewhere, '--as', 'moved')).toMatchObject({ code: 0 })
    expect(await check('moved')).toMatchObject({ code: 0, sources: [elsewhere] })
  })

  it('reads an archive, a limit of rows and folders of pictures as the import did', async () => {
    const entries = [{ name: 'rows.jsonl', content: jsonl(rows(5, 'zipped')) }]
    const folder = await folderOf({ 'all.zip': zip(entries) })
    const pictures = await folderWith([])
    expect(await run(join(folder, 'all.zip'), '--as', 'zipped', '--images', pictures, '--max-rows', '4')).toMatchObject(
      { code: 0 },
    )
    expect(await check('zipped')).toMatchObject({ code: 0, compared: 4, imported: 4, inSource: 4 })
  })

  it('asks for the source where an earlier version did not keep its place', async () => {
    const folder = await imported('old')
    await database.db.execute(sql`update imports set mapping = mapping - 'origin' where name = 'old'`)
    const asked = await run('--check', 'old')
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining(`(it was ${folder})`) })
    expect(await check('old', folder)).toMatchObject({ code: 0, compared: 10, changed: [] })
  })

  it('refuses what makes no sense', async () => {
    expect(await run('--check', 'nothing')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no import "nothing"'),
    })
    expect((await run('--check', 'same', '--as', 'x')).err).toContain('--check reads the source as it was imported')
    expect((await run('--check', 'same', '--rows', '0')).err).toContain('--rows 0 would compare nothing')
    expect((await run('x.jsonl', '--as', 'x', '--rows', '5')).err).toContain('--rows belongs to --check')
  })
})
