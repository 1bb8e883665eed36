import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDataStep, runDataShard, sealDataStep } from '../../activities/data-steps.ts'
import type { Deps } from '../../activities/deps.ts'
import { createStepMemory } from '../../activities/step-memory.ts'
import type { ShardPlan } from '../../activities/types.ts'
import { openArtifactStore } from '../../artifacts/store.ts'
import { createImages } from '../../data/pictures/prepare.ts'
import { openRound } from '../../db/rounds.ts'
import { rowLineage } from '../../db/lineage.ts'
import { sampleRows } from '../../db/rows.ts'
import { line, start, startingClient, workFolder, writeSource } from '../bad-input/world.ts'
import { openTestDatabase } from '../db/world.ts'

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

/** A picture that no other seed gives: blocks of grey. */
async function blocks(seed: number): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: 64 }, (_, index) => (index * index * seed + seed * 37 * index) % 256))
  const raw = { width: 8, height: 8, channels: 1 as const }
  return await sharp(pixels, { raw }).resize(224, 224, { kernel: 'nearest' }).png().toBuffer()
}

const text = `hone: 1
campaign: tainted
baseModel: { path: ./model }
endpoints: {}
sources: { seed: { path: ./data } }
benchmarks: { exam: { path: ./exam, role: dev } }
limits: { shardRows: 2, failedRowsPercent: 50 }
rounds:
  count: 1
  first:
    - { step: dedupe, from: seed }
    - { step: decontaminate }
    - { step: rl }
`

it('drops repeats and rows that a benchmark has from a source of many shards, with the evidence on each row', async () => {
  const { db } = database
  const folder = await workFolder()
  await mkdir(join(folder, 'exam'))
  for (const [name, seed] of [
    ['a', 3],
    ['b', 11],
    ['c', 29],
  ] as const)
    await writeFile(join(folder, 'data', `${name}.png`), await blocks(seed))
  // The benchmark has the picture of the source in another format and size.
  await sharp(join(folder, 'data', 'a.png'))
    .resize(180, 180)
    .jpeg({ quality: 80 })
    .toFile(join(folder, 'exam', 'x.jpg'))
  await copyFile(join(folder, 'data', 'b.png'), join(folder, 'exam', 'y.png'))
  const question = 'How many dark blocks are there in the upper left quarter of this picture?'
  const other = 'Which corner of the picture is the brightest one, counting every block?'
  await writeSource(folder, [
    line('leak', { images: ['a.png'], question }),
    line('overlap', { images: ['b.png'], question: other }),
    line('clean', { images: ['c.png'], question: other }),
    line('again', { images: ['c.png'], question: other }),
    line('template', { images: ['c.png'], question }),
  ])
  const exam = [line('x', { images: ['x.jpg'], question }), line('y', { images: ['y.png'], question })]
  await writeFile(join(folder, 'exam', 'items.jsonl'), exam.map((each) => JSON.stringify(each)).join('\n'))
  const started = await start(folder, text, { client: startingClient(), env: { DATABASE_URL: database.url } })
  expect(started).toMatchObject({ code: 0 })
  await openRound(db, { campaign: 'tainted', number: 0, parent: null })
  await openRound(db, { campaign: 'tainted', number: 1, parent: 0 })

  const store = await openArtifactStore(join(folder, 'home', 'artifacts'))
  const images = createImages({ source: { read: (hash) => readFile(store.imagePath(hash)) } })
  const deps = {
    db,
    store,
    memory: createStepMemory({ db, store }),
    images,
    shutdown: new AbortController().signal,
  } as Deps
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const run = async (step: string) => {
    const ref = { campaign: 'tainted', round: 1, step }
    const { shards } = (await activity.run(() => openDataStep(deps, ref))) as ShardPlan
    for (let shard = 0; shard < shards; shard++) await activity.run(() => runDataShard(deps, { ...ref, shard }))
    const counts = await activity.run(() => sealDataStep(deps, ref))
    return { shards, counts, rows: await sampleRows(db, `tainted/1/${step}`, 10) }
  }

  const deduped = await run('dedupe')
  expect(deduped).toMatchObject({ shards: 3, counts: { rowsIn: 5, kept: 4, dropped: 1 } })
  expect(deduped.rows.filter(({ reason }) => reason === 'duplicate')).toHaveLength(1)

  const { counts, rows } = await run('decontaminate')
  expect(counts).toEqual({ rowsIn: 4, kept: 2, dropped: 2, failed: 0 })
  const verdictOf = new Map(rows.map((row) => [`${row.images[0]} ${row.question}`, row]))
  expect(
    [...verdictOf.values()].map(({ reason }) => reason).sort((a, b) => String(a).localeCompare(String(b))),
  ).toEqual(['image-overlap', 'leak', null, null])
  const leak = rows.find(({ reason }) => reason === 'leak')
  expect(leak?.metadata).toMatchObject({ contamination: { verdict: 'leak' } })
  expect(JSON.stringify(leak?.metadata)).toContain('exam')
  const kept = rows.filter(({ reason }) => reason === null)
  expect(
    kept
      .map(({ metadata }) => metadata)
      .map((each) => (each['contamination'] as { verdict: string }).verdict)
      .sort(),
  ).toEqual(['clean', 'text_overlap'])
  const { chain } = await rowLineage(db, leak?.id ?? '')
  expect(chain[0]?.evidence).toHaveLength(1)
})
