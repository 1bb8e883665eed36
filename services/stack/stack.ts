import { migrate } from '../../db/database.ts'
import { HoneError } from '../../domain/errors.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { readSite } from '../../jobs/site/read-site.ts'
import { claimHome } from '../dev-lock.ts'
import { endDescendants } from '../end-processes.ts'
import { ensureFolder, honeCache, homePaths } from '../home.ts'
import { bringUpPostgres } from '../postgres.ts'
import { adoptService, findService, runningServices } from '../processes.ts'
import type { Progress } from '../progress.ts'
import { bringUpPython } from '../python.ts'
import { bringUpTemporal } from '../temporal.ts'
import type { Temporal } from '../temporal.ts'
import { demoBasePath, hasDemoWorld, makeBaseModel, makePictures } from './demo-world.ts'
import { bringUpInOrder } from './order.ts'
import type { StackParts } from './order.ts'
import { rewardToken, startRewardService, startTeacherService, startWorkerService } from './own-services.ts'
import type { WorkerPlaces } from './own-services.ts'
import { sideBySide } from './side-by-side.ts'

/** Everything that campaigns run on, up and owned by this process. */
export interface Stack {
  home: string
  databaseUrl: string
  temporal: Temporal
  /** Starts dead services again. Returns the names of the services that it started. */
  mend(): Promise<string[]>
  /** Ends every process of this home and returns when no process is left. */
  stop(): Promise<void>
}

export interface StackOptions {
  home: string
  progress: Progress
  /** Whether to bring up the demo world too. When absent: if this home has a demo world. */
  withDemo?: boolean
  /** Site file. When absent: the home's own site file, if there is one. */
  site?: string | undefined
  signal: AbortSignal
}

/**
 * Brings up Postgres, Temporal, the Python environment, the reward server, the demo's parts and the
 * worker, side by side where they do not need each other. A failure or an abort midway ends the
 * parts that are up already. Throws AlreadyRunning when another process holds this home, and the
 * errors of the parts.
 */
export async function bringUpStack(options: StackOptions): Promise<Stack> {
  const { home, signal } = options
  ensureFolder(homePaths(home).services)
  const claim = claimHome(home, process.argv.slice(1).join(' '))
  if (claim.status === 'held')
    throw new HoneError({
      type: 'AlreadyRunning',
      message: `Hone already runs in ${home} (process ${claim.owner.pid})`,
      nextStep: 'use it as it is: hone list, hone watch; or stop that process first (Ctrl-C there)',
    })
  const stop = async () => {
    await stopEverything(home)
    claim.release()
  }
  try {
    await stopOwnLeftovers(home)
    return { ...(await bringUpParts(options)), stop }
  } catch (error) {
    await stop()
    throw signal.aborted ? signal.reason : error
  }
}

async function bringUpParts(options: StackOptions): Promise<Omit<Stack, 'stop'>> {
  const { home, signal, site } = options
  // Before anything is brought up: a mistake in the site file is told at once.
  const { reward } = await readSite(home, site)
  const places = (joined: Omit<WorkerPlaces, 'home' | 'site' | 'rewardToken'>): WorkerPlaces => ({
    ...joined,
    home,
    site,
    rewardToken: rewardToken(home),
  })
  const parts = partsOf(options, reward.listen, places)
  const up = await sideBySide(signal, (start) => bringUpInOrder(parts, start), endDescendants)
  const { databaseUrl, temporal } = up
  return { home, databaseUrl, temporal, mend: () => mend(places(up), reward.listen) }
}

function partsOf(
  { home, progress, withDemo }: StackOptions,
  listen: string,
  places: (joined: Parameters<StackParts<Temporal>['worker']>[0]) => WorkerPlaces,
): StackParts<Temporal> {
  const cache = honeCache()
  /** Starts one of our own services as a part of its own on the screen. */
  const shown = async <Started>(label: string, start: () => Promise<Started>): Promise<Started> => {
    const lane = progress.beside()
    lane.start(label)
    try {
      const started = await start()
      lane.done()
      return started
    } catch (error) {
      lane.fail()
      throw error
    }
  }
  return {
    database: async (signal) => {
      const postgres = await bringUpPostgres({ home, progress: progress.beside(), signal })
      signal.throwIfAborted()
      await migrate(postgres.url)
      return postgres
    },
    temporal: (signal) => bringUpTemporal({ home, cache, progress: progress.beside(), signal }),
    python: (signal) => bringUpPython({ cache, progress: progress.beside(), signal }),
    rewardServer: (signal) =>
      shown('reward server', () => startRewardService({ home, token: rewardToken(home), listen, signal })),
    worker: (joined, signal) => shown('worker', () => startWorkerService(places(joined), signal)),
    demo:
      (withDemo ?? hasDemoWorld(home))
        ? {
            teacher: (signal) => shown('demo teacher', () => startTeacherService({ home, signal })),
            world: (signal) => makePictures({ home, progress: progress.beside(), signal }),
            baseModelPath: demoBasePath(cache),
            trainBaseModel: (made, signal) => makeBaseModel({ ...made, cache, progress: progress.beside(), signal }),
          }
        : null,
  }
}

/**
 * Starts a part again that has died (a crash, a kill -9). Jobs and campaigns go on where they were.
 */
async function mend(places: WorkerPlaces, listen: string): Promise<string[]> {
  const { home } = places
  const started: string[] = []
  const again = async (name: string, start: () => Promise<unknown>) => {
    if (findService(home, name)) return
    await start()
    started.push(name)
  }
  await again('reward', () => startRewardService({ home, token: places.rewardToken, listen }))
  if (places.demo) await again('teacher', () => startTeacherService({ home }))
  await again('worker', () => startWorkerService(places))
  return started
}

/**
 * Servers of ours that a killed `hone dev` left behind hold old settings. Postgres and Temporal are
 * adopted where they are brought up; the reward server is replaced where it is started, because a
 * trainer may be asking it.
 */
async function stopOwnLeftovers(home: string): Promise<void> {
  for (const record of runningServices(home))
    if (['worker', 'teacher'].includes(record.name)) await adoptService(home, record).stop()
}

/** The worker first, so that it starts nothing more; then jobs; the databases last. */
async function stopEverything(home: string): Promise<void> {
  const stopNamed = async (name: string) => {
    const record = findService(home, name)
    const options = name === 'postgres' ? ({ stopSignal: 'SIGINT', graceSeconds: 30 } as const) : {}
    if (record) await adoptService(home, record, options).stop()
  }
  await stopNamed('worker')
  await sweepLocalJobs(homePaths(home).runs)
  for (const name of ['reward', 'teacher', 'temporal', 'postgres']) await stopNamed(name)
}
