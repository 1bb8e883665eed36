import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { extractArchive, isArchiveName } from './archive.ts'
import { findSource } from './detect.ts'
import type { FindOptions, FoundSource, ImportFormat } from './detect.ts'
import { createExtractFolder } from './extract-folder.ts'
import { stampFiles, unchanging } from './file-stamps.ts'
import type { FileStamps } from './file-stamps.ts'
import { readCsv } from './read-csv.ts'
import { readJson } from './read-json.ts'
import { readJsonl } from './read-jsonl.ts'
import { readParquet } from './read-parquet.ts'
import { readPictures } from './read-pictures.ts'
import type { RecordReader } from './record.ts'

/** A source, found and ready to be read. */
export interface OpenSource {
  found: FoundSource
  /** The archive it was unpacked from. */
  archive: string | null
  /** Throws InvalidSource when a file has changed since the source was opened. */
  reader: RecordReader
  stamps: FileStamps
  /** Removes what was unpacked. */
  close: () => Promise<void>
}

export interface OpenOptions extends FindOptions {
  /** Where archives are unpacked. */
  unpackBelow: string
  signal?: AbortSignal | undefined
  onProgress?: (text: string) => void
}

/**
 * Finds the files and the reader of a source; archives are unpacked first. Throws InvalidSource and
 * leaves nothing behind then.
 */
export async function openSource(sources: readonly string[], options: OpenOptions): Promise<OpenSource> {
  const [only = ''] = sources
  const isArchive = sources.length === 1 && isArchiveName(only) && (await stat(only).catch(() => null))?.isFile()
  if (!isArchive) {
    const found = await findSource(sources, options)
    // In a folder of pictures the files are the pictures: each is read once and cannot change in
    // between.
    const stamps = await stampFiles(found.format === 'pictures' ? [] : found.files)
    return { found, archive: null, stamps, reader: await readerOf(found, stamps), close: async () => {} }
  }
  const archive = resolve(only)
  const stamps = await stampFiles([archive])
  await mkdir(options.unpackBelow, { recursive: true })
  const folder = await createExtractFolder(options.unpackBelow)
  const close = () => rm(folder, { recursive: true, force: true })
  try {
    const { signal, onProgress } = options
    onProgress?.('unpacking')
    await extractArchive(archive, folder, { signal, onFiles: (count) => onProgress?.(`unpacking: ${count} files`) })
    const found = await findSource([await innermost(folder)], options)
    return { found, archive, stamps, reader: await readerOf(found, stamps), close }
  } catch (error) {
    await close()
    throw inArchive(error, folder, archive)
  }
}

const readerOf = async (found: FoundSource, stamps: FileStamps): Promise<RecordReader> =>
  unchanging(await readers[found.format](found), stamps)

/** The folder that holds more than one other folder: archives often have everything in one. */
async function innermost(folder: string): Promise<string> {
  const [first, ...others] = await readdir(folder, { withFileTypes: true })
  return first?.isDirectory() && others.length === 0 ? innermost(join(folder, first.name)) : folder
}

/** The user knows the archive and not the folder where it was unpacked. */
function inArchive(error: unknown, folder: string, archive: string): unknown {
  if (!(error instanceof HoneError)) return error
  const { type, message, nextStep, cause } = error
  const named = (text: string): string => text.replaceAll(folder, archive)
  return new HoneError({ type, message: named(message), nextStep: named(nextStep), cause })
}

const readers: Record<ImportFormat, (found: FoundSource) => RecordReader | Promise<RecordReader>> = {
  jsonl: ({ files }) => readJsonl(files),
  json: ({ files }) => readJson(files),
  csv: ({ files }) => readCsv(files),
  parquet: ({ files }) => readParquet(files),
  pictures: ({ root, files }) => readPictures(root, files),
}
