import { setImmediate } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import { IdSet } from '../artifacts/id-set.ts'
import { HoneError } from '../domain/errors.ts'
import { checkOf } from '../domain/answer-check.ts'
import type { Check } from '../domain/answer-check.ts'
import { copyInto } from './copy.ts'
import type { Database } from './database.ts'
import { getDataset, linkSource, sealDataset } from './datasets.ts'
import { keepImages } from './images.ts'
import type { ImageRecord } from './images.ts'
import { sourceRowId } from './row-ids.ts'
import { valueFields } from './row-values.ts'
import { datasets } from './schema/datasets.ts'
import type { SourceRole } from './schema/datasets.ts'
import { rowImages, rows } from './schema/rows.ts'
import { only, textArray } from './sql.ts'

/** A picture that is recorded already, or one that is recorded together with its line. */
export type LineImage = Pick<ImageRecord, 'hash'> | ImageRecord

/** One line of a source. A line that cannot be used has a `failure` and is kept with its reason. */
export interface SourceRow extends Check {
  /** Id in the source's file, unique in it. */
  sourceId: string
  images: readonly LineImage[]
  question: string
  answer: string | null
  /** Absent when the source has no description. A trace is the full text of a reply. */
  description?: string | null
  trace?: string | null
  metadata: Readonly<Record<string, unknown>>
  failure?: { reason: string; detail: string } | null
  /**
   * `there`: {@link storedLines} gave this line. `later`: the line is left out this time and keeps
   * its place, and the source stays open.
   */
  state?: { there: StoredLine } | 'later' | undefined
}

/** A line that an earlier run wrote. `position` is null for a line that cannot be used. */
export interface StoredLine {
  position: number | null
}

/** A source to import. `hash` (hex) identifies the data and how much of it is taken (`maxRows`). */
export interface SourceInput {
  name: string
  path: string
  hash: string
  /** Links the source under `name` in this campaign when it is complete. */
  campaign?: string
  /** What the campaign uses it for (default `source`). */
  role?: SourceRole
}

/** An imported source. `reused`: the source was there already, and its lines were not read. */
export interface ImportedSource {
  datasetId: string
  rows: number
  failed: number
  contentHash: string
  reused: boolean
}

/** Counts of a source before it is sealed. */
export interface ImportCounts {
  datasetId: string
  rows: number
  failed: number
  /** Lines that were left out this time. */
  later: number
}

/** Dataset of a source: the same data is imported once for all campaigns. */
export const sourceDatasetId = (hash: string): string => `source/${hash.slice(0, 16)}`

/**
 * Limits of a batch: enough rows to keep the cost of a transaction small, few enough characters to
 * keep memory flat.
 */
const rowsPerBatch = 10_000
const charactersPerBatch = 16 * 2 ** 20

/**
 * Imports a source once. Rows are written by COPY in batches of 10,000 (fewer of long rows) while
 * the next are read, so memory stays flat. After a crash the import is simply run again and writes
 * what is missing; a complete import returns without reading `lines`. Throws InvalidSource when two
 * lines have the same id. `beforeSeal` may refuse the source by an error: its rows stay, and a
 * later run goes on with them. A source with lines left out for later is never sealed.
 */
export async function importSource(
  db: Database,
  input: SourceInput,
  lines: AsyncIterable<SourceRow> | Iterable<SourceRow>,
  beforeSeal: (counts: ImportCounts) => void | Promise<void> = () => undefined,
): Promise<ImportedSource> {
  const datasetId = sourceDatasetId(input.hash)
  await db
    .insert(datasets)
    .values({ id: datasetId, name: input.name, sourcePath: input.path, sourceHash: input.hash })
    .onConflictDoNothing()
  const before = await getDataset(db, datasetId)
  const reused = before.sealedAt !== null
  if (!reused) {
    const later = await writeLines(db, datasetId, input.path, lines)
    const [all, failed] = [await db.$count(rows, eq(rows.datasetId, datasetId)), await failedOf(db, datasetId)]
    await beforeSeal({ datasetId, rows: all - failed, failed, later })
    if (later > 0) throw unfinished(input.path, later)
  }
  const sealed = await sealDataset(db, datasetId)
  if (input.campaign !== undefined)
    await linkSource(db, { campaign: input.campaign, role: input.role ?? 'source', name: input.name, datasetId })
  return { datasetId, ...sealed, failed: await failedOf(db, datasetId), reused }
}

const failedOf = (db: Database, datasetId: string): Promise<number> =>
  db.$count(rows, and(eq(rows.datasetId, datasetId), eq(rows.status, 'failed')))

/** Whether any line of a source was written yet. */
export async function hasLines(db: Database, datasetId: string): Promise<boolean> {
  const found = await db.select({ id: rows.id }).from(rows).where(eq(rows.datasetId, datasetId)).limit(1)
  return found.length > 0
}

/** Lines that earlier runs wrote of a source that is not complete yet, by their ids. */
export async function storedLines(
  db: Database,
  datasetId: string,
  sourceIds: readonly string[],
): Promise<Map<string, StoredLine>> {
  const byRow = new Map(sourceIds.map((id) => [sourceRowId(datasetId, id), id]))
  const found = await db
    .select({ id: rows.id, position: rows.position })
    .from(rows)
    .where(sql`${rows.id} = any(${textArray([...byRow.keys()])})`)
  return new Map(found.map(({ id, position }) => [byRow.get(id) ?? '', { position }]))
}

