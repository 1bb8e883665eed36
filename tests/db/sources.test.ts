import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listSources, resolveBenchmark, resolveDataset } from '../../db/datasets.ts'
import { sampleRows, streamRows } from '../../db/rows.ts'
import { importSource } from '../../db/sources.ts'
import { collect, importLines, openTestDatabase, sourceLines, startCampaign } from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  world = await openTestDatabase()
  await startCampaign(world.db, 'c')
})
afterAll(() => world.close())

it('goes on with an import that a crash interrupted', async () => {
  const { db } = world
  const lines = sourceLines(12_000)
  const input = { name: 'train', path: '/data/train', hash: 'ab'.repeat(32), campaign: 'c' }
  const cutOff = importSource(
    db,
    input,
    (async function* crash() {
      yield* lines.slice(0, 11_000)
      throw new Error('killed')
    })(),
  )
  await expect(cutOff).rejects.toThrow(/killed/)
  await expect(resolveDataset(db, 'c', 1, 'train')).rejects.toThrow(/neither/)
  expect(await sampleRows(db, 'source/abababababababab', 20_000)).toHaveLength(10_000)
  const imported = await importSource(db, input, lines)
  expect(imported).toMatchObject({ datasetId: 'source/abababababababab', rows: 12_000, failed: 0, reused: false })
  const stored = await collect(streamRows(db, imported.datasetId))
  expect(stored.map((row) => row.question)).toEqual(lines.map((line) => line.question))
  expect(stored.every((row) => row.originId === row.id && row.images.length === 1)).toBe(true)
  expect(await resolveDataset(db, 'c', 1, 'train')).toBe(imported.datasetId)

  const unread = (function* unread(): Generator<never> {
    yield* []
    throw new Error('a complete source is not read again')
  })()
  expect(await importSource(db, input, unread)).toEqual({ ...imported, reused: true })
})

it('keeps an unusable line with its reason, and positions without gaps', async () => {
  const { db } = world
  const lines = sourceLines(4, 'broken')
  const failure = { reason: 'image-broken', detail: 'b.png ends early' }
  const broken = lines.map((line, index) => (index === 1 ? { ...line, images: [], failure } : line))
  const input = { name: 'dev', path: '/data/dev', hash: 'cd'.repeat(32), campaign: 'c', role: 'benchmark' } as const
  const imported = await importSource(db, input, broken)
  expect(imported).toMatchObject({ rows: 3, failed: 1 })
  expect(await sampleRows(db, imported.datasetId, 9, 'failed')).toMatchObject([failure])
  expect(await resolveBenchmark(db, 'c', 'dev')).toBe(imported.datasetId)
  const places = await db.execute(
    sql`select position from rows where dataset_id = ${imported.datasetId} order by position nulls last`,
  )
  expect(places.rows.map(({ position }) => position)).toEqual([0, 1, 2, null])
  expect((await listSources(db, 'c')).map(({ role, name }) => `${role} ${name}`)).toContain('benchmark dev')
})

it('refuses an id on two lines, and data that changes under a campaign', async () => {
  const { db } = world
  const [line] = sourceLines(1, 'double')
  const input = { name: 'double', path: '/data/double', hash: 'ef'.repeat(32) }
  await expect(importSource(db, input, line ? [line, line] : [])).rejects.toMatchObject({
    type: 'InvalidSource',
    message: expect.stringMatching(/"double-0" is on two lines/),
  })
  await importLines(db, 2, 'changing', 'c')
  const changed = importSource(
    db,
    { name: 'changing', path: '/data/changing', hash: '12'.repeat(32), campaign: 'c' },
    sourceLines(2, 'changed'),
  )
  await expect(changed).rejects.toThrow(/has changed since c started/)
})

it('lets two imports of the same source run at once', async () => {
  const { db } = world
  const input = { name: 'both', path: '/data/both', hash: '34'.repeat(32) }
  const lines = sourceLines(25_000, 'both')
  const [one, two] = await Promise.all([importSource(db, input, lines), importSource(db, input, lines)])
  expect(one.contentHash).toBe(two.contentHash)
  expect([one.rows, two.rows]).toEqual([25_000, 25_000])
})
