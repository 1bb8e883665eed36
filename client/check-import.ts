import { readyRows } from '../data/import/import-rows.ts'
import type { ReadyRow } from '../data/import/import-rows.ts'
import { lookedAtPictures } from '../data/import/row-pictures.ts'
import type { SeenPicture } from '../data/import/row-pictures.ts'
import type { Database } from '../db/database.ts'
import { countRows, findSettings, importNames } from '../db/imports.ts'
import { sourceRowId } from '../db/row-ids.ts'
import { sampleRows } from '../db/rows.ts'
import type { SampledRow } from '../db/rows.ts'
import { storableJson } from '../db/storable.ts'
import { canonicalJson } from '../domain/canonical.ts'
import { HoneError } from '../domain/errors.ts'
import { bytesOf, importSettings } from './import-settings.ts'
import type { ImportSettings } from './import-settings.ts'
import { prepareImport } from './prepare-import.ts'
import type { Prepared, PrepareOptions } from './prepare-import.ts'

/** A field of a row that the import and the source do not agree on. */
export interface Difference {
  /** Id of the row in the source; the id in the database when the source has no such row. */
  row: string
  /** Line or record of the source; null when the source has no such row. */
  line: number | null
  field: string
  imported: unknown
  source: unknown
}

/** What a second look at an import came to. */
export interface ImportCheck {
  name: string
  /** Paths that were read. */
  sources: readonly string[]
  compared: number
  /** Rows of the import, failed ones too, and of the source. */
  imported: number
  inSource: number
  differences: Difference[]
  /** Sentences that say how the files are no longer those that were imported. */
  changed: string[]
}

export interface CheckOptions extends Pick<PrepareOptions, 'unpackBelow' | 'signal' | 'onProgress'> {
  db: Database
  name: string
  /** Where the source is now; where it was when it was imported, when this is empty. */
  sources: readonly string[]
  /** Folders of pictures; those of the import when this is empty. */
  images: readonly string[]
  rows: number
  onRows: (rows: number) => void
}

/**
 * Reads the source of an import again with the mapping that was used, and compares a sample of the
 * imported rows with it: texts, choices, check fields, metadata, and pictures by hash. The sample
 * is chosen by the hash in a row's id, so it is the same each time. All of the source is read, and
 * only the pictures of the sample. Throws InvalidInput for a name that is not there or a source
 * that is not known, InvalidSource when the source is gone or cannot be read.
 */
export async function checkImport(options: CheckOptions): Promise<ImportCheck> {
  const { db, name } = options
  const found = await findSettings(db, name)
  if (!found) throw noImport(name, await importNames(db))
  const settings = settingsOf(name, found.settings)
  const sources = options.sources.length > 0 ? options.sources : (settings.origin?.sources ?? [])
  if (sources.length === 0) throw unknownSource(name, found.path)
  const prepared = await openAgain(sources, settings, options)
  try {
    const sample = await sampleRows(db, found.datasetId, options.rows)
    const { differences, inSource } = await compare(prepared, settings, { sample, datasetId: found.datasetId, options })
    const imported = await countRows(db, found.datasetId)
    const changed = changesOf(settings, await bytesOf(prepared.source))
    if (imported !== inSource) changed.push(`the source has ${inSource} rows, and ${imported} were imported`)
    return { name, sources, compared: sample.length, imported, inSource, differences, changed }
  } finally {
    await prepared.close()
  }
}

function settingsOf(name: string, stored: unknown): ImportSettings {
  const { data } = importSettings.safeParse(stored)
  if (data) return data
  throw new HoneError({
    type: 'InvalidInput',
    message: `the mapping that "${name}" was imported with cannot be read by this version`,
    nextStep: `import its source again: hone import SOURCE --as ${name}`,
  })
}

