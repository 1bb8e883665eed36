import { sql } from 'drizzle-orm'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getDataset, resolveDataset, sealDataset } from '../../db/datasets.ts'
import { commitOutcomes, commitSelection } from '../../db/outcomes.ts'
import { saveReplies } from '../../db/replies.ts'
import { findRow, sampleRows, streamRows } from '../../db/rows.ts'
import { datasetRefs, shardCount, shardInputs } from '../../db/shards.ts'
import { importSource } from '../../db/sources.ts'
import type { SourceRow } from '../../db/sources.ts'
import { stepCounts } from '../../db/steps.ts'
import { checkFields } from '../../domain/answer-check.ts'
import type { Check } from '../../domain/answer-check.ts'
import {
  collect,
  importLines,
  keepAll,
  kept,
  openDataStep,
  openTestDatabase,
  reply,
  sourceLines,
  startCampaign,
} from './world.ts'

let world: Awaited<ReturnType<typeof openTestDatabase>>
let sourceId: string
let sourceRows: string[]

beforeAll(async () => {
  world = await openTestDatabase()
  await startCampaign(world.db, 'c')
  sourceId = (await importLines(world.db, 20, 'train', 'c')).datasetId
  sourceRows = (await collect(streamRows(world.db, sourceId))).map((row) => row.id)
})
afterAll(() => world.close())

it('finds all rows of a dataset by their ids without reading other datasets and without sorting', async () => {
  const plan = await world.db.transaction(async (tx) => {
    await tx.execute(sql`set local enable_seqscan = off`)
    return await tx.execute(sql`
      explain select r.id from rows r where r.dataset_id = 'x' and r.id > 'y' order by r.id limit 500`)
  })
  const text = plan.rows.map((row) => Object.values(row).join(' ')).join('\n')
  expect(text).toMatch(/Index Cond: .*dataset_id.* AND .*id/)
  expect(text).not.toMatch(/Sort|Filter/)
})

