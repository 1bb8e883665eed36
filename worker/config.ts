import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { usersTemporal } from '../services/temporal-server.ts'
import type { TemporalServer } from '../services/temporal-server.ts'

const positive = z.coerce.number().int().min(1)

/**
 * The worker's whole configuration, Temporal's included, comes from the environment. `hone dev`
 * sets it.
 */
const environment = z.object({
  DATABASE_URL: z.string().min(1),
  HONE_HOME: z.string().min(1),
  HONE_PYTHON: z.string().min(1),
  /** Site file; `site.yaml` in the home, if there is one, when left out. */
  HONE_SITE: z.string().min(1).optional(),
  HONE_TRAINER_PATH: z.string().min(1),
  HONE_REWARD_URL: z.url(),
  HONE_REWARD_TOKEN_ENV: z.string().min(1).optional(),
  /** Where the demo world is: all three variables, or not one of them. */
  HONE_DEMO_TEACHER_URL: z.string().optional(),
  HONE_DEMO_BASE_MODEL: z.string().optional(),
  HONE_DEMO_WORLD: z.string().optional(),
  /** Port on loopback that answers once the worker takes work. */
  HONE_HEALTH_PORT: positive.optional(),
  HONE_SLOTS_INFERENCE: positive.default(8),
  /** Trainings without GPUs that run at once on this machine. */
  HONE_SLOTS_GPU: positive.default(1),
})

/** What the worker runs with. */
export type WorkerConfig = z.infer<typeof environment> & { temporal: TemporalServer }

/**
 * Parses the environment. Throws MissingDependency with the name of every variable that is absent
 * or wrong, never with a value; InvalidInput for a setting of Temporal that cannot be used.
 */
export function workerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const temporal = usersTemporal(env)
  const parsed = environment.safeParse(env)
  if (parsed.success && temporal) return { ...parsed.data, temporal }
  const wrong = parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.'))
  const names = [...new Set([...wrong, ...(temporal ? [] : ['TEMPORAL_ADDRESS (or TEMPORAL_PROFILE)'])])]
  throw new HoneError({
    type: 'MissingDependency',
    message: `the worker's environment lacks a usable ${names.join(', ')}`,
    nextStep: 'start the worker through `hone dev`, which sets them, or set them yourself (docs/worker.md)',
  })
}
