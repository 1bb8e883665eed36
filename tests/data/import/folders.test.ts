import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dryRun } from '../../../client/dry-run.ts'
import { prepareImport } from '../../../client/prepare-import.ts'
import { folderOf, jsonl, picture, tar, zip } from './files.ts'
import { options, read } from './reading.ts'

const image = await picture()

it('takes a folder of pictures as rows without questions', async () => {
  const folder = await folderOf({ 'cats/1.png': image, 'cats/1.jpg': image, 'dogs/2.png': image, 'notes.txt': 'x' })
  const { short, rows } = await read(folder)
  expect(short.map(({ id }) => id)).toEqual(['cats/1.jpg', 'cats/1.png', 'dogs/2'])
  expect(rows[2]).toMatchObject({ row: { question: '', metadata: { folder: 'dogs' }, failure: null } })
})

describe('folders and archives', () => {
  it('an archive is read as the folder inside it, and the unpacked files are removed', async () => {
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

  it('a broken Arrow file of save_to_disk is refused with the next command', async () => {
    const folder = await folderOf({ 'data-00000-of-00001.arrow': 'x', 'state.json': '{}', 'dataset_info.json': '{}' })
    await expect(read(folder)).rejects.toMatchObject({ nextStep: expect.stringContaining('to_parquet') })
  })

  it('a source without a readable file is refused', async () => {
    await expect(read(await folderOf({ 'a.txt': 'x' }))).rejects.toMatchObject({ type: 'InvalidSource' })
    await expect(read('/nowhere/at/all.jsonl')).rejects.toMatchObject({ type: 'InvalidSource' })
    const folder = await folderOf({ 'a.jsonl': '{}', 'b.csv': 'x' })
    await expect(read(folder)).rejects.toThrow('2 files of rows: a.jsonl, b.csv')
    await writeFile(join(folder, 'c.xyz'), '')
    await expect(read(join(folder, 'c.xyz'))).rejects.toThrow('no ending that is known')
  })
})

it('a dry run shows five rows, and the reasons of rows that would fail', async () => {
  const rows = Array.from({ length: 20 }, (_, index) => ({ question: index % 2 ? `Q${index}` : '', image: 'a.png' }))
  const folder = await folderOf({ 'a.png': image, 'r.jsonl': jsonl(rows) })
  const prepared = await prepareImport({ sources: [folder], ...(await options()) })
  const seen = await dryRun(prepared, {})
  expect(seen.rows).toHaveLength(5)
  expect(seen).toMatchObject({ looked: 20, failed: [{ reason: 'no-question', rows: 10 }], withoutAnswer: 10 })
})
