import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { didYouMean } from '../../domain/did-you-mean.ts'
import { openEngine, quoted } from './engine.ts'
import { findExported } from './exported-folder.ts'
import { isPictureName } from './read-pictures.ts'
import { readTrainerList } from './trainer-list.ts'
import type { TrainerEntry } from './trainer-list.ts'

/** How the files of a source are read. */
export const importFormats = ['jsonl', 'json', 'csv', 'parquet', 'pictures'] as const
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
}

export interface FindOptions {
  format?: ImportFormat | undefined
  /** Which part of a folder: a split of its Parquet files, or a name of LLaMA-Factory's list. */
  split?: string | undefined
}

const refusal = (message: string, nextStep: string): HoneError =>
  new HoneError({ type: 'InvalidSource', message, nextStep })

/**
 * Finds the files of a source: a file, several files of one format, a pattern with `*`, or a
 * folder. A folder has Parquet shards, one file of rows, pictures, or the layout of Hugging Face or
 * LLaMA-Factory. Throws InvalidSource that says what was looked for.
 */
export async function findSource(sources: readonly string[], options: FindOptions = {}): Promise<FoundSource> {
  const paths = (await Promise.all(sources.map(expand))).flat()
  const [first] = paths
  if (first === undefined) throw refusal('no source is named', 'name a file or a folder')
  if (paths.length === 1 && (await stat(first)).isDirectory()) return await findInFolder(first, options)
  for (const path of paths)
    if ((await stat(path)).isDirectory())
      throw refusal(`${path} is a folder among several sources`, 'name one folder, or files of one format')
  const formats = [...new Set(paths.map((path) => options.format ?? formatOf(path)))]
  const [format] = formats
  if (formats.length !== 1 || !format)
    throw refusal(
      formats.includes(null)
        ? `${paths.find((path) => formatOf(path) === null)} has no ending that is known here`
        : `the files have ${formats.length} formats: ${formats.join(', ')}`,
      `name files of one format, or say which it is: --format ${importFormats.join('|')}`,
    )
  // Rows that were exported name their pictures from the folder of the export.
  const exported = await findExported(dirname(first)).catch(() => null)
  const root = exported !== null && paths.every((path) => exported.files.includes(path)) ? exported.folder : null
  return { format, files: paths, root: root ?? commonFolder(paths), listed: await listedFor(first) }
}

/** Format by the ending of a file's name; null for others. */
export function formatOf(path: string): ImportFormat | null {
  const name = basename(path).toLowerCase().replace(/\.gz$/, '')
  if (/\.(jsonl|ndjson)$/.test(name)) return 'jsonl'
  if (name.endsWith('.json') && !path.endsWith('.gz')) return 'json'
  if (/\.(csv|tsv)$/.test(name)) return 'csv'
  if (/\.(parquet|pq)$/.test(name)) return 'parquet'
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

/** Files beside the data that hold no rows. */
const aside = new Set(['dataset_info.json', 'dataset_infos.json', 'dataset_dict.json', 'state.json', 'package.json'])

async function findInFolder(root: string, options: FindOptions): Promise<FoundSource> {
  const exported = options.format === undefined ? await findExported(root) : null
  const [rows = ''] = exported?.files ?? []
  const written = formatOf(rows)
  if (exported && written !== null)
    return { format: written, files: exported.files, root: exported.folder, listed: null }
  const list = await readTrainerList(root)
  if (list && list.length > 0 && options.format !== 'pictures') return inTrainerFolder(root, list, options)
  const files = await filesBelow(root)
  const of = (format: ImportFormat): string[] => files.filter((file) => formatOf(file) === format)
  const arrow = files.find((file) => file.endsWith('.arrow'))
  const parquet = of('parquet')
  if (arrow !== undefined && parquet.length === 0)
    throw refusal(
      `${root} holds Arrow files (${relative(root, arrow)}), as save_to_disk writes them; these are not read`,
      `write them as Parquet first: python -c "from datasets import load_from_disk as l; l('${basename(root)}').to_parquet('${basename(root)}.parquet')"`,
    )
  const found = (format: ImportFormat, chosen: string[]): FoundSource => ({ format, files: chosen, root, listed: null })
  if (options.format === 'pictures') return found('pictures', somePictures(root, of('pictures')))
  if (options.format !== undefined) return found(options.format, oneSplit(root, of(options.format), options.split))
  if (parquet.length > 0) return found('parquet', oneSplit(root, parquet, options.split))
  // Rows in text: the highest file counts, because annotations of single pictures lie below it.
  const tables = [...of('jsonl'), ...of('json'), ...of('csv')].filter((file) => !aside.has(basename(file)))
  const depth = (file: string): number => relative(root, file).split('/').length
  const highest = Math.min(...tables.map(depth))
  const top = tables.filter((file) => depth(file) === highest)
  const chosen = options.split === undefined ? top : top.filter((file) => splitOf(file) === options.split)
  const [only] = chosen
  if (only !== undefined && chosen.length === 1) return found(formatOf(only) ?? 'jsonl', [only])
  if (top.length > 0)
    throw refusal(`${root} has ${top.length} files of rows: ${names(root, top)}`, `name one of them, e.g. ${top[0]}`)
  return found('pictures', somePictures(root, of('pictures')))
}

function somePictures(root: string, files: string[]): string[] {
  if (files.length > 0) return files
  throw refusal(
    `${root} has neither rows (Parquet, JSONL, JSON, CSV) nor pictures`,
    'name a folder or file that has some; see docs/import.md for what is read',
  )
}

/**
 * Shards of one split, e.g. `train-00000-of-00003.parquet`. Several splits are never mixed unasked.
 */
function oneSplit(root: string, files: string[], split: string | undefined): string[] {
  const splits = [...new Set(files.map(splitOf))].sort()
  if (split === undefined && splits.length === 1) return files
  const chosen = files.filter((file) => splitOf(file) === split)
  if (chosen.length > 0) return chosen
  const guess = split === undefined ? null : didYouMean(split, splits)
  throw refusal(
    split === undefined
      ? `${root} has ${splits.length} splits: ${splits.slice(0, 20).join(', ')}`
      : `${root} has no split "${split}"; it has ${splits.slice(0, 20).join(', ') || 'none'}`,
    `name one: --split ${guess ?? splits.find((name) => name === 'train') ?? splits[0] ?? 'train'}`,
  )
}

const splitOf = (file: string): string =>
  basename(file)
    .replace(/(\.(parquet|pq|jsonl|ndjson|json|csv|tsv)|\.gz)+$/i, '')
    .replace(/-\d{5}-of-\d{5}.*$|[-_.]\d+$/, '')

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
