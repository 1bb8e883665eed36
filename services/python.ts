import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import {
  environmentNamed,
  pythonEnvironments,
  pythonRange,
  requirementsOf,
  suits,
  trainerFolder,
  trlEnvironment,
} from './environments.ts'
import type { PythonEnvironment } from './environments.ts'
import { cachePaths, ensureFolder, honeCache } from './home.ts'
import { describeInterpreter, findInterpreter } from './interpreter.ts'
import type { Interpreter } from './interpreter.ts'
import { withLock } from './lock.ts'
import { quietProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import { makeEnvironment, markOf, pythonOf } from './python-install.ts'

export { trainerFolder }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * A Python that can train or serve, and the variables to add to the environment of its programs.
 */
export interface Python {
  python: string
  /** PYTHONPATH with `trainer/`, so that `python -m hone_trainer` works without being installed. */
  env: Record<string, string>
}

export interface PythonOptions {
  /** Default: {@link honeCache}. */
  cache?: string
  progress?: Progress
  env?: Environment
  /** Ends the installation. The unfinished environment is removed. */
  signal?: AbortSignal
}

/** Whether an environment is there on this machine, and where. */
export type EnvironmentState =
  /** The user's own interpreter is used instead. */
  | { state: 'yours'; python: string }
  | { state: 'made'; python: string; folder: string }
  | { state: 'not made'; folder: string; interpreter: Interpreter }
  /** It cannot be made here. */
  | { state: 'impossible'; why: string; nextStep: string }

const run = promisify(execFile)

/**
 * The environment that trains with TRL, or an environment from another lock with other modules: see
 * {@link bringUpEnvironment}.
 */
export async function bringUpPython(options: PythonOptions & { lock?: string; imports?: readonly string[] } = {}) {
  const { lock = trlEnvironment.lock, imports = trlEnvironment.imports } = options
  return await bringUpEnvironment({ ...trlEnvironment, lock, imports }, options)
}

/**
 * A Python with all modules of an environment. It is the user's own if the variable is set
 * (HONE_PYTHON for "trl"). Else it is in `<cache>/python/<hash of lock and Python version>`, is
 * made once and is shared by clones. Throws InvalidInput (no such environment); MissingDependency
 * (no Python, no network, a failed installation); StorageFull; the signal's reason.
 */
export async function bringUpEnvironment(
  which: string | PythonEnvironment,
  options: PythonOptions = {},
): Promise<Python> {
  const environment = typeof which === 'string' ? environmentNamed(which) : which
  const env = options.env ?? process.env
  const progress = options.progress ?? quietProgress
  progress.start(environment.name === trlEnvironment.name ? 'Python' : `Python, ${environment.name}`)
  try {
    const named = environment.variable && env[environment.variable]
    const python = named
      ? await usersPython(named, environment)
      : await ownEnvironment(environment, options, env, progress)
    progress.done(named ? `yours, ${named}` : undefined)
    return withTrainer(python, env)
  } catch (error) {
    progress.fail()
    throw error
  }
}

/**
 * The Python that {@link bringUpPython} would give, if it is there already; null when an
 * environment is yet to be made.
 * Throws MissingDependency when HONE_PYTHON is set and lacks a module or does not run.
 */
export async function findPython(options: PythonOptions = {}): Promise<Python | null> {
  const env = options.env ?? process.env
  const state = await environmentState(trlEnvironment, options.cache ?? honeCache(env), env)
  if (state.state === 'yours') return withTrainer(await usersPython(state.python, trlEnvironment), env)
  return state.state === 'made' ? withTrainer(state.python, env) : null
}

function withTrainer(python: string, env: Environment): Python {
  const before = env['PYTHONPATH']
  return { python, env: { PYTHONPATH: before ? `${trainerFolder}${delimiter}${before}` : trainerFolder } }
}

/**
 * Whether an environment is there, and where. Makes nothing. Where the environment is not made, it
 * starts interpreters to ask for their version.
 */
export async function environmentState(
  environment: PythonEnvironment,
  cache: string,
  env: Environment = process.env,
): Promise<EnvironmentState> {
  const named = environment.variable && env[environment.variable]
  if (named) return { state: 'yours', python: named }
  const { platforms } = environment
  if (platforms && !platforms.includes(process.platform)) {
    const why = `its packages are made for ${platforms.join(', ')}, and this is ${process.platform}`
    return { state: 'impossible', why, nextStep: 'Use it on another machine, as a place of the site file.' }
  }
  const requirements = requirementsOf(environment)
  if (requirements === null) {
    const nextStep = `Restore it (\`git checkout ${environment.lock}\`)${orVariable(environment)}.`
    return { state: 'impossible', why: `${environment.lock}, which says what it needs, is not there`, nextStep }
  }
  const made = madeFolder(environment, requirements, cache)
  if (made !== null) return { state: 'made', folder: made, python: pythonOf(made) }
  const interpreter = await findInterpreter(env, environment.pythons)
  if (!interpreter) {
    const nextStep = `Install one (e.g. \`apt install python3 python3-venv\`, \`brew install python\`)${orVariable(environment)}.`
    return { state: 'impossible', why: `there is no Python ${pythonRange(environment)} on PATH`, nextStep }
  }
  return { state: 'not made', folder: environmentFolder(cache, requirements, interpreter.version), interpreter }
}

/**
 * The environment of a name, if it was made here. Null if it was not made, or if Hone has no
 * environment of this name. Starts nothing.
 */
export function madeEnvironment(name: string, cache: string): Python | null {
  const environment = pythonEnvironments.find((each) => each.name === name)
  const requirements = environment ? requirementsOf(environment) : null
  const folder = environment && requirements !== null ? madeFolder(environment, requirements, cache) : null
  return folder === null ? null : { python: pythonOf(folder), env: { PYTHONPATH: trainerFolder } }
}

/**
 * The folder that was made from these requirements with any suitable version of Python. Of several,
 * the folder of the newest version.
 */
function madeFolder({ pythons }: PythonEnvironment, requirements: string, cache: string): string | null {
  const { python: root } = cachePaths(cache)
  const folders = existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : []
  const made = folders
    .filter((folder) => isComplete(folder))
    .map((folder) => ({ folder, version: readFileSync(markOf(folder), 'utf8').trim() }))
    .filter(({ folder, version }) => environmentFolder(cache, requirements, version) === folder)
    .filter(({ version }) => suits(pythons, version))
    .sort((one, other) => other.version.localeCompare(one.version, 'en', { numeric: true }))
  return made[0]?.folder ?? null
}

const orVariable = ({ variable }: PythonEnvironment): string => (variable === undefined ? '' : `, or set ${variable}`)

/** Where the environment for a lock and an interpreter is, whether or not it was made. */
export function environmentFolder(cache: string, lockText: string, version: string): string {
  const key = createHash('sha256').update(`${lockText}\n${version}\n${process.platform}-${process.arch}`).digest('hex')
  return join(cachePaths(cache).python, key.slice(0, 16))
}

/** Whether an environment was made to its end. */
export function isComplete(folder: string): boolean {
  return existsSync(markOf(folder)) && existsSync(pythonOf(folder))
}

async function usersPython(python: string, environment: PythonEnvironment): Promise<string> {
  const { imports, lock, pythons, variable } = environment
  const check = `import importlib.util, sys, json; print(json.dumps([m for m in sys.argv[1:] if importlib.util.find_spec(m) is None]))`
  const described = await describeInterpreter(python)
  if (!described || !suits(pythons, described.version)) {
    throw new HoneError({
      type: 'MissingDependency',
      message: described
        ? `${variable} is ${python}, which is Python ${described.version}; Hone needs ${pythonRange(environment)}.`
        : `${variable} is ${python}, which does not run.`,
      nextStep: `Name another interpreter, or unset ${variable} to let Hone make its own environment.`,
    })
  }
  const { stdout } = await run(python, ['-c', check, ...imports], { timeout: 60_000 })
  const missing = z.array(z.string()).parse(JSON.parse(stdout))
  if (missing.length > 0) {
    throw new HoneError({
      type: 'MissingDependency',
      message: `${variable} is ${python}, which lacks ${missing.join(', ')}.`,
      nextStep: `Install them (\`${python} -m pip install -r ${lock}\`), or unset ${variable} to let Hone make its own environment.`,
    })
  }
  return python
}

async function ownEnvironment(
  environment: PythonEnvironment,
  options: PythonOptions,
  env: Environment,
  progress: Progress,
): Promise<string> {
  const signal = options.signal ?? new AbortController().signal
  signal.throwIfAborted()
  progress.update('looking for an interpreter')
  const cache = options.cache ?? honeCache(env)
  const found = await environmentState(environment, cache, env)
  if (found.state === 'made' || found.state === 'yours') return found.python
  if (found.state === 'impossible') {
    const message = `The Python environment "${environment.name}" cannot be made: ${found.why}.`
    throw new HoneError({ type: 'MissingDependency', message, nextStep: found.nextStep })
  }
  const { folder, interpreter } = found
  ensureFolder(cachePaths(cache).python, 'HONE_CACHE')
  const waiting = (owner: { pid: number }): void => {
    signal.throwIfAborted()
    progress.update(`waiting for process ${owner.pid}, which installs it`)
  }
  const work = async (): Promise<void> => {
    // The process that held the lock before may have made the environment.
    if (!isComplete(folder)) await makeEnvironment({ environment, folder, interpreter, env, progress, signal })
  }
  await withLock(`${folder}.lock`, 'make the Python environment', work, waiting)
  return pythonOf(folder)
}
