import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { HoneError, messageOf } from '../domain/errors.ts'
import { pythonEnvironments } from './environments.ts'
import type { PythonEnvironment } from './environments.ts'
import { honeCache, honeHome } from './home.ts'
import { findInterpreter } from './interpreter.ts'
import { isFree, portVariables, rememberedPorts } from './ports.ts'
import { findPostgresBinaries, postgresUser } from './postgres-binaries.ts'
import { runningServices } from './processes.ts'
import { findProgram } from './programs.ts'
import { environmentState } from './python.ts'
import { findTemporalBinary } from './temporal-binary.ts'
import { namesTemporal } from './temporal-config.ts'
import { temporalOrigins, unusedTemporal } from './temporal-origins.ts'

/**
 * One thing that Hone needs or may use. `missing`: Hone gets the thing by itself where it can.
 * `problem`: something cannot run.
 */
export interface Finding {
  name: string
  found: 'ok' | 'missing' | 'problem'
  detail: string
  /** What to do, if anything is to be done. */
  fix?: string
}

export interface ExamineOptions {
  home?: string
  cache?: string
  env?: Readonly<Record<string, string | undefined>>
}

interface Place {
  home: string
  cache: string
  env: Readonly<Record<string, string | undefined>>
}

type Check = (place: Place) => Finding | Promise<Finding>

const run = promisify(execFile)
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/**
 * Looks at everything that Hone runs on. Starts nothing, changes nothing and uses no network. Gives
 * names of variables, never their values.
 */
export async function examine(options: ExamineOptions = {}): Promise<Finding[]> {
  const env = options.env ?? process.env
  const place = { env, home: options.home ?? honeHome(env), cache: options.cache ?? honeCache(env) }
  return await Promise.all(Object.entries(checks).map(([name, check]) => guarded(name, check, place)))
}

/** A check that fails is a finding, not the end of the examination. */
async function guarded(name: string, check: Check, place: Place): Promise<Finding> {
  try {
    return await check(place)
  } catch (error) {
    if (error instanceof HoneError) return { name, found: 'problem', detail: error.message, fix: error.nextStep }
    return { name, found: 'problem', detail: messageOf(error) }
  }
}

/**
 * Whether an environment of Python was made. Every environment can be made when it is
 * first needed, so that no environment is required.
 */
const environmentCheck =
  (environment: PythonEnvironment): Check =>
  async ({ env, cache }) => {
    const name = environmentFinding(environment)
    const found = await environmentState(environment, cache, env)
    if (found.state === 'yours') return { name, found: 'ok', detail: `yours, ${environment.variable ?? found.python}` }
    if (found.state === 'made') return { name, found: 'ok', detail: found.folder }
    if (found.state === 'impossible') return { name, found: 'missing', detail: found.why, fix: found.nextStep }
    const detail = `not made yet: ${environment.purpose}, about ${gigabytes(environment.bytes)}`
    return { name, found: 'missing', detail, fix: `\`hone env ${environment.name}\` makes it once, in some minutes.` }
  }

const environmentFinding = ({ name }: PythonEnvironment): string => `env ${name}`