describe('commitOutcomes', () => {
  it('writes rows that inherit unchanged fields, and reads them back whole', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'inherit', [sourceId])
    await saveReplies(db, null, [reply('k-inherit')])
    const verdict = { verdict: 'correct' as const, reason: 'equal', extracted: '1', verifierVersion: 'v1' }
    await commitOutcomes(db, datasetId, [
      kept(sourceRows[1] ?? '', 0, {
        changes: { description: 'a \u0000 b \ud800', trace: 't', verdict, metadata: { a: ['\u0000'] } },
        requestKeys: ['k-inherit', 'k-inherit'],
      }),
    ])
    await sealDataset(db, datasetId)
    const [row] = await collect(streamRows(db, datasetId))
    expect(row).toMatchObject({
      parentId: sourceRows[1],
      originId: sourceRows[1],
      images: ['img-train-1'],
      question: 'How many circles are in train 1?',
      answer: '1',
      kind: 'number',
      description: 'a \ufffd b \ufffd',
      trace: 't',
      verdict,
      metadata: { a: ['\ufffd'] },
    })
    const next = await openDataStep(db, 'c', 'inherit-more', [datasetId])
    await keepAll(db, next.datasetId, [row?.id ?? ''])
    const [child] = await sampleRows(db, next.datasetId, 1)
    expect(child).toMatchObject({ verdict, images: ['img-train-1'], originId: sourceRows[1], status: 'kept' })
    expect(await findRow(db, child?.id.slice(0, 10) ?? '')).toEqual(child)
  })

  it('passes precision and policy on to every later row, through selections too', async () => {
    const { db } = world
    const check = { kind: 'box', precision: 2, policy: { coords: '0-1000', width: 640, height: 480 } } as const
    const lines = sourceLines(1, 'checked').map((line) => ({ ...line, ...check }))
    const { datasetId: source } = await importSource(db, { name: 's', path: '/s', hash: 'c'.repeat(64) }, lines)
    const [first] = await collect(streamRows(db, source))
    expect(first).toMatchObject(check)
    const { datasetId } = await openDataStep(db, 'c', 'checked', [source])
    await keepAll(db, datasetId, [first?.id ?? ''])
    await sealDataset(db, datasetId)
    const [second] = await collect(streamRows(db, datasetId))
    expect(second).toMatchObject({ ...check, parentId: first?.id })
    const chosen = await openDataStep(db, 'c', 'checked-chosen', [datasetId])
    await commitSelection(db, chosen.datasetId, {
      inputDatasetIds: [datasetId],
      kept: [second?.id ?? ''],
      droppedReason: 'not-chosen',
    })
    expect(await sampleRows(db, chosen.datasetId, 1)).toMatchObject([check])
    const changed = await openDataStep(db, 'c', 'checked-changed', [datasetId])
    const changes = { precision: null, policy: { match: 'point' as const } }
    await commitOutcomes(db, changed.datasetId, [kept(second?.id ?? '', 0, { changes })])
    expect(await sampleRows(db, changed.datasetId, 1)).toMatchObject([changes])
  })

  it('hashes rows without precision and policy as before these fields existed, and rows with them differently', async () => {
    const { db } = world
    const hashOf = async (mark: string, check: Partial<SourceRow>) => {
      const lines = sourceLines(2, 'pinned').map((line) => ({ ...line, ...check }))
      const source = { name: mark, path: `/${mark}`, hash: mark.repeat(64) }
      return (await importSource(db, source, lines)).contentHash
    }
    const plain = await hashOf('1', {})
    expect(plain).toBe('dc080c02c242aaa58cc3795516341b8b919cbde70ba77fe3e3e5b57d74320363')
    // If the hash left out a check field, rows with another check would be the same data.
    const others: Required<Check> = {
      kind: 'expression',
      choices: ['a', 'b'],
      precision: 2,
      policy: { percent: 'strict' },
    }
    const hashes = [plain]
    for (const [place, [field, value]] of Object.entries(others).entries())
      hashes.push(await hashOf(`${place + 2}`, { [field]: value }))
    expect(new Set(hashes).size).toBe(1 + checkFields.keyof().options.length)
  })

  it('writes no row twice and never mixes two results of one parent', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'twice', [sourceId])
    expect(await keepAll(db, datasetId, sourceRows.slice(0, 2), 2)).toBe(4)
    expect(await keepAll(db, datasetId, sourceRows.slice(0, 3), 3)).toBe(3)
    expect((await sampleRows(db, datasetId, 100)).length).toBe(7)
  })

  it('lets one of two commits of the same parents win when they come at once', async () => {
    const { db } = world
    const parents = sourceRows.slice(0, 10)
    for (let round = 0; round < 8; round += 1) {
      const { datasetId } = await openDataStep(db, 'c', `at-once-${round}`, [sourceId])
      const written = await Promise.all([
        keepAll(db, datasetId, parents, 2),
        keepAll(db, datasetId, parents.toReversed(), 3),
        keepAll(db, datasetId, parents, 4),
      ])
      expect(written.filter((count) => count > 0)).toHaveLength(1)
      expect((await sampleRows(db, datasetId, 100)).length).toBe(Math.max(...written))
    }
  })

  it('rolls the whole commit back when a reply is missing', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'rollback', [sourceId])
    const outcomes = [kept(sourceRows[0] ?? ''), kept(sourceRows[1] ?? '', 0, { requestKeys: ['never-saved'] })]
    await expect(commitOutcomes(db, datasetId, outcomes)).rejects.toThrow(/row_requests/)
    expect(await sampleRows(db, datasetId, 10)).toEqual([])
  })

  it('refuses missing parents, and new rows of a sealed dataset', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'sealed', [sourceId])
    await expect(keepAll(db, datasetId, ['nobody'])).rejects.toThrow(/parent row nobody does not exist/)
    await keepAll(db, datasetId, [sourceRows[0] ?? ''])
    await sealDataset(db, datasetId)
    expect(await keepAll(db, datasetId, [sourceRows[0] ?? ''])).toBe(0)
    await expect(keepAll(db, datasetId, [sourceRows[1] ?? ''])).rejects.toThrow(/complete and sealed/)
  })

  it('counts outcomes by reason', async () => {
    const { db } = world
    const { datasetId, stepId } = await openDataStep(db, 'c', 'counts', [sourceId])
    await commitOutcomes(db, datasetId, [
      kept(sourceRows[0] ?? ''),
      kept(sourceRows[1] ?? '', 0, { status: 'dropped', reason: 'truncated' }),
      kept(sourceRows[2] ?? '', 0, { status: 'dropped', reason: 'truncated' }),
      kept(sourceRows[3] ?? '', 0, { status: 'dropped', reason: 'incorrect' }),
      kept(sourceRows[4] ?? '', 0, { status: 'failed', reason: 'http-400', detail: 'x'.repeat(900) }),
    ])
    expect(await stepCounts(db, stepId)).toEqual({
      rowsIn: 20,
      kept: 1,
      dropped: 3,
      failed: 1,
      droppedByReason: { truncated: 2, incorrect: 1 },
      failedByReason: { 'http-400': 1 },
    })
    const [failed] = await sampleRows(db, datasetId, 9, 'failed')
    expect(failed?.detail).toHaveLength(500)
  })
})

