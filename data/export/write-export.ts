import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { hashFile, sha256Hex } from '../../artifacts/hash.ts'
import { storageError } from '../../artifacts/storage-error.ts'
import { errorCode, HoneError } from '../../domain/errors.ts'
import type { ExportFormat, ExportKind, ExportRow, Written } from './format.ts'
import type { ExportChoices, ExportSource, Manifest } from './manifest.ts'
import { RowSink } from './row-sink.ts'
import type { SeenStore } from '../pictures/seen-files.ts'

export const manifestFile = 'hone-manifest.json'

export interface ExportOptions extends ExportChoices {
  /** The format that `to` names. */
  format: ExportFormat
  /** Names of all formats that take a kind: suggestions for when this format leaves no row. */
  formatsOf: (kind: ExportKind) => readonly string[]
  /** A Parquet file ends at this many bytes. */
  shardBytes: number
  /** Folder that is made. */
  output: string
  /** Whether an earlier export in that folder may be replaced. */
  replace: boolean
  signal?: AbortSignal
  onProgress?: (rows: number, bytes: number) => void
}

export interface Exported {
  manifest: Manifest
  folder: string
  /** Lines that say how the trainer reads the export. */
  usage: readonly string[]
  /**
   * The first 1,000 rows that were left out, each with a short reason. `hone-refused.jsonl` lists
   * all of them.
   */
  refused: readonly { id: string; reason: string }[]
  /** Links that had to become copies. */
  copiedInstead: number
}

/**
 * Writes a dataset in a trainer's form into a new folder, which appears whole or not at all: it is
 * made beside under another name and renamed. Rows that the format cannot carry are left out,
 * counted by reason and listed in `hone-refused.jsonl`. The same rows and options give the same
 * bytes.
 * Throws InvalidInput when the folder is taken, EmptyDataset when no row is left, StorageFull when
 * the folder cannot be written, and the signal's reason when it is aborted.
 */
export async function writeExport(
  source: ExportSource,
  rows: AsyncIterable<ExportRow>,
  store: SeenStore,
  options: ExportOptions,
): Promise<Exported> {
  const folder = resolve(options.output)
  await putBack(folder)
  await requireFree(folder, options.replace)
  const made = join(dirname(folder), `.${basename(folder)}.part-${randomUUID().slice(0, 8)}`)
  try {
    await mkdir(made, { recursive: true })
    const exported = await fill(made, folder, source, rows, store, options)
    await moveInto(made, folder)
    return exported
  } catch (error) {
    throw storageError(error, folder, '--output')
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/**
 * Throws InvalidInput unless the folder is missing or empty, or holds an earlier export and
 * `replace` is set: no other folder is ever removed.
 */
async function requireFree(folder: string, replace: boolean): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown): string[] => {
    if (errorCode(error) === 'ENOENT') return []
    throw storageError(error, folder, '--output')
  })
  if (entries.length === 0) return
  const isExport = entries.includes(manifestFile)
  if (isExport && replace) return
  throw new HoneError({
    type: 'InvalidInput',
    message: isExport ? `${folder} holds an earlier export.` : `${folder} holds other files.`,
    nextStep: isExport ? 'Give another --output, or --replace to write it anew.' : 'Give another --output.',
  })
}

/**
 * Puts an old export back that is hidden beside: an earlier run was killed between the two renames
 * of {@link moveInto}.
 */
async function putBack(folder: string): Promise<void> {
  const start = `.${basename(folder)}.part-`
  const names = await readdir(dirname(folder)).catch((): string[] => [])
  if (names.includes(basename(folder))) return
  const [old] = names.filter((name) => name.startsWith(start) && /^[0-9a-f]{8}\.old$/.test(name.slice(start.length)))
  if (old === undefined) return
  await rename(join(dirname(folder), old), folder).catch((error: unknown) => {
    // Another run was faster.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? ''))
      throw storageError(error, folder, '--output')
  })
}

/** Moves the old folder away first: a rename cannot replace a folder that is not empty. */
async function moveInto(made: string, folder: string): Promise<void> {
  const old = `${made}.old`
  const hadOne = await rename(folder, old).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    },
  )
  try {
    await rename(made, folder)
  } catch (error) {
    if (hadOne) await rename(old, folder)
    throw error
  }
  if (hadOne) await rm(old, { recursive: true, force: true })
}

