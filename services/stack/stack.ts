import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '../../db/database.ts'
import { HoneError } from '../../domain/errors.ts'
import { sweepLocalJobs } from '../../jobs/launchers/local/stop.ts'
import { readSite } from '../../jobs/site/read-site.ts'
import { endDescendants } from '../descendants.ts'
import { claimHome } from '../dev-lock.ts'
import { ensureFolder, honeCache, homePaths } from '../home.ts'
import { bringUpPostgres } from '../postgres.ts'
import { adoptService, findService, runningServices } from '../processes.ts'
import type { Service } from '../processes.ts'
import type { Progress } from '../progress.ts'
import { bringUpPython } from '../python.ts'
import { bringUpTemporal } from '../temporal.ts'
import type { Temporal } from '../temporal.ts'
import { hasDemoWorld, makeDemoWorld, startTeacherService } from './demo-world.ts'
import { rewardToken, startRewardService, startWorkerService } from './stack-services.ts'
import type { WorkerPlaces } from './stack-services.ts'

/** Everything that campaigns run on, up and owned by this process. */
export interface Stack {
  home: string
  databaseUrl: string
  temporal: Temporal
  /** Starts again what has died; returns what it started. */
  mend(): Promise<string[]>
  /** Ends all that this home owns and returns when no process is left. */
  stop(): Promise<void>
}

export interface StackOptions {
  home: string
  progress: Progress
  /** Bring up the demo world too; when absent, if this home has one. */
  withDemo?: boolean
  /** Site file; the one in the home, if there is one, when absent. */
  site?: string | undefined
  signal: AbortSignal
}

/**
 * Brings up Postgres, Temporal, the Python environment, the reward server, the demo's parts and the
 * worker. A failure or an abort midway ends what is up already.
 * @throws HoneError AlreadyRunning when another process holds this home; what the parts throw.
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
    return { ...(await raceAbort(bringUpParts(options), signal)), stop }
  } catch (error) {
    endDescendants()
    await stop()
    throw error
  }
}

async function bringUpParts(options: StackOptions): Promise<Omit<Stack, 'stop'>> {
  const { home, progress, signal } = options
  const cache = honeCache()
  // Before anything is brought up: a mistake in it is told at once.
  const { reward: listening } = await readSite(home, options.site)
  const postgres = await bringUpPostgres({ home, progress })
  signal.throwIfAborted()
  await migrate(postgres.url)
  const temporal = await bringUpTemporal({ home, cache, progress })
  signal.throwIfAborted()
  // After the servers: a port that is taken is told before minutes of installing.
  const python = await bringUpPython({ cache, progress })
  signal.throwIfAborted()
  const token = rewardToken(home)
  const demo =
    (options.withDemo ?? hasDemoWorld(home)) ? await makeDemoWorld({ home, cache, python, progress, signal }) : null
  signal.throwIfAborted()

  progress.start('servers')
  const reward = await startRewardService(home, token, listening.listen)
  const teacher = demo && (await startTeacherService(home))
  const places: WorkerPlaces = {
    home,
    databaseUrl: postgres.url,
    temporal,
    python,
    reward: { url: reward.url, token, listen: listening.listen },
    site: options.site,
    demo: demo && teacher && { ...demo, teacherUrl: teacher.url },
  }
  signal.throwIfAborted()
  await startWorkerService(places)
  progress.done(`worker, reward server${teacher ? ', demo teacher' : ''}`)
  return { home, databaseUrl: postgres.url, temporal, mend: () => mend(places) }
}

/**
 * A part that died (a crash, a kill -9) is started again; jobs and campaigns go on where they were.
 */
async function mend(places: WorkerPlaces): Promise<string[]> {
  const { home } = places
  const started: string[] = []
  const again = async (name: string, start: () => Promise<unknown>) => {
    if (findService(home, name)) return
    await start()
    started.push(name)
  }
  await again('reward', () => startRewardService(home, places.reward.token, places.reward.listen))
  if (places.demo) await again('teacher', () => startTeacherService(home))
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
  const inOrder = ['worker', 'reward', 'teacher', 'temporal', 'postgres']
  const stopNamed = async (name: string) => {
    const record = findService(home, name)
    if (record)
      await stopGently(
        home,
        adoptService(home, record, name === 'postgres' ? { stopSignal: 'SIGINT', graceSeconds: 30 } : {}),
      )
  }
  await stopNamed('worker')
  await sweepLocalJobs(homePaths(home).runs)
  for (const name of inOrder.slice(1)) await stopNamed(name)
}

async function stopGently(home: string, service: Service): Promise<void> {
  await service.stop()
  // A service that was just being started writes its record a moment later.
  if (findService(home, service.record.name)) {
    await sleep(200)
    await service.stop()
  }
}

function raceAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  work.catch(() => undefined)
  return Promise.race([work, aborted])
}
