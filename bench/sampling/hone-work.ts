import { createHash } from 'node:crypto'
import { Client } from 'pg'
import { z } from 'zod'
import { insertCampaign } from '../../db/campaigns.ts'
import { migrate, openDatabase } from '../../db/database.ts'
import type { Database } from '../../db/database.ts'
import { openDataset } from '../../db/datasets.ts'
import { openRound } from '../../db/rounds.ts'
import { importSource } from '../../db/sources.ts'
import type { SourceRow } from '../../db/sources.ts'
import { openStep } from '../../db/steps.ts'
import { noCheck } from '../../domain/answer-check.ts'
import { bringUpPostgres } from '../../services/postgres.ts'
import { findService } from '../../services/processes.ts'
import type { BenchRow, Outcome, Task } from './task.ts'
import type { Job } from './job.ts'
import { picturesStore } from './pictures.ts'
import { sampleMemory, treeCpuMs } from './processes.ts'

/** Hone's own PostgreSQL with its usual settings, and a database for each run. */
export interface Hone {
  newDatabase(): Promise<HoneDatabase>
  /** CPU of the server so far, in milliseconds. */
  cpuMs(): number
  /** Watches the server's memory. Shared pages count once. */
  watchMemory(): { stop(): { peakMb: number } }
  stop(): Promise<void>
}

interface HoneDatabase {
  /** Imports the rows (the same rows only once) and opens a step over them in this round. */
  openStep(task: Task, round: number): Promise<HoneStep>
  /** Stored replies. */
  replies: () => Promise<number>
  /** Bytes by which the database has grown since its migration. */
  bytes(): Promise<number>
}

interface HoneStep {
  job: NonNullable<Job['hone']>
  outcome(): Promise<Omit<Outcome, 'report'>>
  reasons: () => Promise<Map<number, string | null>>
}

const describeSpec = { step: 'describe', endpoint: 'mock', maxTokens: 64 }

/** Starts PostgreSQL in a home of the bench. */
export async function openHone(home: string): Promise<Hone> {
  const { DATABASE_URL: _users, ...env } = process.env
  const postgres = await bringUpPostgres({ home, anyPort: true, env })
  const server = findService(home, 'postgres')?.identity.pid ?? 0
  // A bench that ends with an error must leave no server behind.
  process.once('exit', () => endServer(server))
  let count = 0
  return {
    newDatabase: () => createDatabase(postgres.url, `bench_${++count}`),
    cpuMs: () => treeCpuMs(server),
    watchMemory: () => sampleMemory(server, { shared: true }),
    stop: postgres.stop,
  }
}

function endServer(pid: number): void {
  try {
    process.kill(pid, 'SIGINT')
  } catch {
    // The process has ended.
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<HoneDatabase> {
  await query(serverUrl, z.unknown(), `CREATE DATABASE ${name}`, [])
  const url = serverUrl.replace(/\/[^/]*$/, `/${name}`)
  await migrate(url)
  const size = async () => {
    const sized = z.object({ bytes: z.coerce.number() })
    const [found] = await query(serverUrl, sized, 'SELECT pg_database_size($1) AS bytes', [name])
    return found?.bytes ?? 0
  }
  const empty = await size()
  return {
    openStep: async (task, round) => {
      const database = openDatabase(url, { max: 4 })
      try {
        return await openStepOf(database.db, url, task, round)
      } finally {
        await database.close()
      }
    },
    replies: async () => {
      const [found] = await query(url, z.object({ count: z.coerce.number() }), 'SELECT count(*) FROM requests', [])
      return found?.count ?? 0
    },
    bytes: async () => (await size()) - empty,
  }
}

async function openStepOf(db: Database, databaseUrl: string, task: Task, round: number): Promise<HoneStep> {
  const campaign = 'bench'
  const recipe = { campaign, recipe: {}, recipeHash: 'bench', recipeSource: '', folder: '/' }
  await insertCampaign(db, { ...recipe, id: campaign })
  for (let number = 0; number <= round; number++)
    await openRound(db, { campaign, number, parent: number === 0 ? null : number - 1 })
  const hash = createHash('sha256')
  for (const { picture, text } of task.rows) hash.update(`${picture.hash} ${text}\n`)
  const source = { name: 'pictures', path: 'bench', hash: hash.digest('hex') }
  const { datasetId } = await importSource(db, source, lines(task.rows))
  const spec = { ...describeSpec, ...task.spec }
  const step = { campaign, round, name: spec.step, kind: spec.step, ordinal: 0, spec, inputs: [datasetId] }
  const { stepId } = await openStep(db, step)
  const output = `bench/${round}/${spec.step}`
  await openDataset(db, { id: output, stepId, name: spec.step })
  return {
    job: {
      databaseUrl,
      store: task.store ?? picturesStore(task.pictures),
      stepId,
      inputDatasetId: datasetId,
      outputDatasetId: output,
      spec,
    },
    outcome: () => outcomeOf(databaseUrl, output, task.rows.length),
    reasons: () => reasonsOf(databaseUrl, output),
  }
}

function* lines(rows: readonly BenchRow[]): Generator<SourceRow> {
  for (const { picture, text } of rows) {
    const { hash, bytes, width, height, number } = picture
    yield {
      sourceId: String(number),
      images: [{ hash, width, height, bytes, mediaType: 'image/jpeg' }],
      question: text,
      answer: 'yes',
      ...noCheck,
      kind: 'text',
      metadata: {},
    }
  }
}

async function query<Row>(url: string, row: z.ZodType<Row>, text: string, values: unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return z.array(row).parse((await client.query(text, values)).rows)
  } finally {
    await client.end()
  }
}

const group = z.object({ status: z.string(), reason: z.string().nullable(), rows: z.coerce.number() })

/** The rows in the database at the end, independent of the client's report. */
async function outcomeOf(url: string, datasetId: string, expected: number): Promise<Omit<Outcome, 'report'>> {
  const groups = await query(
    url,
    group,
    'select status, reason, count(*) as rows from rows where dataset_id = $1 group by 1, 2',
    [datasetId],
  )
  const [distinct] = await query(
    url,
    z.object({ parents: z.coerce.number() }),
    'select count(distinct parent_row_id) as parents from rows where dataset_id = $1',
    [datasetId],
  )
  const parents = distinct?.parents ?? 0
  const total = (some: typeof groups) => some.reduce((sum, { rows }) => sum + rows, 0)
  const lost = groups.filter(({ status }) => status !== 'kept')
  return {
    kept: total(groups) - total(lost),
    lost: Object.fromEntries(lost.map(({ reason, rows }) => [reason ?? '?', rows])),
    twice: total(groups) - parents,
    missing: expected - parents,
  }
}

async function reasonsOf(url: string, datasetId: string): Promise<Map<number, string | null>> {
  const rows = await query(
    url,
    z.object({ number: z.coerce.number(), reason: z.string().nullable() }),
    `select s.source_id as number, r.reason from rows r join rows s on s.id = r.origin_row_id where r.dataset_id = $1`,
    [datasetId],
  )
  return new Map(rows.map(({ number, reason }) => [number, reason]))
}
