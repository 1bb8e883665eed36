import type { ArtifactStore } from '../artifacts/store.ts'
import type { Database } from '../db/database.ts'
import type { Launcher } from '../jobs/launcher.ts'
import type { TrainerBackend } from '../jobs/trainer.ts'
import type { RequestImages } from '../models/endpoint.ts'

/** What activities work with. worker/main wires the real parts; tests put in what they need. */
export interface Deps {
  db: Database
  store: ArtifactStore
  /** Pictures ready to be sent, cached for all shards of this worker. */
  images: RequestImages
  launcher: Launcher
  trainer: TrainerBackend
  /** Folder of run directories, one a job attempt. */
  runs: string
  /** The Python that trains and serves, with its environment. */
  python: { python: string; env: Record<string, string> }
  /** Where trainers send completions to be scored. The token stays in the environment variable of this name. */
  reward: { url: string; tokenEnv: string | null }
  /** Folder in which the reward server looks for the judges that recipes name. */
  judges: string
  /** What the `demo:` names in a recipe stand for; null when this worker has no demo world. */
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