async function fill(
  made: string,
  folder: string,
  source: ExportSource,
  rows: AsyncIterable<ExportRow>,
  store: SeenStore,
  options: ExportOptions,
): Promise<Exported> {
  const { to, format, kind, images, status, maxRows, answers, promptSuffix } = options
  const sink = new RowSink(made, format, store, { ...options, dataset: source.id })
  let data: Awaited<ReturnType<RowSink['close']>> = []
  try {
    if (maxRows !== 0) {
      for await (const row of rows) {
        options.signal?.throwIfAborted()
        await sink.take(row)
        if (sink.read % 200 === 0) options.onProgress?.(sink.exported, sink.bytes)
        if (sink.exported === maxRows) break
      }
    }
    data = await sink.close()
  } finally {
    await sink.letGo()
  }
  options.signal?.throwIfAborted()
  if (sink.exported === 0) throw nothingLeft(source, options, sink)
  const written: Written = {
    kind,
    images,
    name: slug(source.step === null ? source.name : source.id),
    dataset: source.id,
    rows: sink.exported,
    files: data,
  }
  const files: Manifest['files'][number][] = []
  for (const file of data) {
    options.signal?.throwIfAborted()
    const { path, bytes, rows: count } = file
    const sha256 = 'sha256' in file ? file.sha256 : await hashFile(join(made, path))
    files.push({ path, bytes, rows: count, sha256 })
  }
  for (const [path, text] of Object.entries(format.extras(written))) {
    await writeFile(join(made, path), text)
    files.push({ path, bytes: Buffer.byteLength(text), rows: null, sha256: sha256Hex(text) })
  }
  if (sink.refusedFile) files.push(sink.refusedFile)
  const { lineage, ...dataset } = source
  const manifest: Manifest = {
    format: 1,
    dataset,
    export: { to, kind, images, status, maxRows, answers, promptSuffix },
    counts: { read: sink.read, exported: sink.exported, refused: sink.reasons },
    verifierVersions: sink.verifierVersions,
    files,
    pictures: sink.pictures,
    lineage,
  }
  await writeFile(join(made, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`)
  const { refused, copiedInstead } = sink
  return { manifest, folder, usage: format.usage(written, folder), refused, copiedInstead }
}

/** A dataset's name in letters, digits, `-` and `_`, for the trainers' own lists. */
const slug = (id: string): string => id.replaceAll(/[^\w-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'dataset'

function nothingLeft(source: ExportSource, options: ExportOptions, sink: RowSink): HoneError {
  const reasons = Object.entries(sink.reasons).sort((a, b) => b[1] - a[1])
  const told = reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')
  const [top] = reasons[0] ?? []
  return new HoneError({
    type: 'EmptyDataset',
    message:
      sink.read === 0
        ? `${nameOf(source)} gives no rows to export.`
        : `No row of ${nameOf(source)} can be exported as ${options.kind}: ${told} of ${sink.read}.`,
    nextStep: nextFor(top, options),
  })
}

/** Next step for the reason that most rows were refused for. */
function nextFor(reason: string | undefined, { format, formatsOf }: ExportOptions): string {
  const withKind = (kind: ExportKind): string => {
    if (format.kinds.includes(kind)) return `--kind ${kind}`
    return `--kind ${kind} with --to ${formatsOf(kind).join(', ')}`
  }
  switch (reason ?? '') {
    case 'no-trace':
      return `Its rows hold no traces: export a dataset of a later step, or give ${withKind('rl')}, or --to jsonl.`
    case 'no-answer':
      return `Its rows hold no answers to reward: export another dataset, or give ${withKind('sft')}, or --to jsonl.`
    case 'no-image':
      return 'Its rows have no pictures, and only --to hf-parquet and --to jsonl take rows without any.'
    case 'picture-missing':
      return "Its pictures are not in this home's store: set HONE_HOME to the one that imported them."
    default:
      return 'See its rows with `hone show CAMPAIGN ROUND --step NAME`, or take them as they are: --to jsonl.'
  }
}

/** Name of a dataset for people. A source has a name besides its id, which is a hash. */
export const nameOf = ({ id, name, step }: Pick<ExportSource, 'id' | 'name' | 'step'>): string =>
  step === null ? `${name} (${id})` : id
