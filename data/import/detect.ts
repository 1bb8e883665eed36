import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { isArchiveName } from './archive.ts'
import { openEngine, quoted } from './engine.ts'
import { findExported } from './exported-folder.ts'
import { isTarName } from './tar-members.ts'
import { isWebdataset } from './webdataset.ts'
import { requireAnnotations, rowTables } from './json-tables.ts'
import { isPictureName, passedOver } from './picture-names.ts'
import { isShard, missingShards, oneSplit, requireShards, splitOf } from './splits.ts'
import type { MissingShards } from './splits.ts'
import { readTrainerList } from './trainer-list.ts'
import type { TrainerEntry } from './trainer-list.ts'

/** How the files of a source are read. */
export const importFormats = ['jsonl', 'json', 'csv', 'parquet', 'arrow', 'xlsx', 'webdataset', 'pictures'] as const
export type ImportFormat = (typeof importFormats)[number]

/** The files of a source, found but not read. */
export interface FoundSource {
  format: ImportFormat
  /** Absolute, in the order in which they are read. */
  files: string[]
  /** Folder that paths of pictures may not leave. */
  root: string
  /** What LLaMA-Factory's list says of the file. */
  listed: TrainerEntry | null
  /** What was passed over or is missing, for the user. */
  notes?: string[]
  /** The sheet of a workbook. */
  sheet?: string | undefined
  /** Shards that were missing, where that is allowed. */
  shards?: MissingShards
}

export interface FindOptions {
  format?: ImportFormat | undefined
  /** Which part of a folder: a split of its Parquet files, or a name of LLaMA-Factory's list. */
  split?: string | undefined
  /** Reads the shards that are there although others are missing. */
  allowMissingShards?: boolean | undefined
  signal?: AbortSignal | undefined
}

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })

/**
 * Finds the files of a source: a file, several files of one format, a pattern with `*`, or a
 * folder. A folder has Parquet or Arrow shards, one file of rows, WebDataset tars, pictures, or the
 * layout of Hugging Face or LLaMA-Factory. Throws InvalidSource that says what was looked for.
 */
export async function findSource(sources: readonly string[], options: FindOptions = {}): Promise<FoundSource> {
  const paths = (await Promise.all(sources.map(expand))).flat()
  const [first] = paths
  if (first === undefined) throw refusal('no source is named', 'name a file or a folder')
  const isFolder = paths.length === 1 && (await stat(first)).isDirectory()
  const found = isFolder ? await findInFolder(first, options) : await findFiles(paths, options)
  // Who names one file means this file, whatever its name says of others.
  if (!isFolder && paths.length === 1 && sources[0] !== undefined && resolve(sources[0]) === first) return found
  const shards = missingShards(found.files)
  if (options.allowMissingShards !== true) requireShards(shards)
  return shards.missing.length === 0 ? found : { ...found, shards }
}

async function findFiles(paths: readonly string[], options: FindOptions): Promise<FoundSource> {
  const [first = ''] = paths
  for (const path of paths)
    if ((await stat(path)).isDirectory())
      throw refusal(`${path} is a folder among several sources`, 'name one folder, or files of one format')
  const formats = [...new Set(await Promise.all(paths.map(async (path) => options.format ?? (await formatIn(path)))))]
  const [format] = formats
  if (formats.length !== 1 || !format)
    throw refusal(
      formats.includes(null)
        ? unknownFile(paths.find((path) => formatOf(path) === null) ?? first)
        : `the files have ${formats.length} formats: ${formats.join(', ')}`,
      `name files of one format, or say which it is: --format ${importFormats.join('|')}`,
    )
  if (format === 'json') await requireAnnotations(paths, options.signal)
  // Rows that were exported name their pictures from the folder of the export.
  const exported = await findExported(dirname(first)).catch(() => null)
  const isExport = exported !== null && paths.every((path) => exported.files.includes(path))
  const root = isExport ? exported.folder : commonFolder(paths)
  const found = { format, files: [...paths], root, listed: await listedFor(first) }
  return format === 'xlsx' ? { ...found, sheet: options.split } : found
}

const unknownFile = (path: string): string =>
  isArchiveName(path) ? `${path} is one archive among several sources` : `${path} has no ending that is known here`

const formatIn = async (path: string): Promise<ImportFormat | null> =>
  isTarName(path) && (await isWebdataset(path)) ? 'webdataset' : formatOf(path)

/** Format by the ending of a file's name; null for others. */
export function formatOf(path: string): ImportFormat | null {
  const name = basename(path).toLowerCase()
  const bare = name.replace(/\.(gz|zst|bz2|xz)$/, '')
  if (/\.(jsonl|ndjson)$/.test(bare)) return 'jsonl'
  if (bare.endsWith('.json')) return 'json'
  if (/\.(csv|tsv)$/.test(bare)) return 'csv'
  if (/\.(parquet|pq)$/.test(bare)) return 'parquet'
  if (/\.(arrow|feather)$/.test(name)) return 'arrow'
  if (name.endsWith('.xlsx')) return 'xlsx'
  return isPictureName(name) ? 'pictures' : null
}

