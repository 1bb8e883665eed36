import { LRUCache } from 'lru-cache'
import { sha256Hex } from '../../artifacts/hash.ts'
import { RowProblem } from '../../domain/row-problem.ts'
import { examineImage } from '../pictures/examine.ts'
import type { ExaminedImage } from '../pictures/examine.ts'
import { locatePicture } from '../pictures/locate.ts'
import { sourceChanged } from './file-stamps.ts'
import { isLfsPointer } from './lfs-pointer.ts'
import { loadPicture } from './load-pictures.ts'
import type { PicturePlaces } from './load-pictures.ts'
import type { PictureLedger } from './picture-ledger.ts'
import { unreadFormat } from './picture-names.ts'
import type { PictureRef } from './picture-refs.ts'

/** A whole picture that was looked at. */
export interface SeenPicture extends ExaminedImage {
  /** SHA-256 of the file. */
  hash: string
  bytes: number
}

/** Keeps pictures. Every picture that it has was whole when it was kept. */
export interface PictureKeeper {
  has(hash: string): Promise<boolean>
  keep(bytes: Uint8Array, picture: SeenPicture): Promise<void>
}

/** Reads the pictures of one record after the other, in the order of the records. */
export interface RowPictures<Picture> {
  /**
   * Takes the pictures of the next record and returns a function that reads them. It rejects with
   * RowProblem.
   */
  next(refs: readonly PictureRef[]): () => Promise<Picture[]>
}

/** Results for so many files are remembered: several questions ask about one picture. */
const remembered = 4096

export interface LookingOptions {
  places: PicturePlaces
  /** Gets every whole picture that is looked at. */
  keep?: ((bytes: Uint8Array, picture: SeenPicture) => Promise<unknown>) | undefined
  signal?: AbortSignal | undefined
}

/** Pictures that are loaded and decoded when their row is made. */
export function lookedAtPictures({ places, keep, signal }: LookingOptions): RowPictures<SeenPicture> {
  const known = new LRUCache<string, Promise<SeenPicture>>({ max: remembered })
  const look = async (ref: PictureRef): Promise<SeenPicture> => {
    const bytes = await loadPicture(ref, places, signal)
    const picture = await seen(bytes).catch((error: unknown) => {
      throw 'path' in ref ? inFile(ref.path, error) : error
    })
    await keep?.(bytes, picture)
    return picture
  }
  const lookOnce = async (ref: PictureRef): Promise<SeenPicture> => {
    if (!('path' in ref)) return await look(ref)
    const file = await locatePicture(ref.path, places)
    const found = known.get(file)
    if (found) return await found
    const looking = look({ path: file })
    known.set(file, looking)
    return await looking
  }
  const shown = (ref: PictureRef): Promise<SeenPicture> =>
    lookOnce(ref).catch((error: unknown) => {
      if (!(error instanceof RowProblem) || !places.shown) throw error
      throw new RowProblem(error.reason, places.shown(error.message), error)
    })
  return { next: (refs) => () => Promise.all(refs.map(shown)) }
}

/** A picture that was kept before its row was made. */
export interface KeptPicture {
  /** SHA-256 of the file. */
  hash: string
}

/**
 * Pictures of the first look: a row gets the pictures that the source's hash was made of. Pictures
 * that are not in files are looked at now. So is a file that could not be used, to give the reason.
 */
export function picturesOfLedger(
  ledger: PictureLedger,
  options: LookingOptions,
): RowPictures<SeenPicture | KeptPicture> {
  const nextHash = ledger.reader()
  const others = lookedAtPictures(options)
  const pictureOf = async (ref: PictureRef, hash: string | null | undefined): Promise<SeenPicture | KeptPicture> => {
    if (typeof hash === 'string') return { hash }
    const [picture] = await others.next([ref])()
    // A file that can be used now is not the file that the first look has seen.
    if (!picture || 'path' in ref) throw sourceChanged('path' in ref ? ref.path : 'the source')
    return picture
  }
  return {
    next(refs) {
      const taken = refs.map((ref) => ({ ref, hash: 'path' in ref ? nextHash() : null }))
      return () => Promise.all(taken.map(({ ref, hash }) => pictureOf(ref, hash)))
    },
  }
}

/** Decodes a picture. Throws RowProblem `image-broken` or `image-too-large`. */
export async function seen(bytes: Uint8Array, hash: string = sha256Hex(bytes)): Promise<SeenPicture> {
  const examined = await examineImage(bytes).catch((error: unknown) => {
    throw withFormat(error, bytes)
  })
  return { ...examined, hash, bytes: bytes.length }
}

/** A picture that cannot be decoded, with what its bytes are where that is known. */
function withFormat(error: unknown, bytes: Uint8Array): unknown {
  if (!(error instanceof RowProblem) || error.reason !== 'image-broken') return error
  if (isLfsPointer(bytes))
    return new RowProblem(error.reason, 'it is a Git LFS pointer: `git lfs pull` fetches the picture', error)
  const format = unreadFormat(bytes)
  if (format === null) return error
  return new RowProblem(error.reason, `${format} is not a picture format that is read here: convert it to PNG`, error)
}

/** A problem of a picture with the name of its file. */
function inFile(path: string, error: unknown): unknown {
  if (!(error instanceof RowProblem)) return error
  return new RowProblem(error.reason, `${path.slice(0, 300)}: ${error.message}`, error)
}
