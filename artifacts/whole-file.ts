import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Begins the name of every file that is still being written. A draft that a killed process left may
 * be removed when no writer can still be at work on it.
 */
export const draftPrefix = '.tmp-'

/**
 * What to write: a text, bytes, or a function that writes into the open file and leaves it open.
 * For a stream, give `(file) => writeFile(file, stream)` of node:fs/promises. (A write stream over
 * the file was tried: with `autoClose: false` a pipeline into it never ends.)
 */
export type FileContent = string | Uint8Array | ((file: FileHandle) => Promise<unknown>)

export interface WholeFileOptions {
  /** Permissions of the file, before the process's umask. Default 0o644. */
  mode?: number
}

// In the same folder, because a rename is atomic within one file system only.
const draftBeside = (path: string): string =>
  join(dirname(path), `${draftPrefix}${basename(path).slice(0, 100)}-${process.pid}-${randomUUID()}`)

/**
 * Writes the content beside `path` and forces it to disk. Returns the path of that draft, which the
 * caller renames, links or removes. Nothing is left when it throws. Throws the file system's error.
 */
export async function writeDraft(
  path: string,
  content: FileContent,
  { mode = 0o644 }: WholeFileOptions = {},
): Promise<string> {
  const draft = draftBeside(path)
  const file = await open(draft, 'wx', mode)
  try {
    if (typeof content === 'function') await content(file)
    else await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return draft
}

/**
 * Writes a file whole or not at all, over what is there: a reader finds the old content or the new
 * one, after a crash too. The folder must be there. Throws the file system's error, which
 * storage-error.ts puts into words.
 */
export async function writeWholeFile(path: string, content: FileContent, options?: WholeFileOptions): Promise<void> {
  const draft = await writeDraft(path, content, options)
  try {
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** {@link writeWholeFile} for callers that cannot wait: small files only. */
export function writeWholeFileSync(
  path: string,
  content: string | Uint8Array,
  { mode = 0o644 }: WholeFileOptions = {},
): void {
  const draft = draftBeside(path)
  const file = openSync(draft, 'wx', mode)
  try {
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
