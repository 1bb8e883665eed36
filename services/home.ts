import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { storageError } from '../artifacts/storage-error.ts'
import { errorCode } from '../domain/errors.ts'

export { storageError }

type Environment = Readonly<Record<string, string | undefined>>

/** Where each part of a home lies. Paths only: nothing is created by asking. */
export interface HomePaths {
  root: string
  postgres: string
  temporalDb: string
  artifacts: string
  /**
   * Models of the hub: what is being fetched, and which revision led to which weights of the store.
   */
  models: string
  runs: string
  services: string
  /** Files of the judges that recipes name, for the reward server. */
  judges: string
  logs: string
  ports: string
  devLock: string
}

/** Where each part of the cache lies. All of it can be made again. */
export interface CachePaths {
  root: string
  bin: string
  python: string
  models: string
}

/**
 * Folder that holds all state of one Hone: `HONE_HOME`, else the nearest `.hone/` at or above
 * `cwd`, else `<cwd>/.hone`.
 */
export function honeHome(env: Environment = process.env, cwd: string = process.cwd()): string {
  if (env['HONE_HOME']) return resolve(cwd, env['HONE_HOME'])
  for (let folder = resolve(cwd); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, '.hone')
    if (existsSync(candidate) && statSync(candidate).isDirectory()) return candidate
  }
  return join(resolve(cwd), '.hone')
}

/**
 * Folder of re-creatable things that clones share: `HONE_CACHE`, else `$XDG_CACHE_HOME/hone`, else
 * `~/.cache/hone`.
 */
export function honeCache(env: Environment = process.env): string {
  if (env['HONE_CACHE']) return resolve(env['HONE_CACHE'])
  if (env['XDG_CACHE_HOME']) return join(resolve(env['XDG_CACHE_HOME']), 'hone')
  return join(env['HOME'] ?? homedir(), '.cache', 'hone')
}

/** Paths inside a home. */
export function homePaths(home: string): HomePaths {
  const root = resolve(home)
  return {
    root,
    postgres: join(root, 'postgres'),
    temporalDb: join(root, 'temporal.db'),
    artifacts: join(root, 'artifacts'),
    models: join(root, 'models'),
    runs: join(root, 'runs'),
    services: join(root, 'services'),
    judges: join(root, 'services', 'judges'),
    logs: join(root, 'logs'),
    ports: join(root, 'ports.json'),
    devLock: join(root, 'services', 'dev.lock'),
  }
}

/** Paths inside a cache. */
export function cachePaths(cache: string): CachePaths {
  const root = resolve(cache)
  return { root, bin: join(root, 'bin'), python: join(root, 'python'), models: join(root, 'models') }
}

/**
 * Makes a folder that Hone must write to. What is made in a home is its owner's alone: it holds
 * pictures, replies, logs and passwords, and the machine may have other users. Caches and the
 * folders that a user names for results are open, as other programs make them.
 * Throws StorageFull, which names the folder and the variable that moves it elsewhere.
 */
export function ensureFolder(folder: string, movedBy: string = 'HONE_HOME'): void {
  try {
    makeFolders(resolve(folder), movedBy === 'HONE_HOME' ? 0o700 : 0o755)
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw storageError(error, folder, movedBy)
  }
}

/**
 * One level at a time: Node's recursive mkdir never returns below /proc, which answers ENOENT for
 * what it cannot make.
 */
function makeFolders(folder: string, mode: number): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
    return
  }
  makeFolders(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    const code = errorCode(error)
    // Its parent is there, so the system does not let it be made.
    if (code === 'ENOENT') throw Object.assign(new Error('not permitted', { cause: error }), { code: 'EPERM' })
    // Another process made it in between.
    if (code !== 'EEXIST') throw error
  }
}
