import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from '../../db/database.ts'
import { sealDataset } from '../../db/datasets.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import { findRow, sampleRows, streamEvidence, streamRows } from '../../db/rows.ts'
import { datasetRefs, shardInputs } from '../../db/shards.ts'
import { runningSteps } from '../../db/step-progress.ts'
import { stepCounts } from '../../db/steps.ts'
import { collect, importLines, keepAll, kept, openDataStep, openTestDatabase, startCampaign } from './world.ts'

// The planner's choices for statements that read few rows of large tables.
let world: Awaited<ReturnType<typeof openTestDatabase>>
let ids: { source: string; step: string; stepId: number; next: string; row: string }
beforeAll(async () => {
  world = await openTestDatabase()
  const { db } = world
  await startCampaign(db, 'c')
  const source = (await importLines(db, 6000, 'train', 'c')).datasetId
  await importLines(db, 6000, 'other', 'c')
  const { datasetId: step, stepId } = await openDataStep(db, 'c', 'step', [source])
  const parents = (await datasetRefs(db, [source])).map((ref) => ref.id)
  const verdict = { verdict: 'correct', reason: 'equal', extracted: null, verifierVersion: '1' } as const
  await commitOutcomes(
    db,
    step,
    parents.map((id) => kept(id, 0, { changes: { verdict } })),
  )
  await sealDataset(db, step)
  const { datasetId: next } = await openDataStep(db, 'c', 'next', [step])
  const refs = (await datasetRefs(db, [step])).map((ref) => ref.id)
  await keepAll(db, next, refs.slice(0, 3000))
  ids = { source, step, stepId, next, row: refs[0] ?? '' }
}, 60_000)
afterAll(() => world.close())

/** Lines of the plans of all statements of `work`, with and without statistics of the tables. */
async function plansOf(work: (db: Database) => Promise<unknown>): Promise<string[]> {
  const lines: string[] = []
  const explaining = new Proxy(world.db, {
    get: (db, key) =>
      key === 'execute'
        ? async (query: SQL) => {
            const plan = await db.execute(sql`explain ${query}`)
            lines.push(...plan.rows.map((row) => Object.values(row).join(' ')))
            return await db.execute(query)
          }
        : Reflect.get(db, key, db),
  })
  await work(explaining)
  await world.db.execute(sql`analyze`)
  await work(explaining)
  expect(lines.length).toBeGreaterThan(0)
  return lines
}

/** Runs a function that expects a transaction without a transaction. */
const inTransaction = (db: Database): Database =>
  new Proxy(db, {
    get: (of, key) =>
      key === 'transaction' ? (work: (tx: Database) => unknown) => work(of) : Reflect.get(of, key, of),
  })

const scansOfAll = (lines: readonly string[]) =>
  lines.filter((line) => /Seq Scan on (rows|verdicts|row_images|row_requests|requests)/.test(line))

const shard = (per: 'row' | 'question', inputs: string[]) => (db: Database) =>
  shardInputs(db, { inputDatasetIds: inputs, shard: 3, shardRows: 100, per, outputDatasetId: ids.next })

it('reads a shard by its range of positions', async () => {
  const lines = await plansOf(shard('row', [ids.source, ids.step]))
  expect(scansOfAll(lines)).toEqual([])
  expect(lines.join('\n')).toMatch(/"?position"? >= /)
})

it('finds the finished rows of a shard and of a commit by the ids of outputs, without reading all outputs', async () => {
  for (const per of ['row', 'question'] as const) {
    const lines = await plansOf(shard(per, [ids.step]))
    expect(lines.filter((line) => /rows_pkey on rows o\b/.test(line)).length).toBeGreaterThan(0)
    expect(lines.filter((line) => /rows_(in|parent_in)_dataset/.test(line))).toEqual([])
  }
  const left = await shard('row', [ids.step])(world.db)
  expect(left).toHaveLength(0)
  const refs = await datasetRefs(world.db, [ids.step])
  const late = {
    inputDatasetIds: [ids.step],
    shard: 29,
    shardRows: 102,
    per: 'row' as const,
    outputDatasetId: ids.next,
  }
  expect((await shardInputs(world.db, late)).map(({ id }) => id)).toEqual(refs.slice(3000, 3060).map(({ id }) => id))
  const lines = await plansOf(async (db) => {
    await commitOutcomes(inTransaction(db), ids.next, [kept(refs[5]?.id ?? '')])
  })
  expect(scansOfAll(lines)).toEqual([])
})

it('finds the rows of a question by their origin, and source rows by their id', async () => {
  const lines = await plansOf(shard('question', [ids.source, ids.step]))
  expect(scansOfAll(lines)).toEqual([])
  expect(lines.join('\n')).toMatch(/rows_origin_in_dataset/)
})

it('looks up the verdicts of a page of rows without reading all verdicts', async () => {
  const lines = await plansOf(async (db) => {
    await collect(streamRows(db, ids.step, { from: 1000, to: 1400, batch: 400 }))
    await streamEvidence(db, [{ name: 'step', datasetId: ids.step }]).next()
    await sampleRows(db, ids.step, 20)
    await sampleRows(db, ids.step, 20, 'failed')
    await findRow(db, ids.row.slice(0, 12))
  })
  expect(scansOfAll(lines)).toEqual([])
  expect(lines.filter((line) => /(Merge|Hash) .*Join/.test(line))).toEqual([])
})

it('counts the outcomes of a step without reading its rows', async () => {
  await world.db.execute(sql`vacuum analyze rows`)
  const lines = await plansOf(async (db) => {
    await stepCounts(db, ids.stepId)
    await runningSteps(db, 'c')
  })
  expect(lines.join('\n')).toMatch(/Index Only Scan using rows_status_in_dataset/)
  expect(lines.join('\n')).toMatch(/Index Only Scan using rows_parent_in_dataset/)
})