/** A line with the id and the position that the import gives it. */
interface Numbered {
  id: string
  line: SourceRow
  /** Place among the lines that can be used; null for a line that cannot be used. */
  position: number | null
}

/**
 * One batch is written while the next is read; never more than two are held. Returns how many lines
 * were left out.
 */
async function writeLines(
  db: Database,
  datasetId: string,
  path: string,
  lines: AsyncIterable<SourceRow> | Iterable<SourceRow>,
): Promise<number> {
  const left = { out: 0 }
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const batch of batches(datasetId, path, lines, left)) {
      await writing
      writing = writeBatch(db, datasetId, batch)
      // `writing` is awaited one batch later. A failure before that must not count as an unhandled
      // rejection.
      writing.catch(() => undefined)
    }
  } finally {
    // Also when reading failed: the batch under way ends before the caller learns of the failure.
    await writing
  }
  return left.out
}

/**
 * Lines that are read before other work gets a turn. A source that never waits would keep the batch
 * before from being sent.
 */
const linesPerTurn = 128

async function* batches(
  datasetId: string,
  path: string,
  lines: AsyncIterable<SourceRow> | Iterable<SourceRow>,
  left: { out: number },
): AsyncGenerator<Numbered[]> {
  const seen = new IdSet()
  let [position, characters, turn] = [0, 0, 0]
  let batch: Numbered[] = []
  for await (const line of lines) {
    const id = sourceRowId(datasetId, line.sourceId)
    if (!seen.add(id)) throw duplicate(path, line.sourceId)
    const { state } = line
    if (state === 'later') {
      // Its place is kept for a later run. Sealing closes the places that stay empty.
      position++
      left.out++
    } else if (state) position = Math.max(position, (state.there.position ?? -1) + 1)
    else {
      batch.push({ id, line, position: line.failure ? null : position++ })
      characters += lengthOf(line)
    }
    if (batch.length === rowsPerBatch || characters > charactersPerBatch) {
      yield batch
      batch = []
      characters = 0
    }
    turn = (turn + 1) % linesPerTurn
    if (turn === 0) await setImmediate()
  }
  if (batch.length > 0) yield batch
}

/** Roughly how long a line is: its texts, and the texts at the top of its metadata. */
function lengthOf({ question, answer, description, trace, metadata }: SourceRow): number {
  let length = question.length + (answer?.length ?? 0) + (description?.length ?? 0) + (trace?.length ?? 0)
  for (const value of Object.values(metadata)) length += typeof value === 'string' ? value.length : 32
  return length
}

const sourceRowColumns = [
  ...(['id', 'datasetId', 'originRowId', 'position', 'status', 'reason', 'detail', 'sourceId'] as const),
  ...valueFields,
]

/** One transaction, so that no source row is ever there without its pictures. */
async function writeBatch(db: Database, datasetId: string, batch: readonly Numbered[]): Promise<void> {
  await db.transaction(async (tx) => {
    const missing = await missingLines(tx, datasetId, batch)
    const images = missing.flatMap(({ line }) => line.images)
    await keepImages(
      tx,
      images.filter((image) => 'width' in image),
    )
    await copyInto(tx, rows, sourceRowColumns, sourceRows(datasetId, missing))
    await copyInto(tx, rowImages, ['rowId', 'ordinal', 'imageHash'], shownImages(missing))
  })
}

/**
 * The lines that have no row yet. The dataset is held until the transaction ends, so two imports of
 * one source write one after the other, and each row is free to be copied: COPY knows no "on
 * conflict".
 */
async function missingLines(tx: Database, datasetId: string, batch: readonly Numbered[]): Promise<readonly Numbered[]> {
  const held = await tx
    .select({ sealedAt: datasets.sealedAt })
    .from(datasets)
    .where(eq(datasets.id, datasetId))
    .for('no key update')
  // Another import was faster and wrote all lines.
  if (only(held).sealedAt !== null) return []
  const found = await tx
    .select({ id: rows.id })
    .from(rows)
    .where(sql`${rows.id} = any(${textArray(batch.map(({ id }) => id))})`)
  if (found.length === 0) return batch
  const there = new Set(found.map(({ id }) => id))
  return batch.filter(({ id }) => !there.has(id))
}

function* sourceRows(datasetId: string, lines: readonly Numbered[]) {
  for (const { id, line, position } of lines)
    yield {
      id,
      datasetId,
      originRowId: id,
      position,
      status: line.failure ? ('failed' as const) : ('kept' as const),
      reason: line.failure?.reason ?? null,
      detail: line.failure?.detail.slice(0, 500) ?? null,
      sourceId: line.sourceId,
      question: line.question,
      answer: line.answer,
      ...checkOf(line),
      description: line.description ?? null,
      trace: line.trace ?? null,
      metadata: line.metadata,
    }
}

function* shownImages(lines: readonly Numbered[]) {
  for (const { id, line } of lines)
    for (const [ordinal, { hash }] of line.images.entries()) yield { rowId: id, ordinal, imageHash: hash }
}

const unfinished = (path: string, later: number): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${path}: ${later} lines were left out`,
    nextStep: 'import it again: the lines that were imported are kept',
  })

const duplicate = (path: string, sourceId: string): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${path}: the id "${sourceId}" is on two lines`,
    nextStep: 'give every line an id of its own',
  })
