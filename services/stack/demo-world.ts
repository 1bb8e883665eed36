import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { baseModelName, ensureBaseModel } from '../../demo/base-model.ts'
import { writeWorld } from '../../demo/world.ts'
import { cachePaths, homePaths } from '../home.ts'
import { withLock } from '../lock.ts'
import { nodeEntry } from '../node-process.ts'
import { choosePort } from '../ports.ts'
import { findService, startService } from '../processes.ts'
import type { Service } from '../processes.ts'
import type { Progress } from '../progress.ts'
import { trainerFolder } from '../python.ts'
import type { Python } from '../python.ts'

/** Where the demo's pictures and questions lie once they were made. */
export const worldFolder = (home: string): string => join(homePaths(home).root, 'demo', 'world')

/** True when the demo was ever made in this home: then its campaign may need it again. */
export const hasDemoWorld = (home: string): boolean => existsSync(join(worldFolder(home), 'manifest.json'))

/** Pictures, questions and the weak base model: found, or made now, with progress. */
export async function makeDemoWorld(options: {
  home: string
  cache: string
  python: Python
  progress: Progress
  signal: AbortSignal
}): Promise<{ world: string; baseModel: string }> {
  const { home, cache, python, progress, signal } = options
  const world = worldFolder(home)
  progress.start('demo pictures')
  const { rows, written } = await writeWorld(world, ({ done, total }) => {
    // The only way to stop it; else Ctrl-C would wait for the last picture.
    signal.throwIfAborted()
    progress.update(`${done} of ${total} pictures`)
  })
  progress.done(
    `${written ? 'written' : 'found'}, ${rows.train} train, ${rows.dev} dev, ${rows.report} report questions`,
  )
  signal.throwIfAborted()

  progress.start('demo base model')
  const { models } = cachePaths(cache)
  const base = await withLock(join(models, 'demo-base.lock'), 'demo base model', () =>
    ensureBaseModel({
      models,
      world,
      python,
      trainer: trainerFolder,
      signal,
      onProgress: (text) => progress.update(text),
    }),
  )
  progress.done(base.isNew ? 'trained from nothing, kept for next time' : 'found, trained earlier')
  return { world, baseModel: base.path }
}

/** Folder of the demo's base model in the cache; null when it was not made yet. */
export function findDemoBase(cache: string): string | null {
  const path = join(cachePaths(cache).models, baseModelName(trainerFolder))
  return existsSync(path) ? path : null
}

/** Starts the rule-based teacher on the port it had before. */
export async function startTeacherService(home: string): Promise<Service & { url: string }> {
  const port = await choosePort(home, 'teacher')
  const url = `http://127.0.0.1:${port}`
  const { command, args } = nodeEntry('demo/teacher-main')
  const service = await startService({
    home,
    name: 'teacher',
    command,
    args: [...args, '--port', String(port)],
    details: { port },
    ready: async () => (await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) })).ok,
    deadlineSeconds: 60,
  })
  return { ...service, url: `${url}/v1` }
}

/** Where the demo's parts are now, or null when its teacher does not run. */
export function demoPlaces(home: string): { world: string; teacherUrl: string } | null {
  const port = findService(home, 'teacher')?.details['port']
  return port === undefined ? null : { world: worldFolder(home), teacherUrl: `http://127.0.0.1:${port}/v1` }
}
