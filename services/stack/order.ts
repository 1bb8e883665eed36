import type { Python } from '../python.ts'
import type { TemporalAddress } from '../temporal.ts'
import type { StartPart } from './side-by-side.ts'

/** The parts of the demo that a worker needs. */
export interface DemoPlaces {
  world: string
  baseModel: string
  teacherUrl: string
}

/** The services that a worker connects to. */
export interface JoinedParts<Temporal extends TemporalAddress = TemporalAddress> {
  databaseUrl: string
  temporal: Temporal
  python: Python
  rewardUrl: string
  demo: DemoPlaces | null
}

/** How to bring up each part. Each tells its own progress and ends at its signal. */
export interface StackParts<Temporal extends TemporalAddress = TemporalAddress> {
  /** A database with Hone's tables. */
  database: (signal: AbortSignal) => Promise<{ url: string }>
  temporal: (signal: AbortSignal) => Promise<Temporal>
  python: (signal: AbortSignal) => Promise<Python>
  rewardServer: (signal: AbortSignal) => Promise<{ url: string }>
  worker: (parts: JoinedParts<Temporal>, signal: AbortSignal) => Promise<unknown>
  demo: {
    teacher: (signal: AbortSignal) => Promise<{ url: string }>
    /** Draws the pictures. Gives their folder. */
    world: (signal: AbortSignal) => Promise<string>
    /** Folder in which the base model is, or will be once it is trained. */
    baseModelPath: string
    trainBaseModel: (parts: { python: Python; world: string }, signal: AbortSignal) => Promise<unknown>
  } | null
}

/**
 * Brings up the parts in the order in which they need each other. The longest way on a new machine
 * is Python, then the base model, so no other part delays these two. The servers ask for their
 * ports at the very start: a port that is taken is reported at once, and not after minutes of
 * installing. The worker starts while the base model is trained: it needs only the folder's name,
 * and no campaign starts before all parts are there.
 */
export async function bringUpInOrder<Temporal extends TemporalAddress>(
  parts: StackParts<Temporal>,
  start: StartPart,
): Promise<JoinedParts<Temporal>> {
  const database = start(parts.database)
  const temporal = start(parts.temporal)
  const reward = start(parts.rewardServer)
  const python = start(parts.python)
  const demo = parts.demo && startDemo(parts.demo, python, start)
  const joined: JoinedParts<Temporal> = {
    databaseUrl: (await database).url,
    temporal: await temporal,
    python: await python,
    rewardUrl: (await reward).url,
    demo: demo && (await demo.places),
  }
  const worker = start((signal) => parts.worker(joined, signal))
  await Promise.all([demo?.baseModel, worker])
  return joined
}

function startDemo(
  parts: NonNullable<StackParts['demo']>,
  python: Promise<Python>,
  start: StartPart,
): { places: Promise<DemoPlaces>; baseModel: Promise<unknown> } {
  const teacher = start(parts.teacher)
  const world = start(parts.world)
  return {
    places: start(async () => ({
      world: await world,
      teacherUrl: (await teacher).url,
      baseModel: parts.baseModelPath,
    })),
    baseModel: start(async (signal) => parts.trainBaseModel({ python: await python, world: await world }, signal)),
  }
}
