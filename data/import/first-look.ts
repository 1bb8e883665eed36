import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { LRUCache } from 'lru-cache'
import { RowProblem } from '../../domain/row-problem.ts'
import { sha256Hex } from '../../artifacts/hash.ts'
import { locatePicture } from '../pictures/locate.ts'
import type { ImportRow } from './import-row.ts'
import { inOrder } from './in-order.ts'
import { loadPicture } from './load-pictures.ts'
import type { PicturePlaces } from './load-pictures.ts'
import { madeRows } from './named-rows.ts'
import type { PictureLedger } from './picture-ledger.ts'
import type { PictureRef } from './picture-refs.ts'
import type { RecordReader, SourceRecord } from './record.ts'
import { seen } from './row-pictures.ts'
import type { PictureKeeper } from './row-pictures.ts'
import { rowMaker } from './to-row.ts'
import type { Mapping } from './mapping.ts'

/** What the first look at a source needs. */
export interface LookOptions {
  mapping: Mapping
  places: PicturePlaces
  keeper: PictureKeeper
  /** Gets every picture that is named by path. */
  ledger: PictureLedger
  maxRows: number | undefined
  signal?: AbortSignal | undefined
  onPictures: (count: number) => void
}

/** A picture of a record, and its content as it counts in the hash of the source. */
export interface LookedAt {
  ref: PictureRef
  /**
   * SHA-256 of the file; `missing` where there is no file, and for pictures that are not in files.
   */
  content: string
}

/** Records under way at one time: their pictures keep the decoder's threads busy. */
const ahead = 8
/** Files whose content is remembered: several questions ask about one picture. */
const remembered = 65_536

/**
 * The records of a source with the pictures that they name by path, each file read once: its bytes
 * are hashed, decoded where they are new, and kept. This look tells no failures: a row whose
 * picture cannot be used gets the reason when the row is made.
 */
export async function* lookAtRecords<One extends SourceRecord>(
  reader: RecordReader<One>,
  { mapping, places, keeper, ledger, maxRows, signal, onPictures }: LookOptions,
): AsyncGenerator<{ record: One; rows: ImportRow[]; pictures: LookedAt[] }> {
  const files = new LRUCache<string, Promise<Look>>({ max: remembered })
  const lookAt = async (ref: PictureRef): Promise<Look> => {
    signal?.throwIfAborted()
    if (!('path' in ref)) return { content: 'missing', hash: null }
    const file = await locatePicture(ref.path, places).catch(problemOf)
    if (file instanceof RowProblem) return { content: await contentOf(ref.path, file, places), hash: null }
    const known = files.get(file)
    if (known) return await known
    const look = lookAtFile(file, places, keeper, signal)
    files.set(file, look)
    return await look
  }
  let pictures = 0
  for await (const { record, rows: made, looks } of inOrder(
    madeRows(reader, rowMaker(mapping), maxRows),
    ahead,
    ({ record, rows }) => {
      const refs = rows.flatMap(({ pictures }) => pictures)
      if (refs.length === 0) return { record, rows, looks: [] }
      return Promise.all(refs.map(async (ref) => ({ ref, ...(await lookAt(ref)) }))).then((looks) => ({
        record,
        rows,
        looks,
      }))
    },
  )) {
    for (const { ref, hash } of looks)
      if ('path' in ref) {
        ledger.add(hash)
        if (++pictures % 1000 === 0) onPictures(pictures)
      }
    yield { record, rows: made, pictures: looks }
  }
}

interface Look {
  content: string
  /** SHA-256 of a picture that was kept. */
  hash: string | null
}

async function lookAtFile(
  file: string,
  places: PicturePlaces,
  keeper: PictureKeeper,
  signal: AbortSignal | undefined,
): Promise<Look> {
  const bytes = await loadPicture({ path: file }, places).catch(problemOf)
  if (bytes instanceof RowProblem) {
    const content = bytes.reason === 'image-too-large' ? await fileHash(file, signal) : 'missing'
    return { content, hash: null }
  }
  const hash = sha256Hex(bytes)
  if (await keeper.has(hash)) return { content: hash, hash }
  const picture = await seen(bytes, hash).catch(problemOf)
  if (picture instanceof RowProblem) return { content: hash, hash: null }
  await keeper.keep(bytes, picture)
  return { content: hash, hash }
}

const problemOf = (error: unknown): RowProblem => {
  if (error instanceof RowProblem) return error
  throw error
}

/**
 * The content of a file that no row may use. Where absolute paths are free, a relative path out of
 * the folder has always counted by the content of its file, and the hashes of older homes must
 * stay.
 */
async function contentOf(path: string, { reason }: RowProblem, places: PicturePlaces): Promise<string> {
  const [folder] = places.folders
  if (reason !== 'image-outside' || !places.isAbsoluteFree || folder === undefined) return 'missing'
  return await fileHash(resolve(folder, path), undefined).catch(() => 'missing')
}

/**
 * SHA-256 of a file. It may have gigabytes, and a person who ends the import does not wait for its
 * end.
 */
export async function fileHash(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.digest('hex')
}
