import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isArchiveName } from './archive.ts'
import { findSource } from './detect.ts'
import type { FindOptions, FoundSource, ImportFormat } from './detect.ts'
import { stampFiles, unchanging } from './file-stamps.ts'
import type { FileStamps } from './file-stamps.ts'
import { refuseLfsPointers } from './lfs-pointer.ts'
import { readArrow } from './read-arrow.ts'
import { readCsv } from './read-csv.ts'
import { readJson } from './read-json.ts'
import { readJsonl } from './read-jsonl.ts'
import { readParquet } from './read-parquet.ts'
import { readPictures } from './read-pictures.ts'
import { readWebdataset } from './read-webdataset.ts'
import { readXlsxFiles } from './read-xlsx.ts'
import type { RecordReader } from './record.ts'
import { isTarName } from './tar-members.ts'
import { innermost, named, namedReader, unpackArchive } from './unpack.ts'
import { isWebdataset } from './webdataset.ts'

/** A source, found and ready to be read. */
export interface OpenSource {
  found: FoundSource
  /** The archive it was unpacked from. */
  archive: string | null
  /** Throws InvalidSource when a file has changed since the source was opened. */
  reader: RecordReader
  stamps: FileStamps
  /** What the user should know of how the source was found. */
  notes?: string[]
  /** Names the archive in a text, where the text names the folder into which it was unpacked. */
  shown?: (text: string) => string
  /** Removes what was unpacked. */
  close: () => Promise<void>
}

export interface OpenOptions extends FindOptions {
  /** Where archives are unpacked. */
  unpackBelow: string
  onProgress?: (text: string) => void
}

/**
 * Finds the files and the reader of a source; archives are unpacked first. Throws InvalidSource and
 * leaves nothing behind then.
 */
export async function openSource(sources: readonly string[], options: OpenOptions): Promise<OpenSource> {
  const [only = ''] = sources
  const isFile = sources.length === 1 && isArchiveName(only) && (await stat(only).catch(() => null))?.isFile() === true
  if (!isFile || options.format === 'webdataset' || (isTarName(only) && (await isWebdataset(only)))) {
    const found = await findSource(sources, options)
    const isPictures = found.format === 'pictures'
    await refuseLfsPointers(found.files.slice(0, isPictures ? 3 : undefined))
    // In a folder of pictures the files are the pictures: each is read once and cannot change in
    // between.
    const stamps = await stampFiles(isPictures ? [] : found.files)
    const reader = await readerOf(found, stamps, options.signal)
    return { found, archive: null, stamps, reader, notes: notesOf(found, reader), close: async () => {} }
  }
  const archive = resolve(only)
  await refuseLfsPointers([archive])
  const stamps = await stampFiles([archive])
  const unpacked = await unpackArchive(archive, options)
  const { folder, shown, close } = unpacked
  try {
    const found = await findSource([await innermost(folder)], options)
    const reader = namedReader(await readerOf(found, stamps, options.signal), shown)
    return { found, archive, stamps, reader, notes: notesOf(found, reader).map(shown), shown, close }
  } catch (error) {
    await close()
    throw named(error, shown)
  }
}

const readerOf = async (found: FoundSource, stamps: FileStamps, signal?: AbortSignal): Promise<RecordReader> =>
  unchanging(await readers[found.format](found, signal), stamps)

function notesOf({ notes = [], shards, files }: FoundSource, { total }: RecordReader): string[] {
  if (!shards) return notes
  const { missing } = shards
  const rows = total === null ? '' : `: about ${Math.round((total / files.length) * missing.length)} rows`
  return [...notes, `${missing.length} of ${shards.of} shards are missing (${missing.slice(0, 10).join(', ')})${rows}`]
}

const readers: Record<
  ImportFormat,
  (found: FoundSource, signal?: AbortSignal) => RecordReader | Promise<RecordReader>
> = {
  jsonl: ({ files }) => readJsonl(files),
  json: ({ files }, signal) => readJson(files, signal),
  csv: ({ files }) => readCsv(files),
  parquet: ({ files }) => readParquet(files),
  arrow: ({ files }) => readArrow(files),
  xlsx: ({ files, sheet }) => readXlsxFiles(files, sheet),
  webdataset: ({ files }) => readWebdataset(files),
  pictures: ({ root, files }) => readPictures(root, files),
}
