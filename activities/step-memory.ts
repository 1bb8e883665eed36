import { LRUCache } from 'lru-cache'
import type { ArtifactStore } from '../artifacts/store.ts'
import type { FingerprintsOf } from '../data/steps/step.ts'
import type { Database } from '../db/database.ts'
import { createFingerprints } from './fingerprints.ts'

/** What all shards of a worker share, so that it is computed once a worker and not once a shard. */
export interface StepMemory {
  fingerprintsOf: FingerprintsOf
  /** What a step made of the datasets that it weighs, by step and datasets. */
  overviews: LRUCache<string, Promise<unknown>>
}

const overviewsKept = 32

export const createStepMemory = (deps: { db: Database; store: ArtifactStore }): StepMemory => ({
  fingerprintsOf: createFingerprints(deps),
  overviews: new LRUCache({ max: overviewsKept }),
})
