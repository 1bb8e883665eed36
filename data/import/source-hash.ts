import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { contentHash } from '../../artifacts/hash.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { rowMaker } from './to-row.ts'
import { locatePicture, type PicturePlaces } from './load-pictures.ts'
import type { Mapping } from './mapping.ts'
import type { OpenSource } from './open.ts'

/** Changes when rows would be made otherwise of the same source. */
const importVersion = 1

export interface HashOptions {
  mapping: Mapping
  places: PicturePlaces
  maxRows: number | undefined
  /** Whether rows name pictures by path: then these are hashed as well. */
  hasPaths: boolean
  signal?: AbortSignal | undefined
  onPictures: (count: number) => void
}

/**
 * SHA-256 over the contents of a source's files (or of its archive), of the pictures that its rows name, and over all that decides
 * what becomes of them. The same import twice has the same hash, wherever the files lie. What a URL holds is not in it.
 */
export async function importHash({ found, archive, reader }: OpenSource, options: HashOptions): Promise<string> {
  const { mapping, places, maxRows, hasPaths, signal } = options
  const contents: string[] = []
  if (found.format !== 'pictures' || archive !== null)
    for (const file of archive === null ? found.files : [archive]) {
      contents.push(await fileHash(file, signal))
    }
  return contentHash({
    version: importVersion,
    contents,
    format: found.format,
    // An archive may hold several sets.
    part: archive === null ? null : found.files.map((file) => file.slice(found.root.length)),
    mapping,
    maxRows: maxRows ?? null,
    allowUrls: places.allowUrls,
    pictures: hasPaths ? await picturesHash(reader, options) : null,
  })
}

/** SHA-256 of a file. Shards may have gigabytes: whoever wants to stop shall not wait for the end of one. */
async function fileHash(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.digest('hex')
}

/** Over the pictures that rows name, in their order; one that is missing counts as such. */
async function picturesHash(reader: OpenSource['reader'], options: HashOptions): Promise<string> {
  const { mapping, places, maxRows = Number.POSITIVE_INFINITY, signal, onPictures } = options
  const hash = createHash('sha256')
  const known = new Map<string, string>()
  const makeRow = rowMaker(mapping)
  let rows = 0
  let pictures = 0
  for await (const batch of reader.read())
    for (const record of batch) {
      signal?.throwIfAborted()
      if (++rows > maxRows) return hash.digest('hex')
      for (const ref of makeRow(record).pictures) {
        if (!('path' in ref)) continue
        const file = await locatePicture(ref.path, places).catch((error: unknown) => {
          if (error instanceof RowProblem) return error.reason
          throw error
        })
        const content = known.get(file) ?? (await fileHash(file, signal).catch(() => 'missing'))
        known.set(file, content)
        const [oldest] = known.keys()
        if (known.size > 65_536 && oldest !== undefined) known.delete(oldest)
        hash.update(`${ref.path}\n${content}\n`)
        if (++pictures % 1000 === 0) onPictures(pictures)
      }
    }
  return hash.digest('hex')
}