describe('sealDataset', () => {
  it('orders outputs like their parents, is idempotent, and hashes equal data equally', async () => {
    const { db } = world
    const one = await openDataStep(db, 'c', 'seal-a', [sourceId])
    const two = await openDataStep(db, 'c', 'seal-b', [sourceId])
    await keepAll(db, one.datasetId, sourceRows, 2)
    for (const id of sourceRows.toReversed()) await keepAll(db, two.datasetId, [id], 2)
    const sealed = await sealDataset(db, one.datasetId)
    expect(sealed.rows).toBe(40)
    expect(await sealDataset(db, one.datasetId)).toEqual(sealed)
    expect(await sealDataset(db, two.datasetId)).toEqual(sealed)
    const parents = (await collect(streamRows(db, two.datasetId, { batch: 7 }))).map((row) => row.parentId)
    expect(parents).toEqual(sourceRows.flatMap((id) => [id, id]))
    expect((await getDataset(db, one.datasetId)).rowCount).toBe(40)
    expect(await resolveDataset(db, 'c', 1, 'seal-a')).toBe(one.datasetId)
    expect(await resolveDataset(db, 'c', 1, 'train')).toBe(sourceId)
    await expect(resolveDataset(db, 'c', 1, 'nothing')).rejects.toThrow(/neither a dataset/)
  })

  it('is required before anything reads the order', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'unsealed', [sourceId])
    await expect(collect(streamRows(db, datasetId))).rejects.toThrow(/not complete yet/)
    await expect(shardCount(db, { inputDatasetIds: [datasetId], shardRows: 5 })).rejects.toThrow(/not complete yet/)
  })
})

describe('commitSelection', () => {
  it('keeps the chosen rows in the chosen order over several inputs and drops the rest', async () => {
    const { db } = world
    const other = (await importLines(db, 5, 'other', 'c')).datasetId
    const { datasetId, stepId } = await openDataStep(db, 'c', 'mix', [sourceId, other])
    const inputDatasetIds = [sourceId, other]
    const refs = await datasetRefs(db, inputDatasetIds)
    expect(refs.map((ref) => ref.input)).toEqual([...Array(20).fill(0), ...Array(5).fill(1)])
    const chosen = [refs[22]?.id ?? '', refs[3]?.id ?? '', refs[0]?.id ?? '']
    const selection = { inputDatasetIds, kept: chosen, droppedReason: 'not-chosen' }
    await expect(commitSelection(db, datasetId, { ...selection, kept: ['x'] })).rejects.toThrow(/not of its inputs/)
    await expect(commitSelection(db, datasetId, { ...selection, kept: [...chosen, ...chosen] })).rejects.toThrow(
      /twice/,
    )
    await commitSelection(db, datasetId, selection)
    await commitSelection(db, datasetId, { ...selection, kept: [] })
    await sealDataset(db, datasetId)
    expect((await collect(streamRows(db, datasetId))).map((row) => row.parentId)).toEqual(chosen)
    expect(await stepCounts(db, stepId)).toMatchObject({ rowsIn: 25, kept: 3, dropped: 22 })
  })
})

