import { existsSync } from 'node:fs'
import type { ArtifactStore } from '../artifacts/store.ts'
import type { Database } from '../db/database.ts'
import { pictureHashes } from '../db/imports.ts'

/** Whether this home has all pictures of a dataset: rows are in a database that several homes may share, pictures in a home. */
export async function hasPictures(db: Database, store: ArtifactStore, datasetId: string): Promise<boolean> {
  for await (const hash of pictureHashes(db, datasetId)) if (!existsSync(store.imagePath(hash))) return false
  return true
}
