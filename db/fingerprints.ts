import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Fingerprint } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { batchesOf, rowsOf, textArray } from './sql.ts'

const stored = z.object({
  hash: z.string(),
  phash: z.string().nullable(),
  dhash: z.string().nullable(),
  pixels: z.string().nullable(),
  spread: z.number().nullable(),
})

const perStatement = 5000

/**
 * Fingerprints of these pictures by hash; null for a picture without a fingerprint yet. Pictures
 * that belong to no row are left out.
 */
export async function readFingerprints(
  db: Database,
  hashes: readonly string[],
): Promise<Map<string, Fingerprint | null>> {
  const found = new Map<string, Fingerprint | null>()
  for (const batch of batchesOf(hashes, perStatement)) {
    const rows = await rowsOf(
      db,
      stored,
      sql`select hash, phash, dhash, pixels, spread from images where hash = any(${textArray(batch)})`,
    )
    for (const { hash, phash, dhash, pixels, spread } of rows) {
      const isWhole = phash !== null && dhash !== null && pixels !== null && spread !== null
      found.set(hash, isWhole ? { phash, dhash, pixels, spread } : null)
    }
  }
  return found
}

/**
 * Keeps fingerprints of pictures that have no fingerprint yet. Two workers may do this at once:
 * their fingerprints are the same.
 */
export async function writeFingerprints(db: Database, made: ReadonlyMap<string, Fingerprint>): Promise<void> {
  // Sorted by hash, so that two workers cannot block each other for ever.
  const inOrder = [...made].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const batch of batchesOf(inOrder, perStatement)) {
    const column = (of: keyof Fingerprint) => textArray(batch.map(([, fingerprint]) => String(fingerprint[of])))
    await db.execute(sql`
      update images set phash = made.phash, dhash = made.dhash, pixels = made.pixels, spread = made.spread::float8
      from unnest(${textArray(batch.map(([hash]) => hash))}, ${column('phash')}, ${column('dhash')}, ${column('pixels')},
        ${column('spread')}) as made (hash, phash, dhash, pixels, spread)
      where images.hash = made.hash and images.phash is null`)
  }
}