describe('shardInputs', () => {
  it('gives the missing rows after a partial commit', async () => {
    const { db } = world
    const { datasetId } = await openDataStep(db, 'c', 'partial', [sourceId])
    const query = {
      inputDatasetIds: [sourceId],
      shard: 1,
      shardRows: 8,
      per: 'row' as const,
      outputDatasetId: datasetId,
    }
    const ids = async () => (await shardInputs(db, query)).map((row) => row.id)
    expect(await ids()).toEqual(sourceRows.slice(8, 16))
    await keepAll(db, datasetId, sourceRows.slice(9, 12))
    expect(await ids()).toEqual([sourceRows[8], ...sourceRows.slice(12, 16)])
    expect(await shardCount(db, { inputDatasetIds: [sourceId], shardRows: 8 })).toBe(3)
    await keepAll(db, datasetId, sourceRows)
    expect(await ids()).toEqual([])
  })

  it('covers every row exactly once and never splits a question, whatever the order', { timeout: 60_000 }, async () => {
    const { db } = world
    let run = 0
    const inputs = fc.array(
      fc.array(fc.record({ origin: fc.nat(7), keep: fc.boolean(), place: fc.nat() }), { maxLength: 24 }),
      { minLength: 1, maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(inputs, fc.integer({ min: 1, max: 9 }), async (contents, shardRows) => {
        run += 1
        const inputDatasetIds: string[] = []
        for (const [number, wanted] of contents.entries()) {
          const grown = await openDataStep(db, 'c', `grow-${run}-${number}`, [sourceId])
          const perOrigin = new Map<number, number>()
          await commitOutcomes(
            db,
            grown.datasetId,
            wanted.map(({ origin }) => {
              const outIndex = perOrigin.get(origin) ?? 0
              perOrigin.set(origin, outIndex + 1)
              return kept(sourceRows[origin] ?? '', outIndex)
            }),
          )
          await sealDataset(db, grown.datasetId)
          const refs = await datasetRefs(db, [grown.datasetId])
          const order = refs.filter((_, index) => wanted[index]?.keep)
          order.sort((a, b) => (wanted[refs.indexOf(a)]?.place ?? 0) - (wanted[refs.indexOf(b)]?.place ?? 0))
          const mixed = await openDataStep(db, 'c', `mix-${run}-${number}`, [grown.datasetId])
          await commitSelection(db, mixed.datasetId, {
            inputDatasetIds: [grown.datasetId],
            kept: order.map((ref) => ref.id),
            droppedReason: 'mix',
          })
          await sealDataset(db, mixed.datasetId)
          inputDatasetIds.push(mixed.datasetId)
        }
        const all = await datasetRefs(db, inputDatasetIds)
        const shards = await shardCount(db, { inputDatasetIds, shardRows })
        for (const per of ['row', 'question'] as const) {
          const seen: string[] = []
          const home = new Map<string, number>()
          for (let shard = 0; shard < shards; shard += 1) {
            const query = { inputDatasetIds, shard, shardRows, per, outputDatasetId: 'none' }
            const rows = await shardInputs(db, query)
            seen.push(...rows.map((row) => row.id))
            const questions = rows.map((row) => row.originId).filter((id, index, ids) => id !== ids[index - 1])
            if (per === 'row') continue
            expect(new Set(questions).size).toBe(questions.length)
            for (const question of questions) expect(home.get(question) ?? shard).toBe(shard)
            for (const question of questions) home.set(question, shard)
          }
          expect(seen.toSorted()).toEqual(all.map((ref) => ref.id).toSorted())
          expect(per === 'question' || seen.join() === all.map((ref) => ref.id).join()).toBe(true)
        }
      }),
      { numRuns: 25 },
    )
  })
})
