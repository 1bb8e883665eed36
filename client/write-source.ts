import type { ArtifactStore } from '../artifacts/store.ts'
import { readyRows } from '../data/import/import-rows.ts'
import type { ReadyRow } from '../data/import/import-rows.ts'
import { unreachable } from '../data/import/fetch-picture.ts'
import { PictureLedger } from '../data/import/picture-ledger.ts'
import { lookedAtPictures, picturesOfLedger } from '../data/import/row-pictures.ts'
import type { KeptPicture, SeenPicture } from '../data/import/row-pictures.ts'
import type { Database } from '../db/database.ts'
import { importSource, sourceDatasetId } from '../db/sources.ts'
import type { ImportCounts, SourceRow } from '../db/sources.ts'
import type { HoneError } from '../domain/errors.ts'
import { areTooMany, limitText } from '../domain/failed-rows.ts'
import type { FailedRowsLimit } from '../domain/failed-rows.ts'
import { EarlierLines } from './earlier-lines.ts'
import { failedLines, failedLineText, refusedSource } from './failed-lines.ts'
import type { Prepared } from './prepare-import.ts'
import { hasPictures, storedPictures } from './stored-pictures.ts'

/** How a prepared source is written. */
export interface WriteOptions {
  db: Database
  store: ArtifactStore
  /** Name of the dataset: that of the import, or of the recipe's source. */
  name: string
  /** Where the source lies, as the user wrote it. */
  path: string
  /** Names the source in messages. */
  label: string
  maxRows: number | undefined
  maxFailed: FailedRowsLimit
  /** What to do when more rows fail than may. */
  nextStep: string
  /**
   * Rows whose pictures cannot be fetched now fail for good; otherwise the import waits for them.
   */
  skipUnreachable: boolean
  /**
   * Called when it is known which dataset this is, and nothing is written yet. May refuse it by an
   * error.
   */
  beforeWriting?: (datasetId: string) => Promise<void>
  signal?: AbortSignal | undefined
  onProgress: (progress: ImportProgress) => void
}

export interface ImportProgress {
  state: 'looking' | 'importing' | 'finishing' | 'restoring pictures'
  rows: number
  failed: number
  pictures: number
  /** Rows in all, where that is known. */
  total: number | null
}

/** A source as it now is in the database. */
export interface Written {
  datasetId: string
  rows: number
  failed: number
  /** The same data was there, complete. */
  importedBefore: boolean
  /** Rows that an earlier run had brought in, which did not end or was refused. */
  rowsBefore: number
}

/**
 * Writes a prepared source, whatever its format: `hone import` and a recipe's `path:` both come
 * here. A first look gives the source its hash, and reads and keeps the pictures that lie in files.
 * Rows then go to the database in batches. An import that was interrupted or refused goes on when
 * it is run again, and a complete one is found again. Throws InvalidSource when more rows fail than
 * may, when pictures cannot be fetched now, or when a file changes meanwhile.
 */
export async function writeSource(prepared: Prepared, options: WriteOptions): Promise<Written> {
  const { source, mapping, rules, places } = prepared
  const { db, store, name, path, maxRows, signal, onProgress } = options
  const total = source.reader.total
  const progress: ImportProgress = {
    state: 'looking',
    rows: 0,
    failed: 0,
    pictures: 0,
    total: total === null ? null : Math.min(total, maxRows ?? total),
  }
  onProgress(progress)
  const ledger = new PictureLedger()
  const keeper = storedPictures(db, store)
  const onPictures = (pictures: number): void => onProgress({ ...progress, pictures })
  const hash = await prepared.identify({ keeper, ledger, maxRows, signal, onPictures })
  await keeper.settle()
  const datasetId = sourceDatasetId(hash)
  await options.beforeWriting?.(datasetId)
  const keep = (bytes: Uint8Array): Promise<unknown> => store.putImage(bytes)
  const reading = () => ({
    mapping,
    rules,
    pictures: prepared.looksAtPictures
      ? picturesOfLedger(ledger, { places, keep, signal })
      : lookedAtPictures({ places, keep, signal }),
    maxRows,
    signal,
  })
  const earlier = new EarlierLines(db, datasetId)
  const rows = readyRows(source.reader, { ...reading(), there: (ids) => earlier.find(ids) })
  const unreached: string[] = []
  const check = (counts: ImportCounts): Promise<void> => requireFewFailures(counts, unreached, options)
  const lines = sourceRows(rows, { earlier, progress, unreached }, options)
  const imported = await importSource(db, { name, path, hash }, lines, check)
  const isWhole = !imported.reused && earlier.count === 0
  if (!isWhole && !(await hasPictures(db, store, datasetId))) {
    // The first look has brought back what lies in files; this brings back what is in the rows, or
    // at a URL.
    progress.rows = 0
    for await (const { pictures } of readyRows(source.reader, reading())) {
      progress.state = 'restoring pictures'
      progress.rows++
      progress.pictures += pictures.length
      onProgress(progress)
    }
  }
  if (imported.reused) await check({ ...imported, later: 0 })
  return {
    datasetId,
    rows: imported.rows,
    failed: imported.failed,
    importedBefore: imported.reused,
    rowsBefore: earlier.count,
  }
}

