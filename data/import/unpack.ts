import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { HoneError } from '../../domain/errors.ts'
import { archiveEnding, extractArchive } from './archive.ts'
import { createExtractFolder } from './extract-folder.ts'
import type { RecordReader } from './record.ts'

/** An archive that was unpacked into a folder of its own. */
export interface UnpackedArchive {
  folder: string
  /** The folder around it, which holds this folder alone. Both go by the archive's name. */
  around: string
  /** Puts the archive's path in the place of the folder's: the user does not know the folder. */
  shown: (text: string) => string
  /** Removes the folder. */
  close: () => Promise<void>
}

export interface UnpackOptions {
  unpackBelow: string
  signal?: AbortSignal | undefined
  onProgress?: ((text: string) => void) | undefined
}

/**
 * Unpacks an archive. Throws InvalidSource, or what `signal` was aborted with, and leaves nothing.
 */
export async function unpackArchive(archive: string, options: UnpackOptions): Promise<UnpackedArchive> {
  const { unpackBelow, signal, onProgress } = options
  const around = await createExtractFolder(unpackBelow)
  // Rows may name pictures with the archive's name before them, as if it were a folder.
  const folder = join(around, basename(archive).replace(archiveEnding, ''))
  const shown = (text: string): string => text.replaceAll(folder, archive).replaceAll(around, archive)
  const close = (): Promise<void> => rm(around, { recursive: true, force: true })
  try {
    await mkdir(folder)
    onProgress?.('unpacking')
    await extractArchive(archive, folder, { signal, onFiles: (count) => onProgress?.(`unpacking: ${count} files`) })
    return { folder, around, shown, close }
  } catch (error) {
    await close()
    throw named(error, shown)
  }
}

/** The folder that holds more than one other folder: archives often have everything in one. */
export async function innermost(folder: string): Promise<string> {
  const [first, ...others] = await readdir(folder, { withFileTypes: true })
  return first?.isDirectory() && others.length === 0 ? innermost(join(folder, first.name)) : folder
}

/** An error with the names that the user knows. */
export function named(error: unknown, shown: (text: string) => string): unknown {
  if (!(error instanceof HoneError)) return error
  const { type, message, nextStep, cause } = error
  return new HoneError({ type, message: shown(message), nextStep: shown(nextStep), cause })
}

/** A reader whose errors and reasons have the names that the user knows. */
export const namedReader = ({ total, read }: RecordReader, shown: (text: string) => string): RecordReader => ({
  total,
  async *read() {
    try {
      for await (const batch of read())
        yield batch.map((record) => ('fields' in record ? record : { ...record, detail: shown(record.detail) }))
    } catch (error) {
      throw named(error, shown)
    }
  },
})
