import { readFile } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import type { ArtifactStore } from '../artifacts/store.ts'
import { examineImage } from '../data/pictures/examine.ts'
import type { FingerprintsOf } from '../data/steps/step.ts'
import type { Database } from '../db/database.ts'
import { readFingerprints, writeFingerprints } from '../db/fingerprints.ts'
import type { Fingerprint } from '../domain/rows.ts'
import { RowProblem } from '../domain/row-problem.ts'
import { createBatcher } from '../models/batcher.ts'
import { systemClock } from '../models/clock.ts'

/** Fingerprints kept in memory: about 40 MB. */
const remembered = 100_000
/**
 * Pictures read from the store at one time. Fewer are decoded at one time (data/pictures/open.ts).
 */
const readAhead = 8

/**
 * Fingerprints of pictures by SHA-256, read from Postgres for many callers at a time. A picture
 * that is older than fingerprints has none there: its fingerprint is made from the store and
 * written back, so it is made once. Left out are pictures that Postgres does not know, and pictures
 * whose file is broken or not in this home. A step that compares pictures then goes by the hashes
 * of their files.
 */
export function createFingerprints({ db, store }: { db: Database; store: ArtifactStore }): FingerprintsOf {
  const known = new LRUCache<string, Fingerprint>({ max: remembered })
  const batcher = createBatcher<readonly string[], ReadonlyMap<string, Fingerprint>>({
    maxItems: 256,
    maxDelayMs: 5,
    clock: systemClock,
    async flush(asked) {
      const stored = await readFingerprints(db, [...new Set(asked.flat())])
      const missing = [...stored].flatMap(([hash, fingerprint]) => (fingerprint ? [] : [hash]))
      const made = await fingerprintsFrom(store, missing)
      await writeFingerprints(db, made)
      for (const [hash, fingerprint] of stored) if (fingerprint) made.set(hash, fingerprint)
      return made
    },
  })

  return async (hashes) => {
    const found = new Map<string, Fingerprint>()
    const unknown = new Set<string>()
    for (const hash of hashes) {
      const fingerprint = known.get(hash)
      if (fingerprint) found.set(hash, fingerprint)
      else unknown.add(hash)
    }
    if (unknown.size === 0) return found
    const read = await batcher.add([...unknown])
    for (const hash of unknown) {
      const fingerprint = read.get(hash)
      if (!fingerprint) continue
      found.set(hash, fingerprint)
      known.set(hash, fingerprint)
    }
    return found
  }
}

async function fingerprintsFrom(store: ArtifactStore, hashes: readonly string[]): Promise<Map<string, Fingerprint>> {
  const made = new Map<string, Fingerprint>()
  await pLimit(readAhead).map(hashes, async (hash) => {
    const bytes = await readFile(store.imagePath(hash)).catch(() => null)
    if (bytes === null) return
    try {
      made.set(hash, (await examineImage(bytes)).fingerprint)
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error
    }
  })
  return made
}
