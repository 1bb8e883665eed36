import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { insertCampaign } from '../db/campaigns.ts'
import { copyInto } from '../db/copy.ts'
import { migrate, openDatabase } from '../db/database.ts'
import type { Database } from '../db/database.ts'
import { openDataset, sealDataset } from '../db/datasets.ts'
import { commitOutcomes, commitSelection } from '../db/outcomes.ts'
import type { CommittedOutcome } from '../db/outcomes.ts'
import { saveReplies } from '../db/replies.ts'
import { openRound } from '../db/rounds.ts'
import { rowId, sourceRowId } from '../db/row-ids.ts'
import { requests } from '../db/schema/requests.ts'
import { rowRequests, rows, verdicts } from '../db/schema/rows.ts'
import { datasetRefs, shardInputs } from '../db/shards.ts'
import { importSource } from '../db/sources.ts'
import type { SourceRow } from '../db/sources.ts'
import { openStep } from '../db/steps.ts'
import { noCheck } from '../domain/answer-check.ts'
import type { StoredReply } from '../models/reply-store.ts'
import { bringUpPostgres } from '../services/postgres.ts'
import { metered } from './process-meter.ts'
import type { Spent } from './process-meter.ts'

/**
 * Times moving many rows into and out of Postgres, on the bench's own server, which survives a
 * power cut as the product's server does: `npx tsx bench/bulk.ts [rows]` (default 1,000,000 for the
 * import, a fifth for the rest). "Bare COPY" writes the same tuples into tables without indexes,
 * keys and checks, in one transaction: the time that Postgres itself needs.
 */
const total = Number(process.argv[2] ?? 1_000_000)
const part = Math.round(total / 5)
const home = mkdtempSync(join(process.env['HONE_BENCH_TMP'] ?? tmpdir(), 'hone-bulk-'))
const server = await bringUpPostgres({ home, anyPort: true, env: {} })
await migrate(server.url)
const { db, close } = openDatabase(server.url)

function report(name: string, count: number, { seconds, nodeCpu, postgresCpu }: Spent, more = ''): void {
  const micro = (cpu: number | null) => (cpu === null ? '?' : ((cpu / count) * 1e6).toFixed(1))
  console.log(
    `${name}: ${count} rows, ${seconds.toFixed(2)} s, ${Math.round(count / seconds)} rows/s, CPU a row: ` +
      `Node ${micro(nodeCpu)} µs, Postgres ${micro(postgresCpu)} µs${more}`,
  )
}

const ratio = (spent: Spent, reference: Spent): string => (spent.seconds / reference.seconds).toFixed(2)

function* lines(count: number, pictures: boolean): Generator<SourceRow> {
  for (let index = 0; index < count; index += 1) {
    const image = { hash: pictureHash(index), width: 640, height: 480, bytes: 50_000, mediaType: 'image/jpeg' }
    yield {
      sourceId: `train/${index}`,
      images: pictures ? [image] : [],
      question: `In the picture a train of ${index % 97} wagons passes a station; how many wheels are seen if each wagon shows ${index % 7}?`,
      answer: String((index % 97) * (index % 7)),
      ...noCheck,
      kind: 'number',
      metadata: { category: 'counting', ability: ['perception', 'arithmetic'], line: index },
    }
  }
}

const pictureHash = (index: number): string => index.toString(16).padStart(8, '0').repeat(8)

/** Copies into tables with the same names and columns, without indexes, keys and checks. */
async function bare(work: (tx: Database) => Promise<unknown>): Promise<Spent> {
  await db.execute('drop schema if exists bare cascade')
  await db.execute('create schema bare')
  for (const table of ['rows', 'requests', 'row_requests', 'verdicts'])
    await db.execute(`create table bare.${table} (like public.${table} including defaults)`)
  const spent = await metered(home, () =>
    db.transaction(async (tx) => {
      await tx.execute('set local search_path = bare')
      await work(tx)
    }),
  )
  await db.execute('drop schema bare cascade')
  return spent
}

