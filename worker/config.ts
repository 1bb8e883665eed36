import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'

const positive = z.coerce.number().int().min(1)

/** The worker's whole configuration comes from the environment; `hone dev` fills it in. */
const environment = z.object({
  DATABASE_URL: z.string().min(1),
  TEMPORAL_ADDRESS: z.string().min(1),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  HONE_HOME: z.string().min(1),
  HONE_PYTHON: z.string().min(1),
  /** Site file; `site.yaml` in the home, if there is one, when left out. */
  HONE_SITE: z.string().min(1).optional(),
  HONE_TRAINER_PATH: z.string().min(1),
  HONE_REWARD_URL: z.url(),
  HONE_REWARD_TOKEN_ENV: z.string().min(1).optional(),
  /** Where the demo world is; all three or none. */
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
export type WorkerConfig = z.infer<typeof environment>

/** Parses the environment. Throws MissingDependency naming every variable that is absent or wrong, never its value. */
export function workerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const parsed = environment.safeParse(env)
  if (parsed.success) return parsed.data
  const names = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.')))]
  throw new HoneError({
    type: 'MissingDependency',
    message: `the worker's environment lacks a usable ${names.join(', ')}`,
    nextStep: 'start the worker through `hone dev`, which sets them, or set them yourself (docs/worker.md)',
  })
}
