import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { openDatabase, migrate } from '../../db/database.ts'
import type { OpenDatabase } from '../../db/database.ts'
import { insertCampaign } from '../../db/campaigns.ts'
import { commitOutcomes } from '../../db/outcomes.ts'
import type { CommittedOutcome } from '../../db/outcomes.ts'
import { openRound } from '../../db/rounds.ts'
import { openStep } from '../../db/steps.ts'
import { openDataset } from '../../db/datasets.ts'
import { importSource } from '../../db/sources.ts'
import type { ImportedSource, SourceRow } from '../../db/sources.ts'
import type { Database } from '../../db/database.ts'
import { noCheck } from '../../domain/answer-check.ts'
import type { StoredReply } from '../../models/reply-store.ts'
import { freshDatabase } from '../world/postgres.ts'

/** A migrated database for one test file. `close` ends the connections. */
export async function openTestDatabase(): Promise<OpenDatabase & { url: string }> {
  const { url } = await freshDatabase()
  await migrate(url)
  return { ...openDatabase(url, { max: 4 }), url }
}

/** A running campaign with round 0 (the base model, running) and round 1. */
export async function startCampaign(db: Database, id: string): Promise<void> {
  await insertCampaign(db, { id, recipe: { campaign: id }, recipeHash: 'r1', recipeSource: 'hone: 1', folder: '/x' })
  await openRound(db, { campaign: id, number: 0, parent: null })
  await openRound(db, { campaign: id, number: 1, parent: 0 })
}

/** Lines of a source, each with a different picture. */
export function sourceLines(count: number, mark = 'item'): SourceRow[] {
  return Array.from({ length: count }, (_, index) => ({
    sourceId: `${mark}-${index}`,
    images: [{ hash: `img-${mark}-${index}`, width: 56, height: 56, bytes: 900, mediaType: 'image/png' }],
    question: `How many circles are in ${mark} ${index}?`,
    answer: String(index),
    ...noCheck,
    kind: 'number',
    metadata: { index },
  }))
}

/** A source of `count` rows, imported under a hash made of its mark. */
export function importLines(db: Database, count: number, mark: string, campaign?: string): Promise<ImportedSource> {
  const hash = Buffer.from(mark.padEnd(16, '.')).toString('hex').slice(0, 64)
  return importSource(
    db,
    { name: mark, path: `/data/${mark}`, hash, ...(campaign === undefined ? {} : { campaign }) },
    sourceLines(count, mark),
  )
}

/** An open step of round 1 with its dataset. */
export async function openDataStep(
  db: Database,
  campaign: string,
  name: string,
  inputs: readonly string[],
): Promise<{ stepId: number; datasetId: string }> {
  const { stepId } = await openStep(db, { campaign, round: 1, name, kind: name, ordinal: 0, spec: {}, inputs })
  const { id } = await openDataset(db, { id: `${campaign}/1/${name}`, stepId, name })
  return { stepId, datasetId: id }
}

/** A kept outcome that changes nothing. */
export const kept = (parentId: string, outIndex = 0, more: Partial<CommittedOutcome> = {}): CommittedOutcome => ({
  parentId,
  outIndex,
  status: 'kept',
  reason: null,
  changes: {},
  requestKeys: [],
  ...more,
})

/** Commits `copies` kept outputs for each parent. */
export const keepAll = (db: Database, datasetId: string, parents: readonly string[], copies = 1): Promise<number> =>
  commitOutcomes(
    db,
    datasetId,
    parents.flatMap((id) => Array.from({ length: copies }, (_, index) => kept(id, index))),
  )

/** A finished reply under this key. */
export const reply = (key: string, more: Partial<StoredReply> = {}): StoredReply => ({
  key,
  endpoint: 'teacher',
  model: 'teacher-7b',
  request: { messages: [{ role: 'user', text: 'q' }] },
  text: `reply ${key}`,
  finishReason: 'stop',
  promptTokens: 10,
  completionTokens: 5,
  latencyMs: 12,
  attempts: 1,
  servedModel: null,
  isEstimated: false,
  ...more,
})

/**
 * Runs statements that change what the database keeps for ever, as only its owner can: without
 * triggers.
 */
export const changeHistory = (db: Database, ...statements: readonly SQL[]): Promise<void> =>
  db.transaction(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`)
    for (const statement of statements) await tx.execute(statement)
  })

/** All values of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