function* sourceTuples(count: number) {
  for (const { sourceId, question, answer, kind, metadata } of lines(count, false)) {
    const id = sourceRowId('source/x', sourceId)
    const position = Number(metadata['line'])
    yield {
      id,
      datasetId: 'source/x',
      originRowId: id,
      position,
      status: 'kept' as const,
      sourceId,
      question,
      answer,
      kind,
      metadata,
    }
  }
}

async function measureImport(count: number, mark: string, pictures: boolean): Promise<string> {
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100)
  const rss: string[] = []
  let datasetId = ''
  const counted = function* counted() {
    let index = 0
    for (const line of lines(count, pictures)) {
      index += 1
      if (index % Math.round(count / 5) === 0) rss.push((process.memoryUsage.rss() / 2 ** 20).toFixed(0))
      yield line
    }
  }
  const source = { name: mark, path: `/${mark}`, hash: mark.repeat(64), campaign: 'c' }
  const spent = await metered(home, async () => {
    datasetId = (await importSource(db, source, counted())).datasetId
  })
  clearInterval(timer)
  const memory = `; RSS after each fifth ${rss.join(', ')} MiB, peak ${(peak / 2 ** 20).toFixed(0)}`
  report(`import ${pictures ? 'with one picture a row' : 'without pictures'}, sealed`, count, spent, memory)
  const reference = await bare((tx) => copyInto(tx, rows, sourceColumns, sourceTuples(count)))
  report('  the same by bare COPY', count, reference, `; the import took ${ratio(spent, reference)} times as long`)
  await db.execute(`update datasets set sealed_at = null where id = '${datasetId}'`)
  const sealed = await metered(home, () => sealDataset(db, datasetId))
  report('  of that: sealing', count, sealed)
  return datasetId
}

const common = ['id', 'datasetId', 'originRowId', 'status', 'question', 'answer', 'kind', 'metadata'] as const
const sourceColumns = [...common, 'position', 'sourceId'] as const
const outputColumns = [...common, 'parentRowId', 'outIndex', 'trace'] as const

async function openOutput(name: string, inputs: readonly string[]): Promise<{ stepId: number; datasetId: string }> {
  const step = { campaign: 'c', round: 1, name, kind: name, ordinal: 0, spec: {}, inputs }
  const { stepId } = await openStep(db, step)
  const { id } = await openDataset(db, { id: `c/1/${name}`, stepId, name })
  return { stepId, datasetId: id }
}

const words = 'First the picture shows a row of wagons. Each has wheels on the side that we see. Let me count again. '
const trace = `<think>${words.repeat(12)}</think><answer>42</answer>`

const replyOf = (id: string): StoredReply => ({
  key: `${id}.`.padEnd(64, '0'),
  endpoint: 'teacher',
  model: 'teacher-72b',
  request: {
    messages: [
      { role: 'system', text: words.repeat(6) },
      { role: 'user', text: words, images: [pictureHash(1)] },
    ],
    sampling: { temperature: 0.7, topP: 0.9, maxTokens: 2048, seed: 17 },
  },
  text: trace,
  finishReason: 'stop',
  servedModel: null,
  isEstimated: false,
  promptTokens: 900,
  completionTokens: 300,
  latencyMs: 201.3,
  attempts: 1,
})

const outcomeOf = (parentId: string): CommittedOutcome => ({
  parentId,
  outIndex: 0,
  status: 'kept',
  reason: null,
  changes: {
    trace,
    verdict: { verdict: 'correct', reason: 'equal', extracted: '42', verifierVersion: '1.2.0' },
    metadata: { category: 'counting', ability: ['perception', 'arithmetic'], rating: 3 },
  },
  requestKeys: [`${parentId}.`.padEnd(64, '0')],
})

