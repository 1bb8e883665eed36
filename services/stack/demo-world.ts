import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { baseModelName, ensureBaseModel } from '../../demo/base-model.ts'
import { writeWorld } from '../../demo/world.ts'
import { cachePaths, homePaths } from '../home.ts'
import { withLock } from '../lock.ts'
import { findService } from '../processes.ts'
import type { Progress } from '../progress.ts'
import { trainerFolder } from '../python.ts'
import type { Python } from '../python.ts'

/** Folder of the demo's pictures and questions, made or not. */
export const worldFolder = (home: string): string => join(homePaths(home).root, 'demo', 'world')

/** True when the demo was ever made in this home: then its campaign may need it again. */
export const hasDemoWorld = (home: string): boolean => existsSync(join(worldFolder(home), 'manifest.json'))

/** Where the demo's base model is in the cache, made or not. */
export const demoBasePath = (cache: string): string => join(cachePaths(cache).models, baseModelName(trainerFolder))

/** Folder of the demo's base model in the cache; null when it was not made yet. */
export function findDemoBase(cache: string): string | null {
  const path = demoBasePath(cache)
  return existsSync(path) ? path : null
}

/** Pictures and questions, found or drawn now. Gives their folder. Throws the signal's reason. */
export async function makePictures(options: {
  home: string
  progress: Progress
  signal: AbortSignal
}): Promise<string> {
  const { home, progress, signal } = options
  const world = worldFolder(home)
  progress.start('demo pictures')
  try {
    const { rows, written } = await writeWorld(world, ({ done, total }) => {
      // Drawing can be stopped only here. Otherwise Ctrl-C would wait for the last picture.
      signal.throwIfAborted()
      progress.update(`${done} of ${total} pictures`)
    })
    const { train, dev, report } = rows
    progress.done(`${written ? 'written' : 'found'}, ${train} train, ${dev} dev, ${report} report questions`)
    return world
  } catch (error) {
    progress.fail()
    throw error
  }
}

/**
 * The weak base model, found in the cache or trained now. Throws TrainingFailed; the signal's
 * reason.
 */
export async function makeBaseModel(options: {
  cache: string
  world: string
  python: Python
  progress: Progress
  signal: AbortSignal
}): Promise<void> {
  const { cache, world, python, progress, signal } = options
  progress.start('demo base model')
  const { models } = cachePaths(cache)
  const onProgress = (text: string): void => progress.update(text)
  const waiting = ({ pid }: { pid: number }): void => {
    signal.throwIfAborted()
    progress.update(`waiting for process ${pid}, which trains it`)
  }
  try {
    const { isNew } = await withLock(
      join(models, 'demo-base.lock'),
      'demo base model',
      () => ensureBaseModel({ models, world, python, trainer: trainerFolder, signal, onProgress }),
      waiting,
    )
    progress.done(isNew ? 'trained from nothing, kept for next time' : 'found, trained earlier')
  } catch (error) {
    progress.fail()
    throw error
  }
}

/** Where the demo's parts are now, or null when its teacher does not run. */
export function demoPlaces(home: string): { world: string; teacherUrl: string } | null {
  const port = findService(home, 'teacher')?.details['port']
  return port === undefined ? null : { world: worldFolder(home), teacherUrl: `http://127.0.0.1:${port}/v1` }
}
