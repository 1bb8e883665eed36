import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../artifacts/hash.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import type { ArtifactStore } from '../../artifacts/store.ts'
import { prepareImport, prepareOwnLines } from '../../client/prepare-import.ts'
import type { Prepared } from '../../client/prepare-import.ts'
import { writeSource } from '../../client/write-source.ts'
import type { WriteOptions, Written } from '../../client/write-source.ts'
import type { OpenDatabase } from '../../db/database.ts'
import { sampleRows, streamRows } from '../../db/rows.ts'
import { hasLines } from '../../db/sources.ts'
import { folderOf, jsonl, picture } from '../data/import/files.ts'
import { collect, openTestDatabase } from '../db/world.ts'

let database: OpenDatabase & { url: string }
let store: ArtifactStore
let root: string

beforeAll(async () => {
  database = await openTestDatabase()
  root = await folderOf()
  store = await openArtifactStore(join(root, 'artifacts'))
})
afterAll(() => database.close())

const write = (prepared: Prepared, more: Partial<WriteOptions> = {}): Promise<Written> =>
  writeSource(prepared, {
    db: database.db,
    store,
    name: 'pool',
    path: 'pool',
    label: 'pool',
    maxRows: undefined,
    maxFailed: { share: 1 },
    nextStep: 'mend it',
    skipUnreachable: true,
    onProgress: () => {},
    ...more,
  })
const ownLines = (path: string) => prepareOwnLines(path, { needsQuestion: false })
const imported = (path: string) => prepareImport({ sources: [path], images: [], allowUrls: false, unpackBelow: root })

/** Kept rows without their own ids, and failed rows with their reasons. */
async function outcome({ datasetId }: Written) {
  const kept = await collect(streamRows(database.db, datasetId))
  const failed = await sampleRows(database.db, datasetId, 100, 'failed')
  return {
    kept: kept.map(({ id: _id, originId: _origin, ...row }) => row),
    failed: failed
      .map(({ metadata, reason, detail }) => ({ ...metadata, reason, detail }))
      .sort((a, b) => Number(Object(a).line) - Number(Object(b).line)),
  }
}

const line = (id: string, changes = {}) => ({ id, images: ['a.png'], question: `How many in ${id}?`, ...changes })

describe("a recipe's path and hone import", () => {
  it('make the same rows of the same file, also from lines that cannot be used', async () => {
    const whole = await picture(3)
    const folder = await folderOf({
      'a.png': await picture(1),
      'b.png': await picture(2),
      'cut.png': whole.subarray(0, whole.length - 40),
      'rows.jsonl': jsonl([
        line('one', { answer: 3, kind: 'number', precision: 1, metadata: { level: 2, tags: ['x'] } }),
        line('two', { images: ['a.png', 'b.png'], choices: ['left', 'right'], answer: 'A' }),
        line('three', { question: '<image>\nWhere?', answer: true, policy: { units: 'strict' } }),
        line('cut', { images: ['cut.png'] }),
        line('gone', { images: ['gone.png'] }),
        line('one', { answer: 4 }),
        // A value that many rows share is not an id.
        ...Array.from({ length: 60 }, (_, at) => line(`more ${at}`)),
      ]),
    })
    const [path, import_] = [await write(await ownLines(folder)), await write(await imported(folder))]
    expect(path.datasetId).not.toBe(import_.datasetId)
    expect(path).toMatchObject({ rows: 63, failed: 3, importedBefore: false })
    const made = await outcome(path)
    expect(made.kept[0]).toMatchObject({
      answer: '3',
      kind: 'number',
      precision: 1,
      metadata: { level: 2, tags: ['x'] },
    })
    expect(made.failed.map(({ reason }) => reason)).toEqual(['image-broken', 'image-missing', 'duplicate-id'])
    expect(await outcome(import_)).toEqual(made)
  })
})

describe('the store gets exactly the hashed content:', () => {
  it('a picture is read once, so the store gets its old content if it changes after the check', async () => {
    for (const prepare of [ownLines, imported]) {
      const before = await picture(10)
      const folder = await folderOf({
        'a.png': before,
        'rows.jsonl': jsonl([line('a'), line('b'), line(prepare.name)]),
      })
      const beforeWriting = async () => writeFile(join(folder, 'a.png'), await picture(11))
      const { datasetId } = await write(await prepare(folder), { beforeWriting })
      const rows = await collect(streamRows(database.db, datasetId))
      expect(rows.map(({ images }) => images)).toEqual(rows.map(() => [sha256Hex(before)]))
      expect(rows).toHaveLength(3)
      expect(await readFile(store.imagePath(sha256Hex(before)))).toEqual(before)
    }
  })

  it('a file of rows that changes after the check is refused, and none of its rows is written', async () => {
    for (const prepare of [ownLines, imported]) {
      const folder = await folderOf({ 'a.png': await picture(12), 'rows.jsonl': jsonl([line('a'), line('before')]) })
      const beforeWriting = () => writeFile(join(folder, 'rows.jsonl'), jsonl([line('a'), line('afterwards')]))
      let datasetId = ''
      const writing = write(await prepare(folder), {
        beforeWriting: async (id) => {
          datasetId = id
          await beforeWriting()
        },
      })
      await expect(writing).rejects.toMatchObject({
        type: 'InvalidSource',
        message: expect.stringContaining('rows.jsonl changed while it was read'),
      })
      expect(await hasLines(database.db, datasetId)).toBe(false)
      expect(await write(await prepare(folder))).toMatchObject({ rows: 2, rowsBefore: 0 })
    }
  })

  it('a picture that appears only after the check is refused', async () => {
    const folder = await folderOf({ 'rows.jsonl': jsonl([line('late')]) })
    const beforeWriting = async () => writeFile(join(folder, 'a.png'), await picture(13))
    await expect(write(await ownLines(folder), { beforeWriting })).rejects.toThrow('a.png changed while it was read')
  })
})

it('pictures that only the store has are recorded in the database before their rows', async () => {
  const folder = await folderOf({ 'a.png': await picture(20), 'rows.jsonl': jsonl([line('a')]) })
  await write(await ownLines(folder))
  const other = await openTestDatabase()
  try {
    expect(await write(await ownLines(folder), { db: other.db })).toMatchObject({ rows: 1, importedBefore: false })
  } finally {
    await other.close()
  }
})

it("the same command brings a path's pictures back into a home that lost them", async () => {
  const content = await picture(21)
  const folder = await folderOf({ 'a.png': content, 'rows.jsonl': jsonl([line('a')]) })
  await write(await ownLines(folder))
  await rm(store.imagePath(sha256Hex(content)))
  expect(await write(await ownLines(folder))).toMatchObject({ importedBefore: true, rows: 1 })
  expect(await readFile(store.imagePath(sha256Hex(content)))).toEqual(content)
})
