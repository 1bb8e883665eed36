import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { writeDraft, writeWholeFile } from '../../artifacts/whole-file.ts'
import { errorCode } from '../../domain/errors.ts'

/**
 * The text of a file. Null when the file does not exist. Throws other errors (a disk that is away).
 */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Reads and checks a JSON file. Null when it does not exist. Throws when its content has another
 * shape.
 */
export async function readJsonFile<T>(path: string, shape: z.ZodType<T>): Promise<T | null> {
  const text = await readIfThere(path)
  return text === null ? null : shape.parse(JSON.parse(text))
}

const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Writes JSON completely or not at all, and replaces an existing file. */
export async function replaceJson(path: string, value: unknown, { mode = 0o644 } = {}): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeWholeFile(path, lineOf(value), { mode })
}

/** Writes JSON completely unless the file exists. Returns whether this call wrote it. */
export async function createJson(path: string, value: unknown): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true })
  const draft = await writeDraft(path, lineOf(value))
  try {
    // A link fails where the name is taken, which a rename does not. A link never shows a
    // half-written file, which O_EXCL does.
    await link(draft, path)
    return true
  } catch (error) {
    // A network file system may lose the answer and ask again. Then the name is ours and has two
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

/** The last `maxBytes` of a text file. Empty when the file does not exist. */
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

/** Latest change of any of the files, in milliseconds since the epoch. Null when no file exists. */
export async function latestChange(paths: readonly string[]): Promise<number | null> {
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => null))?.mtimeMs ?? null))
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.max(...known)
}
