import { readFile, stat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import { RowProblem } from '../../domain/row-problem.ts'
import { headerOf, imagesAtOnce } from './open.ts'
import { isPlain, seenPng } from './seen.ts'

/** Keeps pictures and what models see of them, by SHA-256. artifacts/store.ts is such a store. */
export interface SeenStore {
  imagePath(hash: string): string
  seenHash(hash: string): Promise<string | null>
  putSeen(hash: string, bytes: Uint8Array): Promise<string>
}

/** A file that every decoder reads as the picture that the model sees. */
export interface SeenFile {
  /** SHA-256 of the file. It is the picture's own hash where the stored file is plain. */
  hash: string
  path: string
  /** Size of the file. */
  bytes: number
  /** Size of the picture in pixels, upright. */
  width: number
  height: number
}

const remembered = 20_000

/**
 * Finds the files of pictures for jobs and exports. A plain picture is its stored file. Any other
 * picture becomes a PNG once; the store keeps the PNG as an image of its own, so a second job or
 * export finds it. Remembers the last 20,000 pictures. The search rejects with RowProblem
 * `image-missing`, `image-broken` or `image-too-large`.
 */
export function createSeenFiles(store: SeenStore): (hash: string) => Promise<SeenFile> {
  const known = new LRUCache<string, Promise<SeenFile>>({ max: remembered })
  const atOnce = pLimit(imagesAtOnce)
  return (hash) => {
    const found = known.get(hash)
    if (found) return found
    const made = atOnce(() => findOrMake(store, hash))
    known.set(hash, made)
    made.catch(() => known.delete(hash))
    return made
  }
}

async function findOrMake(store: SeenStore, hash: string): Promise<SeenFile> {
  const stored = store.imagePath(hash)
  const bytes = await sizeOf(stored, hash)
  const header = await headerOf(stored)
  const { width, height } = header
  if (isPlain(header)) return { hash, path: stored, bytes, width, height }
  const seen = (await store.seenHash(hash)) ?? (await store.putSeen(hash, await seenPng(await readFile(stored))))
  const path = store.imagePath(seen)
  return { hash: seen, path, bytes: await sizeOf(path, seen), width, height }
}

async function sizeOf(path: string, hash: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  if (found) return found.size
  throw new RowProblem('image-missing', `picture ${hash.slice(0, 12)} is not in the store`)
}
