import { readFile } from 'node:fs/promises'
import pLimit from 'p-limit'
import { exists } from '../artifacts/exists.ts'
import { IdSet } from '../artifacts/id-set.ts'
import type { ArtifactStore } from '../artifacts/store.ts'
import { seen } from '../data/import/row-pictures.ts'
import type { PictureKeeper, SeenPicture } from '../data/import/row-pictures.ts'
import type { Database } from '../db/database.ts'
import { keepImages, unrecordedImages } from '../db/images.ts'
import { pictureHashes } from '../db/imports.ts'

/** Files asked for at a time: enough for the threads that Node has for them. */
const atOnce = 64

/**
 * Whether this home has all pictures of a dataset: rows are in a database that several homes may
 * share, pictures are in a home. Each picture is asked for once, however many rows show it.
 */
export async function hasPictures(db: Database, store: ArtifactStore, datasetId: string): Promise<boolean> {
  // Of the 64 digits, the 24 that an IdSet looks at.
  const shortened = (hash: string): string => Buffer.from(hash.slice(0, 24), 'hex').toString('base64url')
  const known = new IdSet()
  let batch: string[] = []
  for await (const hash of pictureHashes(db, datasetId)) {
    if (!known.add(shortened(hash))) continue
    batch.push(hash)
    if (batch.length < atOnce) continue
    if (!(await areThere(store, batch))) return false
    batch = []
  }
  return areThere(store, batch)
}

async function areThere(store: ArtifactStore, hashes: readonly string[]): Promise<boolean> {
  const there = await Promise.all(hashes.map((hash) => exists(store.imagePath(hash))))
  return there.every(Boolean)
}

/** Pictures recorded in one statement. */
const perStatement = 500

/** Keeps pictures in a home's store, and records them in its database, many at a time. */
export interface StoredPictures extends PictureKeeper {
  /** Records the last pictures. Rows may then show every picture that was kept or found. */
  settle(): Promise<void>
}

/** The pictures of this home, for the first look at a source. */
export function storedPictures(db: Database, store: ArtifactStore): StoredPictures {
  let fresh: SeenPicture[] = []
  let held = new Set<string>()
  const oneAtATime = pLimit(1)
  const record = (): Promise<void> => {
    const [pictures, hashes] = [fresh, [...held]]
    fresh = []
    held = new Set()
    return oneAtATime(async () => {
      await keepImages(db, pictures)
      // The store may be older than the database, or a run ended between the two.
      for (const hash of hashes.length === 0 ? [] : await unrecordedImages(db, hashes))
        await keepImages(db, [await seen(await readFile(store.imagePath(hash)), hash)])
    })
  }
  const recordMany = async (): Promise<void> => {
    if (fresh.length + held.size >= perStatement) await record()
  }
  return {
    async has(hash) {
      if (!(await exists(store.imagePath(hash)))) return false
      held.add(hash)
      await recordMany()
      return true
    },
    async keep(bytes, picture) {
      await store.putImage(bytes)
      fresh.push(picture)
      await recordMany()
    },
    settle: record,
  }
}
