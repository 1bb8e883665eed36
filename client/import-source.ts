import { readFile } from 'node:fs/promises'
import type { ArtifactStore } from '../artifacts/store.ts'
import { sha256Hex } from '../artifacts/hash.ts'
import { rowMaker } from '../data/import/to-row.ts'
import { guessMapping } from '../data/import/guess.ts'
import { readyRows, type ReadyRow } from '../data/import/import-rows.ts'
import { pictureFolders, unreachable, type PicturePlaces } from '../data/import/load-pictures.ts'
import { parseMapping, type Mapping } from '../data/import/mapping.ts'
import { openSource, type OpenOptions, type OpenSource } from '../data/import/open.ts'
import { readSample, requireColumns, sampleRecords } from '../data/import/sample.ts'
import { importHash } from '../data/import/source-hash.ts'
import type { Database } from '../db/database.ts'
import { failureCounts, findImport, nameImport, requireFreeName } from '../db/imports.ts'
import { sampleRows } from '../db/rows.ts'
import { hasLines, importSource, sourceDatasetId, storedLines } from '../db/sources.ts'
import type { ImportCounts, SourceRow, StoredLine } from '../db/sources.ts'
import { HoneError } from '../domain/errors.ts'
import { hasPictures } from './stored-pictures.ts'

export interface PrepareOptions extends OpenOptions {
  sources: readonly string[]
  /** File of the mapping; guessed when absent. */
  mappingFile?: string | undefined
  /** Folders of pictures, in place of the source's own. */
  images: readonly string[]
  allowUrls: boolean
}

/** A source that is ready to be imported: found, opened, its mapping known. Whoever prepares one closes it. */
export interface Prepared {
  source: OpenSource
  mapping: Mapping
  /** What was chosen where there was a choice. */
  notes: string[]
  /** Whether its first rows name pictures by path. */
  hasPaths: boolean
  places: PicturePlaces
  close: () => Promise<void>
}

