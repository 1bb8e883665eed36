import { exists } from '../artifacts/exists.ts'
import { IdSet } from '../artifacts/id-set.ts'
import type { ArtifactStore } from '../artifacts/store.ts'
import type { Database } from '../db/database.ts'
import { pictureHashes } from '../db/imports.ts'

/** Files asked for at a time: enough for the threads that Node has for them. */
const atOnce = 64

/**
 * Whether this home has all pictures of a dataset: rows are in a database that several homes may share, pictures in a home. Each picture is
 * asked for once, however many rows show it.
 */
export async function hasPictures(db: Database, store: ArtifactStore, datasetId: string): Promise<boolean> {
  // Of the 64 digits, the 24 that an IdSet looks at.
  const shortened = (hash: string): string => Buffer.from(hash.slice(0, 24), 'hex').toString('base64url')
  const seen = new IdSet()
  let batch: string[] = []
  for await (const hash of pictureHashes(db, datasetId)) {
    if (!seen.add(shortened(hash))) continue
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
