import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { writeDraft, writeWholeFile } from '../../artifacts/whole-file.ts'
import { errorCode } from '../../domain/errors.ts'

/** The text of a file; null when there is none. Other errors (a disk that is away) are thrown. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Reads and checks a JSON file; null when it is not there. Throws when it is there and not what we
 * wrote.
 */
export async function readJsonFile<T>(path: string, shape: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(path)
  return text === null ? null : shape.parse(JSON.parse(text))
}

const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Writes JSON whole or not at all, over what is there. */
export async function replaceJson(path: string, value: unknown, { mode = 0o644 } = {}): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeWholeFile(path, lineOf(value), { mode })
}

/** Writes JSON whole unless the file is there already. Returns whether it was us. */
export async function createJson(path: string, value: unknown): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  const draft = await writeDraft(path, lineOf(value))
  try {
    // A link, unlike a rename, fails where the name is taken; unlike O_EXCL it never shows a
    // half-written file.
    await link(draft, path)
    return true
  } catch (error) {
    // A network file system may lose the answer and ask again: then the name is ours, with two
    // links.
    if (errorCode(error) === 'EEXIST') return (await stat(draft)).nlink === 2
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? '')) throw error
    // A file system without hard links.
    return await copyFile(draft, path, constants.COPYFILE_EXCL).then(
      () => true,
      (taken: unknown) => {
        if (errorCode(taken) === 'EEXIST') return false
        throw taken
      },
    )
  } finally {
    await rm(draft, { force: true })
  }
}

/** The last `maxBytes` of a text file; empty when it is not there. */
export async function readTail(path: string, maxBytes: number): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
  try {
    const { size } = await file.stat()
    const length = Math.min(size, maxBytes)
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await file.read(buffer, 0, length, size - length)
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}

/** Latest change of any of the files, in milliseconds since the epoch; null when none is there. */
export async function latestChange(paths: readonly string[]): Promise<number | null> {
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? null))
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}
