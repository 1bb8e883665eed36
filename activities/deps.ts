import type { ArtifactStore } from '../artifacts/store.ts'
import type { Database } from '../db/database.ts'
import type { ModelServer } from '../jobs/servers/model-server.ts'
import type { Places } from '../jobs/site/place.ts'
import type { RequestImages } from '../models/endpoint.ts'
import type { Trainer } from '../trainers/trainer.ts'
import type { StepMemory } from './step-memory.ts'

/** What activities work with. worker/main wires the real parts; tests wire what they need. */
export interface Deps {
  db: Database
  store: ArtifactStore
  /** What data steps remember from shard to shard. */
  memory: StepMemory
  /** Pictures ready to be sent, cached for all shards of this worker. */
  images: RequestImages
  /** Where jobs run. */
  places: Places
  /** Training products by name. */
  trainers: Readonly<Record<string, Trainer>>
  /** Products that serve checkpoints, by name. */
  servers: Readonly<Record<string, ModelServer>>
  /** Folder in which the reward server looks for the judges that recipes name. */
  judges: string
  /** What the `demo:` names in a recipe mean; null when this worker has no demo world. */
  demo: DemoPlaces | null
  /** Aborts when this worker shuts down: jobs are left running for the next one. */
  shutdown: AbortSignal
}

/** Places of the demo world. */
export interface DemoPlaces {
  teacherUrl: string
  baseModel: string
  world: string
}
