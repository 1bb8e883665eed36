import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { errorCode, HoneError } from '../../domain/errors.ts'
import { parseJson } from '../../domain/json-text.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { handlePieces } from '../lines/file-pieces.ts'
import { readLines } from '../lines/read-lines.ts'
import { rowLine, rowOfLine } from '../rows/row-line.ts'
import type { EvidenceRow } from '../../domain/rows.ts'
import { inputFile } from './input-lines.ts'
import type { InputLines } from './input-lines.ts'
import type { InputFile } from './input-reader.ts'
import type { Pictures } from './pictures.ts'

/** A file of rows under the name that a step knows it by. */
export interface NamedFile {
  name: string
  path: string
}

const ending = z.object({
  status: z.enum(['kept', 'dropped', 'failed']).default('kept'),
  reason: z.string().nullish(),
})

/**
 * Rows as evidence, and a hash of all of them. The hash is complete when the rows have been read.
 */
export function hashed(source: AsyncIterable<EvidenceRow>): { rows: AsyncIterable<EvidenceRow>; hash: () => string } {
  const hash = createHash('sha256')
  async function* rows(): AsyncGenerator<EvidenceRow> {
    for await (const row of source) {
      hash.update(`${JSON.stringify(row)}\n`)
      yield row
    }
  }
  return { rows: rows(), hash: () => hash.copy().digest('hex') }
}

/**
 * Rows of files, with dropped and failed rows. Lines that are no rows are left out, and so are rows
 * whose pictures are gone: they say nothing.
 */
export async function* rowsOfFiles(files: readonly NamedFile[], pictures: Pictures): AsyncGenerator<EvidenceRow> {
  for (const { name, path } of files) yield* rowsOfFile(name, inputFile(path), pictures)
}

/** The rows of an input that are worked on. */
export async function* rowsOfInput(input: InputLines, pictures: Pictures): AsyncGenerator<EvidenceRow> {
  for (let from = 0; from < input.count; from += linesAtOnce) {
    const places = Array.from({ length: Math.min(linesAtOnce, input.count - from) }, (_, at) => from + at)
    for (const { read, folder } of await input.read(places)) {
      if (!('row' in read)) continue
      const hashes = await hashesOf(folder, read.row.images, pictures)
      if (hashes !== null) yield { ...rowOfLine(read.row, hashes), from: 'input', status: 'kept', reason: null }
    }
  }
}

const linesAtOnce = 128

async function* rowsOfFile(from: string, { path, folder }: InputFile, pictures: Pictures): AsyncGenerator<EvidenceRow> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new HoneError({
      type: 'InvalidInput',
      message: `Cannot read the rows of ${from} in ${path} (${errorCode(cause) ?? String(cause)}).`,
      nextStep: 'Give NAME=FILE, a JSONL file of rows as `hone step` and `hone export --to jsonl` write them.',
      cause,
    })
  })
  try {
    for await (const lines of readLines(handlePieces(handle))) {
      for (const { text } of lines) {
        const value = text === null ? undefined : parseJson(text)
        const line = rowLine.safeParse(value)
        const end = ending.safeParse(value)
        if (!line.success || !end.success) continue
        const hashes = await hashesOf(folder, line.data.images, pictures)
        if (hashes === null) continue
        const { status, reason } = end.data
        yield { ...rowOfLine(line.data, hashes), from, status, reason: reason ?? null }
      }
    }
  } finally {
    await handle.close()
  }
}

async function hashesOf(folder: string, images: readonly string[], pictures: Pictures): Promise<string[] | null> {
  const found = await Promise.all(images.map((image) => pictures.find(folder, image)))
  if (found.some(({ problem }) => problem)) return null
  try {
    const hashes = await pictures.hold(found)
    pictures.release(hashes)
    return hashes
  } catch (error) {
    if (error instanceof RowProblem) return null
    throw error
  }
}