/** Opens a source and finds its mapping. Throws InvalidSource, or InvalidInput for a mapping that does not fit. */
export async function prepareImport(options: PrepareOptions): Promise<Prepared> {
  const { sources, mappingFile, images, allowUrls, signal } = options
  const stated = mappingFile === undefined ? null : parseMapping(await readMapping(mappingFile), mappingFile)
  const source = await openSource(sources, options)
  try {
    const { found, archive } = source
    const sample = await readSample(source.reader, signal)
    if (sample.length === 0)
      throw new HoneError({
        type: 'InvalidSource',
        message: `${sources.join(', ')}: none of the first ${sampleRecords} records can be read as ${found.format}`,
        nextStep: 'see whether the file is what its name says, or name its format with --format',
      })
    const { mapping, notes } = stated ? { mapping: stated, notes: [] } : guessMapping(sample, found)
    requireColumns(mapping, sample)
    const makeRow = rowMaker(mapping)
    const refs = sample.flatMap((fields) => makeRow({ line: 1, fields }).pictures)
    const named = images.length > 0 || archive === null
    return {
      source,
      mapping,
      notes,
      hasPaths: named && refs.some((ref) => 'path' in ref),
      places: { folders: pictureFolders(images, found.files, found.root), allowUrls },
      close: source.close,
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

const readMapping = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HoneError({
      type: 'InvalidInput',
      message: `cannot read the mapping ${file}`,
      nextStep: 'name an existing YAML file; `hone import SOURCE --dry-run` prints one to start from',
      cause,
    })
  })

/** What a dry run shows. */
export interface DryRun {
  /** The first five rows as they would be. */
  rows: ReadyRow[]
  looked: number
  /** Rows of those looked at that cannot be used, by reason, each with its first detail. */
  failed: { reason: string; rows: number; first: string }[]
  withoutQuestion: number
  withoutAnswer: number
}

/** Reads the first 1,000 records, or fewer, and keeps nothing. */
export async function dryRun(
  { source, mapping, places }: Prepared,
  { maxRows = sampleRecords, signal }: { maxRows?: number | undefined; signal?: AbortSignal },
): Promise<DryRun> {
  const failed = new Map<string, DryRun['failed'][number]>()
  const seen: DryRun = { rows: [], looked: 0, failed: [], withoutQuestion: 0, withoutAnswer: 0 }
  const keep = async (bytes: Uint8Array): Promise<string> => sha256Hex(bytes)
  const limit = Math.min(maxRows, sampleRecords)
  for await (const ready of readyRows(source.reader, mapping, { places, keep, maxRows: limit, signal })) {
    const { failure, line, question, answer } = ready.row
    seen.looked++
    if (failure) {
      const of = failed.get(failure.reason) ?? {
        reason: failure.reason,
        rows: 0,
        first: `line ${line}: ${failure.detail}`,
      }
      failed.set(failure.reason, { ...of, rows: of.rows + 1 })
      continue
    }
    if (seen.rows.length < 5) seen.rows.push(ready)
    if (question === '') seen.withoutQuestion++
    if (answer === null) seen.withoutAnswer++
  }
  return { ...seen, failed: [...failed.values()].sort((a, b) => b.rows - a.rows) }
}

/** How many rows may fail: so many, or a share of all from 0 to 1. */
export type FailedRowsLimit = { rows: number } | { share: number }

/** Whether so many failed rows are more than may be. */
export const areTooMany = (failed: number, total: number, limit: FailedRowsLimit): boolean =>
  failed > ('rows' in limit ? limit.rows : limit.share * total)

/** `5 %`, `12 rows` */
export const limitText = (limit: FailedRowsLimit): string =>
  'rows' in limit ? `${limit.rows} rows` : `${Number((100 * limit.share).toFixed(4))} %`

export interface ImportOptions {
  db: Database
  store: ArtifactStore
  name: string
  /** As the user named it. */
  path: string
  replace: boolean
  maxRows: number | undefined
  maxFailed: FailedRowsLimit
  /** Rows whose pictures cannot be fetched now fail for good; otherwise the import waits for them. */
  skipUnreachable: boolean
  signal?: AbortSignal | undefined
  onProgress: (counts: ImportProgress) => void
}

export interface ImportProgress {
  state: 'looking' | 'importing' | 'finishing' | 'restoring pictures'
  rows: number
  failed: number
  pictures: number
  /** Rows in all, where that is known. */
  total: number | null
}

/** What an import came to. */
export interface Imported {
  name: string
  datasetId: string
  rows: number
  failed: number
  pictures: number
  failures: { reason: string; rows: number }[]
  /** The same data was there, complete. */
  importedBefore: boolean
  /** Rows that an earlier run had brought in, which did not end or was refused. */
  rowsBefore: number
}

/**
 * Imports a prepared source and names it. Rows go to the database in batches and pictures to the store as they come; an import that
 * was interrupted or refused goes on when it is run again, and one that is complete is found again. Throws InvalidSource when more
 * rows fail than may or pictures cannot be fetched now, InvalidInput when the name stands for other data.
 */
export async function runImport(prepared: Prepared, options: ImportOptions): Promise<Imported> {
  const { source, mapping, places, hasPaths } = prepared
  const { db, store, name, path, replace, maxRows, signal, onProgress } = options
  const total = source.reader.total
  const counts: ImportProgress = {
    state: 'looking',
    rows: 0,
    failed: 0,
    pictures: 0,
    total: total === null ? null : Math.min(total, maxRows ?? total),
  }
  onProgress(counts)
  const onPictures = (pictures: number): void => onProgress({ ...counts, pictures })
  const hash = await importHash(source, { mapping, places, maxRows, hasPaths, signal, onPictures })
  const datasetId = sourceDatasetId(hash)
  if (!replace) await requireFreeName(db, name, datasetId)
  const keep = async (bytes: Uint8Array): Promise<string> => (await store.putImage(bytes)).hash
  const reading = { places, keep, maxRows, signal }
  const before = new Before(db, datasetId)
  const rows = readyRows(source.reader, mapping, { ...reading, there: (ids) => before.look(ids) })
  const check = (found: ImportCounts): Promise<void> => requireFewFailures(found, before, options)
  const imported = await importSource(db, { name, path, hash }, countedRows(rows, before, counts, options), check)
  const isWhole = !imported.reused && before.rows === 0
  if (!isWhole && !(await hasPictures(db, store, datasetId))) {
    counts.rows = 0
    for await (const { pictures } of readyRows(source.reader, mapping, reading)) {
      counts.state = 'restoring pictures'
      counts.rows++
      counts.pictures += pictures.length
      onProgress(counts)
    }
  }
  if (imported.reused) await check({ ...imported, later: 0 })
  const { found } = source
  const settings = { format: found.format, mapping, maxRows: maxRows ?? null, allowUrls: places.allowUrls }
  await nameImport(db, { name, datasetId, mapping: settings, replace })
  const { pictures = 0 } = (await findImport(db, name)) ?? {}
  return {
    name,
    datasetId,
    rows: imported.rows,
    failed: imported.failed,
    pictures,
    failures: imported.failed === 0 ? [] : await failureCounts(db, datasetId),
    importedBefore: imported.reused,
    rowsBefore: before.rows,
  }
}

/** What earlier runs of an import wrote, asked for a batch of rows at a time; and what this one leaves for later. */
class Before {
  readonly #db: Database
  readonly #datasetId: string
  readonly #found = new Map<string, StoredLine>()
  /** Whether an earlier run wrote anything; null before the first look. */
  #hasAny: boolean | null = null
  rows = 0
  /** The first rows whose pictures could not be fetched. */
  readonly unreached: string[] = []

  constructor(db: Database, datasetId: string) {
    this.#db = db
    this.#datasetId = datasetId
  }

  async look(sourceIds: readonly string[]): Promise<ReadonlySet<string>> {
    // Most imports are the first of their source, and need no look at every batch.
    this.#hasAny ??= await hasLines(this.#db, this.#datasetId)
    if (!this.#hasAny) return new Set()
    const found = await storedLines(this.#db, this.#datasetId, sourceIds)
    // Rows of the batch before may still be on their way.
    for (const [id, line] of found) this.#found.set(id, line)
    this.rows += found.size
    return new Set(found.keys())
  }

  take(sourceId: string): StoredLine {
    const found = this.#found.get(sourceId)
    this.#found.delete(sourceId)
    return found ?? { position: null }
  }
}

/** Rows of which none can be used so far end an import: something is wrong with all of them. */
const hopelessAfter = 1000
/** So many rows in a row whose pictures cannot be fetched: the network is away, and each would be tried three times. */
const awayAfter = 100

async function* countedRows(
  rows: AsyncIterable<ReadyRow>,
  before: Before,
  counts: ImportProgress,
  { onProgress, path, maxFailed, skipUnreachable }: ImportOptions,
): AsyncGenerator<SourceRow> {
  counts.state = 'importing'
  let awayInARow = 0
  for await (const ready of rows) {
    counts.rows++
    counts.pictures += ready.pictures.length
    const { failure, line } = ready.row
    if (counts.rows % 100 === 0) onProgress(counts)
    if (ready.isThere) {
      yield { ...storedRow(ready), state: { there: before.take(ready.sourceId) } }
      continue
    }
    if (failure) counts.failed++
    if (counts.failed === hopelessAfter && counts.rows === hopelessAfter && areTooMany(1000, 1000, maxFailed))
      throw tooMany(path, `none of the first ${hopelessAfter} rows can be used`, [
        `line ${line}: ${failure?.reason}, ${failure?.detail}`,
      ])
    const isLater = failure?.reason === unreachable && !skipUnreachable
    if (isLater && before.unreached.length < 5)
      before.unreached.push(`line ${line}: ${failure.reason}, ${failure.detail}`)
    awayInARow = isLater ? awayInARow + 1 : 0
    if (awayInARow === awayAfter) throw notFetched(path, `of ${awayAfter} rows in a row`, before.unreached)
    yield { ...storedRow(ready), state: isLater ? 'later' : undefined }
  }
  counts.state = 'finishing'
  onProgress(counts)
}

function storedRow({ row, sourceId, pictures }: ReadyRow): SourceRow {
  const { line, question, answer, kind, choices, precision, policy, description, trace, metadata, failure } = row
  return {
    sourceId,
    images: pictures,
    question,
    answer,
    kind,
    choices,
    precision,
    policy,
    description,
    trace,
    metadata: failure ? { line } : metadata,
    failure,
  }
}

async function requireFewFailures(
  { datasetId, rows, failed, later }: ImportCounts,
  { unreached }: Before,
  { db, path, maxFailed }: ImportOptions,
): Promise<void> {
  if (later > 0) throw notFetched(path, later === 1 ? 'of 1 row' : `of ${later} rows`, unreached)
  const total = rows + failed
  if (rows > 0 && !areTooMany(failed, total, maxFailed)) return
  const first = failed === 0 ? [] : await sampleRows(db, datasetId, 5, 'failed')
  throw tooMany(
    path,
    total === 0 ? 'it has no rows' : `${failed} of ${total} rows cannot be used; the limit is ${limitText(maxFailed)}`,
    first.map(
      ({ metadata: { line }, reason, detail }) => `line ${typeof line === 'number' ? line : '?'}: ${reason}, ${detail}`,
    ),
  )
}

const tooMany = (path: string, what: string, lines: readonly string[]): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: [`${path}: ${what}`, ...lines.map((line) => `  ${line}`)].join('\n'),
    nextStep: 'mend the source or its mapping (see --dry-run), or raise --max-failed; the name was not given',
  })

const notFetched = (path: string, which: string, lines: readonly string[]): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: [`${path}: pictures ${which} cannot be fetched now`, ...lines.map((line) => `  ${line}`)].join('\n'),
    nextStep:
      'run the same command again: it keeps what it has and fetches the rest; or end it with these rows as failed: --skip-unreachable',
  })
