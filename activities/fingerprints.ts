import { readFile } from 'node:fs/promises'
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
/** Pictures read from the store at one time; sharp decodes as many of them as there are cores. */
const readAhead = 8

/**
 * Fingerprints of pictures by SHA-256, from Postgres, many callers' at a time. Those of pictures from before there were any
 * are made from the store and written back, so that each is made once. A picture that Postgres does not know is left
 * out, and so is one whose file is not in this home or is broken: what compares pictures then goes by their files' hashes.
 */
export function createFingerprints({ db, store }: { db: Database; store: ArtifactStore }): FingerprintsOf {
  const known = new Map<string, Fingerprint>()
  const remember = (hash: string, fingerprint: Fingerprint) => {
    known.set(hash, fingerprint)
    const [oldest] = known.keys()
    if (known.size > remembered && oldest !== undefined) known.delete(oldest)
  }
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
      remember(hash, fingerprint)
    }
    return found
  }
}

const shared = new WeakMap<Database, FingerprintsOf>()

/** One memory of fingerprints for all shards of a worker. */
export function sharedFingerprints(deps: { db: Database; store: ArtifactStore }): FingerprintsOf {
  const fingerprintsOf = shared.get(deps.db) ?? createFingerprints(deps)
  shared.set(deps.db, fingerprintsOf)
  return fingerprintsOf
}

async function fingerprintsFrom(store: ArtifactStore, hashes: readonly string[]): Promise<Map<string, Fingerprint>> {
  const made = new Map<string, Fingerprint>()
  let next = 0
  const lane = async (): Promise<void> => {
    for (let hash = hashes[next++]; hash !== undefined; hash = hashes[next++]) {
      const bytes = await readFile(store.imagePath(hash)).catch(() => null)
      if (bytes === null) continue
      try {
        made.set(hash, (await examineImage(bytes)).fingerprint)
      } catch (error) {
        if (!(error instanceof RowProblem)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(readAhead, hashes.length) }, lane))
  return made
}
