import { readFile } from 'node:fs/promises'
import type { ArtifactStore } from '../artifacts/store.ts'
import { sha256Hex } from '../artifacts/hash.ts'
import { rowMaker } from '../data/import/convert.ts'
import { guessMapping } from '../data/import/guess.ts'
import { readyRows, type ReadyRow } from '../data/import/import-rows.ts'
import { pictureFolders, type PicturePlaces } from '../data/import/load-pictures.ts'
import { parseMapping, type Mapping } from '../data/import/mapping.ts'
import { openSource, type OpenOptions, type OpenSource } from '../data/import/open.ts'
import { readSample, requireColumns, sampleRecords } from '../data/import/sample.ts'
import { importHash } from '../data/import/source-hash.ts'
import type { Database } from '../db/database.ts'
import { failureCounts, findImport, nameImport, requireFreeName } from '../db/imports.ts'
import { sampleRows } from '../db/rows.ts'
import { importSource, sourceDatasetId, type SourceRow } from '../db/sources.ts'
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

export interface ImportOptions {
  db: Database
  store: ArtifactStore
  name: string
  /** As the user named it. */
  path: string
  replace: boolean
  maxRows: number | undefined
  /** Share of rows, in percent, that may fail. */
  maxFailed: number
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
}

/**
 * Imports a prepared source and names it. Rows go to the database in batches and pictures to the store as they come; an import that
 * was interrupted goes on when it is run again, and one that is complete is found again. Throws InvalidSource when more rows
 * fail than may, InvalidInput when the name stands for other data.
 */
export async function runImport(prepared: Prepared, options: ImportOptions): Promise<Imported> {
  const { source, mapping, places, hasPaths } = prepared
  const { db, store, name, path, replace, maxRows, maxFailed, signal, onProgress } = options
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
  const read = () => readyRows(source.reader, mapping, { places, keep, maxRows, signal })
  const imported = await importSource(db, { name, path, hash }, countedRows(read(), counts, options))
  if (imported.reused && !(await hasPictures(db, store, datasetId)))
    for await (const { pictures } of read()) {
      counts.state = 'restoring pictures'
      counts.rows++
      counts.pictures += pictures.length
      onProgress(counts)
    }
  await requireFewFailures(db, path, imported, maxFailed)
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
  }
}

/** Rows of which none can be used so far end an import: something is wrong with all of them. */
const hopelessAfter = 1000

async function* countedRows(
  rows: AsyncIterable<ReadyRow>,
  counts: ImportProgress,
  { onProgress, path, maxFailed }: ImportOptions,
): AsyncGenerator<SourceRow> {
  counts.state = 'importing'
  for await (const ready of rows) {
    counts.rows++
    counts.pictures += ready.pictures.length
    const { failure, line } = ready.row
    if (failure) counts.failed++
    if (counts.failed === hopelessAfter && counts.rows === hopelessAfter && maxFailed < 100)
      throw tooMany(path, `none of the first ${hopelessAfter} rows can be used`, [
        `line ${line}: ${failure?.reason}, ${failure?.detail}`,
      ])
    if (counts.rows % 100 === 0) onProgress(counts)
    yield storedRow(ready)
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
  db: Database,
  path: string,
  { datasetId, rows, failed }: { datasetId: string; rows: number; failed: number },
  maxFailed: number,
): Promise<void> {
  const total = rows + failed
  if (rows > 0 && (100 * failed) / total <= maxFailed) return
  const first = failed === 0 ? [] : await sampleRows(db, datasetId, 5, 'failed')
  throw tooMany(
    path,
    total === 0 ? 'it has no rows' : `${failed} of ${total} rows cannot be used; the limit is ${maxFailed} %`,
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
