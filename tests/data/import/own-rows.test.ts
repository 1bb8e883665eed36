import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packGroundTruth } from '../../../trainers/reward-file/ground-truth.ts'
import { exportRows, exportTo, pictureStore } from '../export/export-world.ts'
import { folderOf, jsonl, picture } from './files.ts'
import { read } from './reading.ts'

let home: string
let store: Awaited<ReturnType<typeof pictureStore>>
let count = 0
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hone-own-rows-'))
  store = await pictureStore(join(home, 'store'))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** Rows that every format takes. */
const whole = () => exportRows(store).slice(0, 3)
const folder = (): string => join(home, `export-${count++}`)
const ids = ['plain', 'choice', 'pair']

describe('the folder of an export', () => {
  it('is read by its manifest, also where other files of rows lie beside', async () => {
    const output = folder()
    // The other rows are refused and listed in a second file of lines.
    await exportTo(store, { to: 'jsonl', output })
    expect(readdirSync(output)).toContain('hone-refused.jsonl')
    const { rows } = await read(output)
    expect(rows.map(({ sourceId }) => sourceId)).toEqual([...ids, 'no-trace', 'no-answer', 'marked'])
  })

  it('may be named by its folder of data, or by its file, with pictures beside the rows', async () => {
    const output = folder()
    await exportTo(store, { to: 'easyr1', images: 'copy', output }, whole())
    const places = [output, join(output, 'data'), join(output, 'data', 'train-00000-of-00001.parquet')]
    for (const place of places) {
      const { short } = await read(place)
      expect(short).toMatchObject(ids.map((id) => ({ id, pictures: id === 'pair' ? 2 : 1 })))
    }
    const moved = folder()
    await rename(output, moved)
    expect((await read(moved)).short).toHaveLength(3)
  })

  it('is refused when a file of rows is gone', async () => {
    const output = folder()
    const many = Array.from({ length: 60 }, (_, at) => ({ ...exportRows(store)[0]!, id: `row-${at}` }))
    await exportTo(store, { to: 'verl', output, shardBytes: 20_000 }, many)
    const [first = '', ...others] = readdirSync(join(output, 'data')).sort()
    expect(others.length).toBeGreaterThan(0)
    await rm(join(output, 'data', first))
    await expect(read(output)).rejects.toMatchObject({
      type: 'InvalidSource',
      message: expect.stringContaining(`${first} is missing: hone-manifest.json lists it`),
    })
  })
})

it('a line of the whole row is found by its text, whatever the other columns say', async () => {
  const output = folder()
  await exportTo(store, { to: 'verl', kind: 'rl', output }, whole())
  const { prepared, rows } = await read(output)
  expect(prepared.mapping).toMatchObject({ honeRow: { column: 'hone' }, images: 'images' })
  expect(prepared.notes).toEqual([expect.stringContaining('changes in its other columns do not count')])
  expect(rows[1]?.row).toMatchObject({
    question: '<image>Which colour? "quoted", \n ünïcode 形',
    choices: ['blue', 'it’s red'],
    kind: 'choice',
    metadata: { source: 'colours', nested: { deep: [1, null, 'x'] } },
  })
})

describe('a file that an earlier version exported', () => {
  const packed = packGroundTruth({
    id: 'r1',
    gold: 'B',
    kind: 'choice',
    choices: ['red', 'blue'],
    policy: { units: 'strict' },
    question: 'Which?\nA. red\nB. blue',
    reward: 'rule',
  })
  const row = {
    question: 'Which?',
    answer: 'B',
    kind: 'choice',
    choices: ['red', 'blue'],
    policy: { units: 'strict' },
    metadata: { reward: 'rule' },
  }

  it.each([
    ['EasyR1', { problem: '<image>Which?\nA. red\nB. blue Think.', answer: packed }],
    ['verl', { prompt: [{ role: 'user', content: 'x' }], reward_model: { style: 'rule', ground_truth: packed } }],
    ['ms-swift', { hone_id: 'r1', messages: [{ role: 'user', content: 'x' }], hone_row: packed }],
  ])('for %s gives the gold inside the packed answer, and the question without the choices', async (_, fields) => {
    const source = await folderOf({ 'a.png': await picture(), 'rows.jsonl': jsonl([{ ...fields, images: ['a.png'] }]) })
    const { rows } = await read(source)
    expect(rows).toMatchObject([{ sourceId: 'r1', row, pictures: [{}] }])
  })
})

describe('lines of Hone', () => {
  const line = {
    id: 'a',
    images: ['a.png'],
    question: ' <image> How? ',
    answer: ' 3 ',
    metadata: { long: 'x'.repeat(5000) },
  }

  it('come in as they were written, with what steps say beside them in the metadata', async () => {
    const beside = { status: 'dropped', reason: 'truncated', parent: 'b', requests: ['k'] }
    const source = await folderOf({ 'a.png': await picture(), 'rows.jsonl': jsonl([{ ...line, ...beside }]) })
    const { prepared, rows } = await read(source)
    expect(prepared.mapping).toMatchObject({ honeRow: 'line' })
    expect(prepared.notes[1]).toBe('1 of the first 1 rows were dropped or failed: they come in like kept rows')
    const { question, answer, metadata } = line
    expect(rows[0]?.row).toMatchObject({ question, answer, metadata: { ...metadata, ...beside } })
  })

  it('are not taken for such when people wrote other fields', async () => {
    const folders = [
      { ...line, source: 'web' },
      { ...line, metadata: undefined },
    ].map(async (other) => folderOf({ 'a.png': await picture(), 'rows.jsonl': jsonl([other]) }))
    for (const source of await Promise.all(folders)) {
      const { mapping, rows } = await read(source)
      expect(mapping.honeRow).toBeUndefined()
      expect(rows[0]?.row).toMatchObject({ question: 'How?', answer: '3' })
    }
  })
})

it('a folder with a file that only has the name of a manifest is read as any other', async () => {
  const source = await folderOf({ 'a.png': await picture(), 'rows.jsonl': jsonl([{ question: 'Q', image: 'a.png' }]) })
  await mkdir(join(source, 'more'))
  await writeFile(join(source, 'hone-manifest.json'), '{"format": 9}')
  await expect(read(join(source, 'rows.jsonl'))).resolves.toMatchObject({ short: [{ question: 'Q' }] })
})