async function openAgain(
  sources: readonly string[],
  settings: ImportSettings,
  options: CheckOptions,
): Promise<Prepared> {
  const { mapping, origin } = settings
  const { name, images, unpackBelow, signal, onProgress } = options
  // Earlier versions kept only the format that was found, and whether URLs were fetched.
  const format = origin === null ? settings.format : (origin.format ?? undefined)
  const allowUrls = origin?.allowUrls ?? (settings.allowUrls ? 'public' : false)
  try {
    return await prepareImport({
      sources,
      mapping,
      images: images.length > 0 ? images : (origin?.images ?? []),
      allowUrls,
      allowMissingShards: origin?.allowMissingShards,
      format,
      split: origin?.split ?? undefined,
      unpackBelow,
      signal,
      ...(onProgress && { onProgress }),
    })
  } catch (error) {
    if (!(error instanceof HoneError) || error.type !== 'InvalidSource' || options.sources.length > 0) throw error
    throw new HoneError({
      type: 'InvalidSource',
      message: `the source of "${name}" cannot be read any more: ${error.message}`,
      nextStep: `bring it back, or say where it is now: hone import SOURCE --check ${name}`,
      cause: error,
    })
  }
}

interface Comparison {
  sample: readonly SampledRow[]
  datasetId: string
  options: CheckOptions
}

async function compare(
  { source, mapping, rules, places }: Prepared,
  { maxRows }: ImportSettings,
  { sample, datasetId, options: { signal, onRows } }: Comparison,
): Promise<{ differences: Difference[]; inSource: number }> {
  const wanted = new Map(sample.map((row) => [row.id, row]))
  const differences: Difference[] = []
  const isOther = (sourceId: string): boolean => !wanted.has(sourceRowId(datasetId, sourceId))
  // The pictures of all other rows stay unread, as those of rows that an earlier run has imported.
  const there = async (ids: readonly string[]): Promise<Set<string>> => new Set(ids.filter(isOther))
  const pictures = lookedAtPictures({ places, signal })
  let inSource = 0
  const reading = { mapping, rules, pictures, maxRows: maxRows ?? undefined, signal, there }
  for await (const ready of readyRows(source.reader, reading)) {
    if (++inSource % 1000 === 0) onRows(inSource)
    if (ready.isThere) continue
    const id = sourceRowId(datasetId, ready.sourceId)
    const row = wanted.get(id)
    if (row) differences.push(...differencesOf(row, ready))
    wanted.delete(id)
  }
  for (const { id, question } of wanted.values())
    differences.push({ row: id, line: null, field: 'row', imported: question, source: null })
  return { differences, inSource }
}

/** The fields of an imported row that are not what the source says now. */
function differencesOf(row: SampledRow, { row: now, sourceId, pictures }: ReadyRow<SeenPicture>): Difference[] {
  const about = { row: sourceId, line: now.line }
  const failed = row.status === 'failed'
  if (failed || now.failure !== null) {
    const before = failed ? row.reason : null
    if (before === (now.failure?.reason ?? null)) return []
    const source = now.failure && `${now.failure.reason}: ${now.failure.detail}`
    return [{ ...about, field: 'failure', imported: before, source }]
  }
  const { question, answer, choices, kind, precision, policy, description, trace, metadata } = now
  // As the database keeps it: it has no NUL and no half of a surrogate pair.
  const again = storableJson({
    question,
    answer,
    choices,
    kind,
    precision,
    policy,
    description,
    trace,
    metadata,
    images: pictures.map(({ hash }) => hash),
  })
  const stored = new Map<string, unknown>(Object.entries(row))
  return Object.entries(Object(again)).flatMap(([field, source]) => {
    const imported = stored.get(field) ?? null
    return canonicalJson(imported) === canonicalJson(source ?? null) ? [] : [{ ...about, field, imported, source }]
  })
}

function changesOf({ origin }: ImportSettings, now: readonly number[]): string[] {
  if (origin === null || origin.bytes.length === 0) return []
  const before = origin.bytes
  if (before.length !== now.length) return [`the source has ${now.length} files, and ${before.length} were imported`]
  const changed = now.findIndex((bytes, at) => bytes !== before[at])
  if (changed === -1) return []
  const which = now.length === 1 ? 'its file' : `its file ${changed + 1} of ${now.length}`
  return [`${which} has ${now[changed]} bytes, and had ${before[changed]} when it was imported`]
}

const noImport = (name: string, known: readonly string[]): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `there is no import "${name}"`,
    nextStep: known.length === 0 ? 'import something: hone import SOURCE --as NAME' : `imports are ${known.join(', ')}`,
  })

const unknownSource = (name: string, path: string | null): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `"${name}" was imported by a version that did not keep the place of its source${path === null ? '' : ` (it was ${path})`}`,
    nextStep: `say where it is: hone import SOURCE --check ${name}`,
  })
