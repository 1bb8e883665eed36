import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { contentHash } from '../../artifacts/hash.ts'
import { errorCode, HoneError } from '../../domain/errors.ts'
import { handlePieces } from '../lines/file-pieces.ts'
import { readLines } from '../lines/read-lines.ts'
import { isUtf16 } from '../lines/utf8-pieces.ts'
import { readRow } from '../rows/row-line.ts'
import type { RowLine } from '../rows/row-line.ts'
import type { RowRef } from '../../domain/rows.ts'
import { createLineReader, lineValue } from './input-reader.ts'
import type { InputFile, InputLine, LinePlaces } from './input-reader.ts'

/** All lines of the input that count. Only their places are in memory. */
export interface InputLines {
  /** Number of lines that are worked on, bad ones included. */
  count: number
  bad: number
  /** Rows that an earlier step has dropped or failed. They are passed over. */
  passedOver: number
  /** SHA-256 over the lines of all files. */
  hash: string
  /** Ids in use. */
  ids: ReadonlyMap<string, number>
  /**
   * Places of the rows of each question, in the order of its first row. Filled where the step works
   * on questions.
   */
  questions: readonly (readonly number[])[]
  /** Filled where the step works on whole datasets. */
  refs: readonly RowRef[]
  /** Reads lines again, in the given order. */
  read(places: readonly number[]): Promise<InputLine[]>
  close(): Promise<void>
}

export interface InputOptions {
  /** At most this many of the lines that count, from the top. */
  maxRows?: number | undefined
  per: 'row' | 'question' | 'dataset'
  /** Field of the metadata by which a dataset step makes groups. */
  by?: string | null
  signal: AbortSignal
}

/** Looks at every line once. Throws InvalidInput for a file that cannot be read. */
export async function indexInput(files: readonly InputFile[], options: InputOptions): Promise<InputLines> {
  const handles: FileHandle[] = []
  try {
    for (const { path } of files) {
      const handle = await openInput(path)
      handles.push(handle)
      await requireUtf8(path, handle)
    }
    return await index(files, handles, options)
  } catch (error) {
    await Promise.all(handles.map((handle) => handle.close()))
    throw error
  }
}

async function index(
  files: readonly InputFile[],
  handles: readonly FileHandle[],
  { maxRows = Number.POSITIVE_INFINITY, per, by = null, signal }: InputOptions,
): Promise<InputLines> {
  const at: LinePlaces = { file: [], offset: [], bytes: [], number: [] }
  const ids = new Map<string, number>()
  /** Lines whose id an earlier line has. */
  const duplicates = new Set<number>()
  const broken = new Set<number>()
  const questions = new Map<string, number[]>()
  const refs: RowRef[] = []
  const found = { bad: 0, passedOver: 0 }
  const hash = createHash('sha256')

  for (const [file, handle] of handles.entries()) {
    let number = 0
    reading: for await (const lines of readLines(handlePieces(handle), { isExact: true })) {
      signal.throwIfAborted()
      for (const { offset, bytes, text, isBroken } of lines) {
        number += 1
        if (text?.trim() === '') continue
        const json = text === null || isBroken ? null : lineValue(text)
        const value = json !== null && 'value' in json ? json.value : undefined
        if (isPassedOver(value)) {
          found.passedOver += 1
          continue
        }
        const place = at.file.length
        if (place >= maxRows) break reading
        at.file.push(file)
        at.offset.push(offset)
        at.bytes.push(bytes)
        at.number.push(number)
        hash.update(`${text ?? bytes}\n`)
        if (isBroken) broken.add(place)
        const read = readRow(value)
        if (!('row' in read) || ids.has(read.row.id)) {
          found.bad += 1
          if ('row' in read) duplicates.add(place)
          continue
        }
        const { row } = read
        ids.set(row.id, place)
        if (per === 'question') push(questions, questionOf(row), place)
        if (per === 'dataset') refs.push(refOf(row, file, by))
      }
    }
  }

  return {
    count: at.file.length,
    ...found,
    hash: hash.digest('hex'),
    ids,
    questions: [...questions.values()],
    refs,
    read: createLineReader({ files, handles, at, ids, duplicates, broken }),
    close: async () => void (await Promise.all(handles.map((handle) => handle.close()))),
  }
}

async function openInput(path: string): Promise<FileHandle> {
  try {
    const handle = await open(resolve(path), 'r')
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    throw Object.assign(new Error('not a file'), { code: 'EISDIR' })
  } catch (cause) {
    throw new HoneError({
      type: 'InvalidInput',
      message: `Cannot read ${path} (${errorCode(cause) ?? String(cause)}).`,
      nextStep: 'Give a JSONL file of rows; - is standard input.',
      cause,
    })
  }
}

/**
 * Throws InvalidInput for a file in UTF-16, which `hone import` decodes. Lines are read here by
 * their places in the file, so they cannot be.
 */
async function requireUtf8(path: string, handle: FileHandle): Promise<void> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
  if (!isUtf16(buffer.subarray(0, bytesRead))) return
  throw new HoneError({
    type: 'InvalidInput',
    message: `${path} is in UTF-16.`,
    nextStep: `Write it as UTF-8: iconv -f UTF-16 -t UTF-8 ${path} > rows.jsonl`,
  })
}

/** A file with the folder of its pictures' relative names. */
export const inputFile = (path: string): InputFile => ({ path, folder: dirname(resolve(path)) })

function isPassedOver(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false
  return value.status === 'dropped' || value.status === 'failed'
}

const questionOf = ({ id, origin, question, choices }: RowLine): string =>
  contentHash([origin ?? id, question, choices ?? null]).slice(0, 24)

function refOf({ id, origin, metadata }: RowLine, input: number, by: string | null): RowRef {
  const value = by !== null && Object.hasOwn(metadata, by) ? (metadata[by] ?? null) : null
  const group = value === null || typeof value === 'string' ? value : JSON.stringify(value)
  return { id, originId: origin ?? id, input, group }
}

function push(groups: Map<string, number[]>, key: string, place: number): void {
  const group = groups.get(key)
  if (group) group.push(place)
  else groups.set(key, [place])
}
