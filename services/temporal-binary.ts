import { execFileSync, spawn } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  createWriteStream,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { errorCode, HoneError } from '../domain/errors.ts'
import { cachePaths, ensureFolder, storageError } from './home.ts'
import { withLock } from './lock.ts'
import type { Progress } from './progress.ts'

/** Release of the Temporal CLI that Hone is tested with, and gets when none is there. */
export const temporalCliVersion = '1.5.1'

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
  /** Where the download service answers; a test names its own. */
  downloadFrom?: string
}

// The same service that Temporal's SDKs ask for their dev server.
const downloadService = 'https://temporal.download'
const downloadInfo = z.object({ archiveUrl: z.string(), fileToExtract: z.string() })

/**
 * A Temporal CLI that is here already: HONE_TEMPORAL_CLI, else on PATH, else in the cache; null if none.
 * @throws HoneError MissingDependency if HONE_TEMPORAL_CLI names no program.
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
  const cached = cachedPath(cache)
  return isProgram(cached) ? { path: cached, from: 'cache' } : null
}

/**
 * Finds a Temporal CLI or gets one into the cache: by download, else by building it with Go (about 2.5 minutes, once).
 * @throws HoneError MissingDependency with the ways out if none of this works.
 */
export async function obtainTemporalBinary(options: TemporalBinaryOptions): Promise<string> {
  const env = options.env ?? process.env
  const found = findTemporalBinary(options.cache, env)
  if (found) return found.path
  const { bin } = cachePaths(options.cache)
  ensureFolder(bin, 'HONE_CACHE')
  const waiting = (owner: { pid: number }): void =>
    options.progress.update(`waiting for process ${owner.pid}, which gets it`)
  return await withLock(
    join(bin, 'temporal.lock'),
    'get the Temporal CLI',
    async () => {
      // Whoever had the lock before may have got it.
      if (isProgram(cachedPath(options.cache))) return cachedPath(options.cache)
      const draft = mkdtempSync(join(bin, '.temporal-'))
      try {
        const reasons: string[] = []
        for (const get of [download, build]) {
          const problem = await get(draft, options, env)
          if (problem === null) {
            renameSync(join(draft, 'temporal'), cachedPath(options.cache))
            return cachedPath(options.cache)
          }
          reasons.push(problem)
        }
        throw noBinary(reasons)
      } catch (error) {
        throw storageError(error, bin, 'HONE_CACHE')
      } finally {
        rmSync(draft, { recursive: true, force: true })
      }
    },
    waiting,
  )
}

/** Path of a program on PATH, or null. */
export function findProgram(name: string, env: Environment = process.env): string | null {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && isProgram(join(folder, name))) return join(folder, name)
  }
  return null
}

const cachedPath = (cache: string): string => join(cachePaths(cache).bin, `temporal-${temporalCliVersion}`)

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return existsSync(path)
  } catch {
    return false
  }
}

/** Downloads a release. Gives the reason why not, or null. A network that does not answer costs at most 8 s. */
async function download(draft: string, options: TemporalBinaryOptions): Promise<string | null> {
  const { progress, downloadFrom = downloadService } = options
  progress.update('asking for a download')
  try {
    const arch = process.arch === 'x64' ? 'amd64' : process.arch
    const question = `${downloadFrom}/cli/v${temporalCliVersion}?arch=${arch}&platform=${process.platform}&format=tar.gz`
    const asked = await fetch(question, { signal: AbortSignal.timeout(8000) })
    if (!asked.ok) return `download: ${downloadFrom} answered ${asked.status}`
    const { archiveUrl, fileToExtract } = downloadInfo.parse(await asked.json())
    const archive = await fetch(archiveUrl, { signal: AbortSignal.timeout(300_000) })
    if (!archive.ok || !archive.body) return `download: ${archiveUrl} answered ${archive.status}`
    const total = Number(archive.headers.get('content-length') ?? 0)
    let bytes = 0
    const body = Readable.fromWeb(archive.body)
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      progress.update(`${megabytes(bytes)}${total > 0 ? ` of ${megabytes(total)}` : ''}`)
    })
    await pipeline(body, createWriteStream(join(draft, 'archive.tar.gz')))
    execFileSync('tar', ['-xzf', join(draft, 'archive.tar.gz'), '-C', draft, fileToExtract], { stdio: 'pipe' })
    if (fileToExtract !== 'temporal') renameSync(join(draft, fileToExtract), join(draft, 'temporal'))
    chmodSync(join(draft, 'temporal'), 0o755)
    execFileSync(join(draft, 'temporal'), ['--version'], { stdio: 'pipe' })
    return null
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') throw error
    return `download: ${reasonOf(error)}`
  }
}

/** Builds the release with Go. Gives the reason why not, or null. */
async function build(draft: string, options: TemporalBinaryOptions, env: Environment): Promise<string | null> {
  const go = findProgram('go', env)
  if (!go) return 'build: there is no Go on PATH'
  const { progress } = options
  const since = Date.now()
  const tick = setInterval(() => {
    progress.update(
      `building v${temporalCliVersion} with Go, once, about 2.5 minutes (${Math.round((Date.now() - since) / 1000)} s)`,
    )
  }, 1000)
  let output = ''
  try {
    const source = `github.com/temporalio/cli/cmd/temporal@v${temporalCliVersion}`
    const child = spawn(go, ['install', source], { env: { ...env, GOBIN: draft }, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(-1))
      child.once('close', resolve)
    })
    if (code === 0) return null
    return `build: \`go install\` ended with ${code}: ${output.trim().split('\n').slice(-3).join(' ')}`
  } finally {
    clearInterval(tick)
  }
}

function noBinary(reasons: readonly string[]): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `There is no Temporal CLI on this machine and none could be got.\n${reasons.map((reason) => `    ${reason}`).join('\n')}`,
    nextStep: `One of: install the Temporal CLI (https://docs.temporal.io/cli) on PATH or name it in HONE_TEMPORAL_CLI; install Go, so that Hone builds it once; or set TEMPORAL_ADDRESS to a Temporal server of yours.`,
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
