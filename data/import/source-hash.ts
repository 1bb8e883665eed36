import { createHash } from 'node:crypto'
import { contentHash, sha256Hex } from '../../artifacts/hash.ts'
import { fileHash, lookAtRecords } from './first-look.ts'
import type { LookOptions } from './first-look.ts'
import type { OpenSource } from './open.ts'
import type { LineRecord } from './read-jsonl.ts'
import type { RecordReader } from './record.ts'

/** Changes when the same source would give other rows. */
const importVersion = 1

/**
 * SHA-256 over the contents of a source's files (or of its archive), over the pictures that its
 * rows name and over everything that decides what becomes of them. The same import twice has the
 * same hash, wherever the files lie. What a URL holds is not part of it. `looksAtPictures` says
 * that rows name files.
 */
export async function importHash(
  { found, archive, reader, stamps }: OpenSource,
  looksAtPictures: boolean,
  options: LookOptions,
): Promise<string> {
  const { mapping, places, maxRows, signal } = options
  const contents: string[] = []
  if (found.format !== 'pictures' || archive !== null)
    for (const file of archive === null ? found.files : [archive]) contents.push(await fileHash(file, signal))
  await stamps.requireSame()
  return contentHash({
    version: importVersion,
    contents,
    format: found.format,
    // An archive may hold several sets.
    part: archive === null ? null : found.files.map((file) => file.slice(found.root.length)),
    mapping,
    maxRows: maxRows ?? null,
    // Which addresses are allowed does not change what a picture is.
    allowUrls: places.allowUrls !== false,
    pictures: looksAtPictures ? await picturesHash(reader, options) : null,
  })
}

/** Over the pictures that rows name by path, in their order; a missing one counts as such. */
async function picturesHash(reader: RecordReader, options: LookOptions): Promise<string> {
  const hash = createHash('sha256')
  for await (const { pictures } of lookAtRecords(reader, options))
    for (const { ref, content } of pictures) if ('path' in ref) hash.update(`${ref.path}\n${content}\n`)
  return hash.digest('hex')
}

/**
 * SHA-256 over the lines that count and the contents of their pictures, as homes have had it from
 * the beginning: the same data has the same hash wherever it lies, and a changed picture under an
 * old name is noticed. Where every line needs a question and one lacks it, the hash differs,
 * because that line is a failed row there.
 */
export async function ownLinesHash(
  reader: RecordReader<LineRecord>,
  { needsQuestion }: { needsQuestion: boolean },
  options: LookOptions,
): Promise<string> {
  const hash = createHash('sha256')
  for await (const { record, pictures } of lookAtRecords(reader, options)) {
    hash.update(`${record.text === null ? 'too long' : sha256Hex(record.text)}\n`)
    if (!('fields' in record)) continue
    if (needsQuestion && record.fields['question'] === undefined) hash.update('no-question\n')
    for (const { content } of pictures) hash.update(`${content}\n`)
  }
  return hash.digest('hex')
}

/**
 * The hash under which lines are imported: with a limit of rows, the limit is its last eight
 * digits.
 */
export const limitedHash = (hash: string, maxRows: number | undefined): string =>
  maxRows === undefined ? hash : `${hash.slice(0, 56)}${maxRows.toString(16).padStart(8, '0')}`