/**
 * When not one of so many rows can be used, the import ends: something is wrong with all of them.
 */
const hopelessAfter = 1000
/**
 * So many rows in a row whose pictures cannot be fetched: the network is away, and each would be
 * tried three times.
 */
const awayAfter = 100

/** What the rows of one run add to. */
interface Run {
  earlier: EarlierLines
  progress: ImportProgress
  /** The first rows whose pictures could not be fetched. */
  unreached: string[]
}

async function* sourceRows(
  rows: AsyncIterable<ReadyRow<SeenPicture | KeptPicture>>,
  { earlier, progress, unreached }: Run,
  { onProgress, label, maxFailed, nextStep, skipUnreachable }: WriteOptions,
): AsyncGenerator<SourceRow> {
  progress.state = 'importing'
  let awayInARow = 0
  for await (const ready of rows) {
    progress.rows++
    progress.pictures += ready.pictures.length
    const { failure, line } = ready.row
    if (progress.rows % 100 === 0) onProgress(progress)
    if (ready.isThere) {
      yield { ...sourceRow(ready), state: { there: earlier.take(ready.sourceId) } }
      continue
    }
    if (failure) progress.failed++
    const isHopeless = progress.failed === hopelessAfter && progress.rows === hopelessAfter
    if (failure && isHopeless && areTooMany(1000, 1000, maxFailed)) {
      const first = failedLineText({ line, ...failure })
      throw refusedSource(`${label}: not one of the first ${hopelessAfter} rows can be used`, [first], nextStep)
    }
    const isLater = failure?.reason === unreachable && !skipUnreachable
    if (isLater && unreached.length < 5) unreached.push(failedLineText({ line, ...failure }))
    awayInARow = isLater ? awayInARow + 1 : 0
    if (awayInARow === awayAfter) throw notFetched(label, `of ${awayAfter} rows in a row`, unreached)
    yield { ...sourceRow(ready), state: isLater ? 'later' : undefined }
  }
  progress.state = 'finishing'
  onProgress(progress)
}

function sourceRow({ row, sourceId, pictures }: ReadyRow<SeenPicture | KeptPicture>): SourceRow {
  const { id: _id, pictures: _refs, line, metadata, ...rest } = row
  return { ...rest, sourceId, images: pictures, metadata: rest.failure ? { line } : metadata }
}

async function requireFewFailures(
  { datasetId, rows, failed, later }: ImportCounts,
  unreached: readonly string[],
  { db, label, maxFailed, nextStep }: WriteOptions,
): Promise<void> {
  if (later > 0) throw notFetched(label, later === 1 ? 'of 1 row' : `of ${later} rows`, unreached)
  const total = rows + failed
  if (rows > 0 && !areTooMany(failed, total, maxFailed)) return
  if (total === 0) throw refusedSource(`${label} has no rows`, [], nextStep)
  const shown = await failedLines(db, datasetId)
  const more = failed > shown.length ? [`… and ${failed - shown.length} more`] : []
  const what = `${label}: ${failed} of ${total} rows cannot be used; the limit is ${limitText(maxFailed)}`
  throw refusedSource(what, [...shown.map(failedLineText), ...more], nextStep)
}

const notFetched = (label: string, which: string, lines: readonly string[]): HoneError =>
  refusedSource(
    `${label}: pictures ${which} cannot be fetched now`,
    lines,
    'run the same command again: it keeps what it has and fetches the rest; or end it with these rows as failed: --skip-unreachable',
  )