/** Absolute paths of a source; all paths that match where it has a `*`. */
async function expand(source: string): Promise<string[]> {
  const path = resolve(source)
  if (await stat(path).catch(() => null)) return [path]
  if (!/[*?[]/.test(source)) throw refusal(`there is no ${path}`, 'check the path; it counts from the current folder')
  const { connection, close } = await openEngine()
  try {
    const found = await connection.runAndReadAll(`select file from glob(${quoted(path)}) order by file`)
    const files = found.getRowObjectsJS().flatMap(({ file }) => (typeof file === 'string' ? [file] : []))
    if (files.length > 0) return files
  } finally {
    close()
  }
  throw refusal(`nothing matches ${path}`, 'check the pattern; ** matches any folders')
}

const commonFolder = (paths: readonly string[]): string => {
  let folder = dirname(paths[0] ?? '.')
  while (!paths.every((path) => path.startsWith(folder === '/' ? '/' : `${folder}/`))) folder = dirname(folder)
  return folder
}

async function listedFor(file: string): Promise<TrainerEntry | null> {
  const list = await readTrainerList(dirname(file))
  return list?.find((entry) => resolve(dirname(file), entry.file) === file) ?? null
}

/** What `datasets` keeps between two steps, and what Excel keeps while a file is open. */
const scratchNames = /^(?:cache-[0-9a-f]+.*\.arrow|~\$.*)$/

async function findInFolder(root: string, options: FindOptions): Promise<FoundSource> {
  const exported = options.format === undefined ? await findExported(root) : null
  const [rows = ''] = exported?.files ?? []
  const written = formatOf(rows)
  if (exported && written !== null)
    return { format: written, files: exported.files, root: exported.folder, listed: null }
  const list = await readTrainerList(root)
  if (list && list.length > 0 && options.format !== 'pictures') return inTrainerFolder(root, list, options)
  const files = (await filesBelow(root)).filter((file) => !scratchNames.test(basename(file)))
  const { format, split } = options
  const of = (wanted: ImportFormat): string[] => files.filter((file) => formatOf(file) === wanted)
  const found = (wanted: ImportFormat, chosen: string[]): FoundSource => ({
    format: wanted,
    files: chosen,
    root,
    listed: null,
  })
  if (format === 'pictures') return somePictures(root, files)
  if (format === 'webdataset') return found(format, oneSplit(root, files.filter(isTarName), split))
  if (format !== undefined) return found(format, oneSplit(root, of(format), split))
  for (const shards of ['parquet', 'arrow'] as const)
    if (of(shards).length > 0) return found(shards, oneSplit(root, of(shards), split))
  // Rows in text: the highest file counts, because annotations of single pictures lie below it.
  const tables = await rowTables(root, [...of('jsonl'), ...of('json'), ...of('csv'), ...of('xlsx')], split)
  const [tar] = files.filter(isTarName)
  if (tar !== undefined && tables.files.length === 0 && (await isWebdataset(tar)))
    return found('webdataset', oneSplit(root, files.filter(isTarName), split))
  const chosen =
    split === undefined || tables.isPair ? tables.files : tables.files.filter((file) => splitOf(file) === split)
  const [only] = chosen
  if (only !== undefined && (chosen.length === 1 || tables.isPair)) return found(formatOf(only) ?? 'jsonl', chosen)
  if (only !== undefined && chosen.every((file) => isShard(file) && formatOf(file) === formatOf(only)))
    return found(formatOf(only) ?? 'jsonl', oneSplit(root, chosen, split))
  if (tables.files.length > 0)
    throw refusal(
      `${root} has ${tables.files.length} files of rows: ${names(root, tables.files)}`,
      `name one of them, e.g. ${tables.files[0]}`,
    )
  return somePictures(root, files)
}

/** A folder of pictures, with a note of all files in it that are not read. */
function somePictures(root: string, files: readonly string[]): FoundSource {
  const pictures = files.filter((file) => formatOf(file) === 'pictures')
  const note = passedOver(files.filter((file) => formatOf(file) !== 'pictures'))
  if (pictures.length > 0)
    return { format: 'pictures', files: pictures, root, listed: null, ...(note !== null && { notes: [note] }) }
  throw refusal(
    `${root} has neither rows (${rowFormats}) nor pictures${note === null ? '' : `: ${note}`}`,
    files.some(isArchiveName)
      ? `name an archive itself, e.g. ${files.find(isArchiveName)}`
      : 'name a folder or file that has some; see docs/import.md for what is read',
  )
}

const rowFormats = 'Parquet, Arrow, JSONL, JSON, CSV, Excel, WebDataset'

function inTrainerFolder(root: string, list: TrainerEntry[], { split }: FindOptions): FoundSource {
  const entries = split === undefined ? list : list.filter(({ name }) => name === split)
  const [listed] = entries
  if (!listed || entries.length > 1) {
    const known = list.map(({ name }) => name)
    throw refusal(
      split === undefined
        ? `${root} lists ${list.length} sets: ${known.slice(0, 20).join(', ')}`
        : `${root} lists no set "${split}"; it lists ${known.slice(0, 20).join(', ')}`,
      `name one: --split ${(split === undefined ? null : didYouMean(split, known)) ?? known[0] ?? 'NAME'}`,
    )
  }
  const file = resolve(root, listed.file)
  const format = formatOf(file)
  if (format === null || !`${file}/`.startsWith(`${root}/`))
    throw refusal(
      `dataset_info.json names ${listed.file}, which is not read`,
      'name a JSON, JSONL, CSV or Parquet file',
    )
  return { format, files: [file], root, listed }
}

const names = (root: string, files: readonly string[]): string =>
  `${files
    .slice(0, 5)
    .map((file) => relative(root, file))
    .join(', ')}${files.length > 5 ? ', …' : ''}`

/** All files below a folder, by name; hidden ones and links to folders are passed over. */
async function filesBelow(root: string): Promise<string[]> {
  const found: string[] = []
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await visit(path)
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path)
    }
  }
  await visit(root)
  return found
}