async function measureStep(database: Database, input: string): Promise<void> {
  const refs = await datasetRefs(database, [input])
  const { stepId, datasetId } = await openOutput('reason', [input])
  const batches = Array.from({ length: Math.ceil(refs.length / 64) }, (_, index) =>
    refs.slice(index * 64, index * 64 + 64).map((ref) => ref.id),
  )
  const times: number[] = []
  const replies = await metered(home, async () => {
    for (const batch of batches) await saveReplies(database, stepId, batch.map(replyOf))
  })
  report('replies saved, 64 at a time', refs.length, replies)
  const commits = await metered(home, async () => {
    for (const batch of batches) {
      const began = performance.now()
      await commitOutcomes(database, datasetId, batch.map(outcomeOf))
      times.push(performance.now() - began)
    }
  })
  times.sort((a, b) => a - b)
  const quantile = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1)
  report(
    'outcomes committed, 64 at a time',
    refs.length,
    commits,
    `; a batch ${quantile(0.5)} ms, p99 ${quantile(0.99)}`,
  )
  const reference = await bare((tx) =>
    copyStep(
      tx,
      datasetId,
      refs.map((ref) => ref.id),
    ),
  )
  const all = { ...commits, seconds: commits.seconds + replies.seconds }
  report('  both by bare COPY', refs.length, reference, `; in batches they took ${ratio(all, reference)} times as long`)
  report('  of that step: sealing', refs.length, await metered(home, () => sealDataset(database, datasetId)))
}

async function copyStep(tx: Database, datasetId: string, parents: readonly string[]): Promise<void> {
  const [line] = lines(1, false)
  const made = (id: string) => ({ id: rowId(datasetId, id, 0), outcome: outcomeOf(id), reply: replyOf(id) })
  const each = <T>(tuple: (one: ReturnType<typeof made>, parent: string) => T) =>
    parents.map((id) => tuple(made(id), id))
  const ofReply = [
    'key',
    'endpoint',
    'model',
    'request',
    'reply',
    'finishReason',
    'promptTokens',
    'completionTokens',
  ] as const
  const replies = each(({ reply }) => ({ ...reply, reply: reply.text, latencyMs: 201 }))
  await copyInto(tx, requests, [...ofReply, 'latencyMs', 'attempts'], replies)
  const outputs = each(({ id, outcome: { changes } }, parent) => ({
    id,
    datasetId,
    parentRowId: parent,
    originRowId: parent,
    outIndex: 0,
    status: 'kept' as const,
    question: line?.question ?? '',
    answer: '1',
    kind: 'number' as const,
    trace,
    metadata: changes.metadata,
  }))
  await copyInto(tx, rows, outputColumns, outputs)
  const keys = each(({ id, reply }) => ({ rowId: id, ordinal: 0, requestKey: reply.key }))
  await copyInto(tx, rowRequests, ['rowId', 'ordinal', 'requestKey'], keys)
  const verdict = { verdict: 'correct' as const, reason: 'equal', extracted: '42', verifierVersion: '1.2.0' }
  const judged = each(({ id }) => ({ rowId: id, ...verdict }))
  await copyInto(tx, verdicts, ['rowId', 'verdict', 'reason', 'extracted', 'verifierVersion'], judged)
}

async function measureShards(database: Database, input: string): Promise<void> {
  for (const per of ['row', 'question'] as const) {
    const { datasetId } = await openOutput(`shards-${per}`, [input])
    let found = 0
    const spent = await metered(home, async () => {
      for (let shard = 0; shard * 500 < part; shard += 1) {
        const query = { inputDatasetIds: [input, 'c/1/reason'], shard, shardRows: 500, per, outputDatasetId: datasetId }
        found += (await shardInputs(database, query)).length
      }
    })
    report(`shards of 500 per ${per}`, found, spent)
  }
  const { datasetId } = await openOutput('select', [input])
  const chosen = await metered(home, async () => {
    const refs = await datasetRefs(database, [input])
    const kept = refs.filter((_, index) => index % 2 === 0).map((ref) => ref.id)
    await commitSelection(database, datasetId, { inputDatasetIds: [input], kept, droppedReason: 'not-chosen' })
  })
  report('selection of every other row', part, chosen)
}

try {
  await insertCampaign(db, { id: 'c', recipe: {}, recipeHash: 'r', recipeSource: '', folder: '/x' })
  await openRound(db, { campaign: 'c', number: 0, parent: null })
  await openRound(db, { campaign: 'c', number: 1, parent: 0 })
  await measureImport(total, 'a', false)
  const withPictures = await measureImport(part, 'b', true)
  await measureStep(db, withPictures)
  await measureShards(db, withPictures)
} finally {
  await close()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
}
