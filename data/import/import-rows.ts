import { createHash } from 'node:crypto'
import { IdSet } from '../../artifacts/id-set.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { examineImage, type ExaminedImage } from '../pictures/examine.ts'
import { rowMaker, type ImportRow } from './to-row.ts'
import { loadPicture, locatePicture, type PicturePlaces } from './load-pictures.ts'
import type { Mapping } from './mapping.ts'
import type { PictureRef } from './picture-refs.ts'
import type { RecordReader } from './record.ts'

/** A picture that was looked at and kept. */
export interface KeptPicture extends ExaminedImage {
  /** SHA-256 of the file. */
  hash: string
  bytes: number
}

/** A row with its pictures and the id it goes by, which no other row of the source has. */
export interface ReadyRow {
  row: ImportRow
  sourceId: string
  pictures: KeptPicture[]
  /** Whether it was skipped: {@link RowsOptions.there} has it, so its pictures were not looked at. */
  isThere: boolean
}

export interface RowsOptions {
  places: PicturePlaces
  /** Stores a whole picture and returns its SHA-256. */
  keep: (bytes: Uint8Array) => Promise<string>
  maxRows?: number | undefined
  /** Which of some rows were imported by an earlier run; their pictures are not loaded. */
  there?: ((sourceIds: readonly string[]) => Promise<ReadonlySet<string>>) | undefined
  signal?: AbortSignal | undefined
}

// Enough to keep sharp's threads busy while rows are yielded in order.
const lookAhead = 8
const rememberedPictures = 4096

/**
 * Rows of a source in its order, each with its pictures decoded once and kept. A record that cannot be used comes as a row with its
 * `failure`. What is held in memory is a batch of records and the pictures of eight rows. Throws what the reader throws, or
 * what `signal` was aborted with.
 */
export async function* readyRows(
  reader: RecordReader,
  mapping: Mapping,
  options: RowsOptions,
): AsyncGenerator<ReadyRow> {
  const { signal, maxRows = Number.POSITIVE_INFINITY, there } = options
  const makeRow = rowMaker(mapping)
  const nameRow = rowNamer(mapping.id !== undefined)
  const pictureOf = rememberByPath(options)
  const window: Promise<ReadyRow>[] = []
  let records = 0
  for await (const batch of reader.read()) {
    const taken = batch.slice(0, maxRows - records).map((record) => nameRow(makeRow(record), ++records))
    const before = await there?.(taken.map(({ sourceId }) => sourceId))
    for (const named of taken) {
      signal?.throwIfAborted()
      const isThere = before?.has(named.sourceId) === true
      if ((isThere || named.row.pictures.length === 0) && window.length === 0) {
        yield { ...named, pictures: [], isThere }
        continue
      }
      const ready = isThere ? Promise.resolve({ ...named, pictures: [], isThere }) : withPictures(named, pictureOf)
      // Whoever awaits it hears of its failure; until then it must not end the process.
      ready.catch(() => undefined)
      window.push(ready)
      const first = window.length >= lookAhead ? window.shift() : undefined
      if (first) yield await first
    }
    if (records >= maxRows) break
  }
  for (const item of window) {
    signal?.throwIfAborted()
    yield await item
  }
}

/** Gives rows their ids: the source's, else the number of the row. A second row of an id fails as `duplicate-id`. */
function rowNamer(hasIds: boolean): (row: ImportRow, number: number) => { row: ImportRow; sourceId: string } {
  const ids = new IdSet()
  const isNew = (id: string): boolean => ids.add(createHash('sha256').update(id).digest('base64url'))
  const free = (wanted: string): string => {
    let name = wanted
    for (let copy = 2; !isNew(name); copy++) name = `${wanted} · ${copy}`
    return name
  }
  return (row, number) => {
    const { id, line } = row
    // Numbers are unique as they are, and need no memory.
    if (!hasIds && !row.failure) return { row, sourceId: String(number) }
    if (!row.failure && id !== null && isNew(id)) return { row, sourceId: id }
    const detail = `another row has the id "${id ?? ''}" already`
    return {
      row: { ...row, failure: row.failure ?? { reason: 'duplicate-id', detail } },
      sourceId: free(`line ${line}${id === null ? '' : ` (${id})`}`),
    }
  }
}

type NamedRow = Pick<ReadyRow, 'row' | 'sourceId'>
type PictureOf = (ref: PictureRef) => Promise<KeptPicture>

async function withPictures(named: NamedRow, pictureOf: PictureOf): Promise<ReadyRow> {
  const { row } = named
  if (row.failure) return { ...named, row: { ...row, pictures: [] }, pictures: [], isThere: false }
  try {
    const pictures = await Promise.all(row.pictures.map(pictureOf))
    // Their bytes are no longer needed.
    return { ...named, row: { ...row, pictures: [] }, pictures, isThere: false }
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error
    const failure = { reason: error.reason, detail: error.message.slice(0, 500) }
    return { ...named, row: { ...row, pictures: [], failure }, pictures: [], isThere: false }
  }
}

/** Looks at a picture; those of files only once while they are remembered: several questions ask about one picture. */
function rememberByPath({ places, keep, signal }: RowsOptions): PictureOf {
  const known = new Map<string, Promise<KeptPicture>>()
  const look = async (ref: PictureRef): Promise<KeptPicture> => {
    const bytes = await loadPicture(ref, places, signal)
    const info = await examineImage(bytes)
    return { ...info, hash: await keep(bytes), bytes: bytes.length }
  }
  return async (ref) => {
    if (!('path' in ref)) return look(ref)
    const file = await locatePicture(ref.path, places)
    const found = known.get(file)
    if (found) return found
    const looked = look({ path: file })
    looked.catch(() => undefined)
    known.set(file, looked)
    const [oldest] = known.keys()
    if (known.size > rememberedPictures && oldest !== undefined) known.delete(oldest)
    return looked
  }
}