const checks: Record<string, Check> = {
  node: () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    const ok = major > 20 || (major === 20 && minor >= 19)
    const finding = { name: 'node', detail: process.versions.node }
    return ok ? { ...finding, found: 'ok' } : { ...finding, found: 'problem', fix: 'Install Node 20.19 or newer.' }
  },
  commit: async () => {
    const root = fileURLToPath(new URL('..', import.meta.url))
    const git = await run('git', ['-C', root, 'describe', '--always', '--dirty', '--exclude=*']).catch(() => null)
    return { name: 'commit', found: 'ok', detail: git?.stdout.trim() || 'not a git clone' }
  },
  python: async ({ env }) => {
    if (env['HONE_PYTHON']) return { name: 'python', found: 'ok', detail: 'HONE_PYTHON' }
    const python = await findInterpreter(env)
    if (python) return { name: 'python', found: 'ok', detail: `${python.version} (${python.path})` }
    const fix = 'Install it (e.g. `apt install python3 python3-venv`), or set HONE_PYTHON.'
    return { name: 'python', found: 'missing', detail: 'no Python 3.10 or newer on PATH', fix }
  },
  ...Object.fromEntries(
    pythonEnvironments.map((environment) => [environmentFinding(environment), environmentCheck(environment)]),
  ),
  temporal: ({ env, cache }) => {
    const name = 'temporal'
    if (namesTemporal(env)) return { name, found: 'ok', detail: `yours; ${temporalOrigins(env)}` }
    const binary = findTemporalBinary(cache, env)
    const unused = unusedTemporal(env)
    const note = unused === null ? {} : { fix: unused }
    if (binary) return { name, found: 'ok', detail: `${binary.path} (${binary.from})`, ...note }
    const fix =
      '`hone dev` gets it from the Python package index or builds it with Go, once. ' +
      'Or install the Temporal CLI; or set TEMPORAL_ADDRESS.'
    return { name, found: 'missing', detail: 'no Temporal CLI', fix }
  },
  go: ({ env }) => {
    const go = findProgram('go', env)
    return go
      ? { name: 'go', found: 'ok', detail: go }
      : {
          name: 'go',
          found: 'missing',
          detail: 'needed only to build the Temporal CLI where the Python package index has none',
        }
  },
  postgres: async ({ env, home }) => {
    if (env['DATABASE_URL']) return { name: 'postgres', found: 'ok', detail: 'yours, DATABASE_URL' }
    const binaries = findPostgresBinaries()
    const user = postgresUser([binaries.postgres, join(existing(home), 'postgres')])
    const { stdout } = await run(binaries.postgres, ['--version'])
    const as = user.owner ? `, run as user number ${user.owner.uid}` : ''
    return { name: 'postgres', found: 'ok', detail: `${stdout.trim()}${as}` }
  },
  sharp: async () => {
    const { default: sharp } = await import('sharp')
    return { name: 'sharp', found: 'ok', detail: `libvips ${sharp.versions.vips}` }
  },
  cores: () => {
    const cores = availableParallelism()
    const finding: Finding = { name: 'cores', found: 'ok', detail: String(cores) }
    return cores >= 2
      ? finding
      : { ...finding, found: 'problem', fix: 'The demo is made for two cores; on one it takes twice as long.' }
  },
  memory: () => {
    const detail = `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`
    if (totalmem() >= 4e9) return { name: 'memory', found: 'ok', detail }
    return { name: 'memory', found: 'problem', detail, fix: 'The demo needs about 4 GB.' }
  },
  home: ({ home }) => {
    const name = 'home'
    const folder = existing(home)
    // Root may write everywhere, but not where the file system is read-only.
    const isReadOnly = errorOf(() => accessSync(folder, constants.W_OK | constants.X_OK)) !== null
    if (isReadOnly)
      return {
        name,
        found: 'problem',
        detail: `${folder} cannot be written`,
        fix: 'Set HONE_HOME to a folder of yours.',
      }
    if (folder !== resolve(home)) return { name, found: 'ok', detail: `${home}, made at the first start` }
    const { mode } = statSync(home)
    if ((mode & 0o077) === 0) return { name, found: 'ok', detail: home }
    const detail = `${home} is open to other users of this machine (mode ${(mode & 0o777).toString(8)})`
    return { name, found: 'problem', detail, fix: `Close it: chmod 700 ${home}` }
  },
  'disk of the home': ({ home }) => disk('disk of the home', home, 2e9, 'HONE_HOME'),
  'disk of the cache': ({ cache }) => disk('disk of the cache', cache, 8e9, 'HONE_CACHE'),
  gpu: async () => {
    const query = ['--query-gpu=name,memory.total', '--format=csv,noheader']
    const answer = await run('nvidia-smi', query, { timeout: 10_000 }).catch(() => null)
    const gpus = answer?.stdout.trim().split('\n').join('; ')
    return { name: 'gpu', found: gpus ? 'ok' : 'missing', detail: gpus || 'none; the demo runs on the CPU' }
  },
  services: ({ home }) => {
    const names = runningServices(home).map(({ name, identity }) => `${name} (process ${identity.pid})`)
    return { name: 'services', found: 'ok', detail: names.length > 0 ? `running: ${names.join(', ')}` : 'none runs' }
  },
  ports: async ({ env, home }) => {
    const running = new Set(runningServices(home).flatMap(({ details }) => Object.values(details)))
    const taken: string[] = []
    for (const variable of Object.values(portVariables)) {
      const port = Number(env[variable])
      if (env[variable] && !running.has(port) && !(await isFree(port))) taken.push(`${variable}=${port}`)
    }
    if (taken.length > 0) {
      const fix = 'Stop the programs that use them, or set other ports.'
      return { name: 'ports', found: 'problem', detail: `in use: ${taken.join(', ')}`, fix }
    }
    const known = Object.entries(rememberedPorts(home)).map(([name, port]) => `${name} ${port}`)
    return {
      name: 'ports',
      found: 'ok',
      detail: known.length > 0 ? `last used: ${known.join(', ')}` : 'free ones are taken',
    }
  },
  variables: ({ env }) => {
    const ours = /^(HONE_|TEMPORAL_|DATABASE_URL$|CUDA_VISIBLE_DEVICES$|HF_|.*_API_KEY$)/
    const names = Object.keys(env).filter((name) => ours.test(name) && env[name] !== undefined)
    return { name: 'variables', found: 'ok', detail: names.length > 0 ? `set: ${names.sort().join(', ')}` : 'none set' }
  },
}

function disk(name: string, folder: string, wanted: number, movedBy: string): Finding {
  const { bavail, bsize } = statfsSync(existing(folder))
  const free = bavail * bsize
  const detail = `${gigabytes(free)} free at ${folder}`
  if (free >= wanted) return { name, found: 'ok', detail }
  const fix = `About ${gigabytes(wanted)} are needed. Free space, or set ${movedBy} to a folder on a larger disk.`
  return { name, found: 'problem', detail, fix }
}

function errorOf(run: () => void): unknown {
  try {
    run()
    return null
  } catch (error) {
    return error
  }
}

/** The folder, or the nearest folder above it that exists. */
function existing(folder: string): string {
  let at = resolve(folder)
  while (!existsSync(at)) at = dirname(at)
  return at
}
