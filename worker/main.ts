import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { createActivities } from '../activities/create.ts'
import { createStepMemory } from '../activities/step-memory.ts'
import { openArtifactStore } from '../artifacts/store.ts'
import { createImages } from '../data/pictures/prepare.ts'
import { openDatabase } from '../db/database.ts'
import { describeError } from '../domain/errors.ts'
import { plainText } from '../domain/plain-text.ts'
import { modelServers } from '../jobs/servers/registry.ts'
import { openPlaces } from '../jobs/site/open-places.ts'
import { readSite } from '../jobs/site/read-site.ts'
import { trlEnvironment } from '../services/environments.ts'
import { honeCache, homePaths } from '../services/home.ts'
import { madeEnvironment } from '../services/python.ts'
import { trainers } from '../trainers/registry.ts'
import { bundleWorkflows } from './bundle.ts'
import { workerConfig } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { startHealthServer } from './health.ts'
import { connectWorker } from './temporal.ts'
import { createWorkers, runWorkers } from './workers.ts'

/**
 * Trainings that one worker watches at once. Watching costs nothing. The places decide how many
 * trainings run, and a job that waits in a scheduler's queue for days holds up no other job.
 */
const watchedTrainings = 200

/**
 * Config → dependencies → Temporal workers → run, until SIGTERM. Jobs are left running, and the
 * next worker finds them.
 */
async function main(): Promise<void> {
  const config = workerConfig()
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] })
  const shutdown = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => shutdown.abort())
  const stopped = new Promise<void>((resolve) => shutdown.signal.addEventListener('abort', () => resolve()))

  const database = openDatabase(config.DATABASE_URL, { max: 20 })
  const [temporal, bundle, store] = await Promise.all([
    connectWorker(config.temporal),
    bundleWorkflows(),
    openArtifactStore(join(config.HONE_HOME, 'artifacts')),
  ])
  const places = await placesOf(config)
  const activities = createActivities({
    db: database.db,
    store,
    memory: createStepMemory({ db: database.db, store }),
    images: createImages({ source: { read: (hash) => readFile(store.imagePath(hash)) } }),
    places,
    trainers,
    servers: modelServers,
    judges: homePaths(config.HONE_HOME).judges,
    demo: demoPlaces(config),
    shutdown: shutdown.signal,
  })
  const workers = await createWorkers({
    connection: temporal.connection,
    namespace: config.temporal.namespace,
    bundle,
    activities,
    slots: { io: 20, inference: config.HONE_SLOTS_INFERENCE, gpu: watchedTrainings },
    shutdownGraceSeconds: 5,
  })
  const closeHealth = config.HONE_HEALTH_PORT ? await startHealthServer(config.HONE_HEALTH_PORT) : null
  console.log(JSON.stringify({ ready: true, service: 'worker', pid: process.pid }))
  await runWorkers(workers, stopped)
  for (const { launcher } of places.all()) launcher.close()
  await closeHealth?.()
  await temporal.close()
  await database.close()
}

/** The site's places, as this machine reaches them. */
async function placesOf(config: WorkerConfig) {
  const shared = { PYTHONPATH: config.HONE_TRAINER_PATH }
  return openPlaces({
    site: await readSite(config.HONE_HOME, config.HONE_SITE),
    runs: join(config.HONE_HOME, 'runs'),
    python: config.HONE_PYTHON,
    made: (name) =>
      name === trlEnvironment.name ? { python: config.HONE_PYTHON, env: shared } : madeEnvironment(name, honeCache()),
    slots: config.HONE_SLOTS_GPU,
    shared,
    reward: { url: config.HONE_REWARD_URL, tokenEnv: config.HONE_REWARD_TOKEN_ENV ?? null },
  })
}

function demoPlaces(config: WorkerConfig) {
  const { HONE_DEMO_TEACHER_URL: teacherUrl, HONE_DEMO_BASE_MODEL: baseModel, HONE_DEMO_WORLD: world } = config
  return teacherUrl && baseModel && world ? { teacherUrl, baseModel, world } : null
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(plainText(describeError(error)))
    process.exit(1)
  },
)
