import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { cachePaths, ensureFolder, honeCache, storageError } from './home.ts'
import { processesNaming } from './identity.ts'
import { withLock } from './lock.ts'
import { quietProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import { findProgram } from './temporal-binary.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A Python that can train, and what to add to the environment of whatever it runs. */
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
  /** Hashed requirements. Default: `trainer/requirements.lock`. */
  lock?: string
  /** Modules that must import. Default: those of the trainer. */
  imports?: readonly string[]
}

/** An interpreter that was found. */
export interface Interpreter {
  path: string
  /** e.g. "3.11.7" */
  version: string
}

// From dist/services/ the trainer is one folder further up than from services/.
const root = [new URL('..', import.meta.url), new URL('../..', import.meta.url)]
  .map((url) => fileURLToPath(url))
  .find((folder) => existsSync(join(folder, 'trainer')))

/** Folder of the Python package that trains and serves. */
export const trainerFolder: string = join(root ?? fileURLToPath(new URL('..', import.meta.url)), 'trainer')

const trainerImports = ['torch', 'transformers', 'trl', 'datasets', 'accelerate', 'PIL', 'fastapi', 'uvicorn', 'httpx']
const oldest = [3, 10] as const
const run = promisify(execFile)
const interpreterAnswer = z.object({ path: z.string(), version: z.string() })
const describeSelf =
  'import sys, json; print(json.dumps({"path": sys.executable, "version": ".".join(map(str, sys.version_info[:3]))}))'

/**
 * A Python with all that the trainer imports: HONE_PYTHON if set, else an environment in
 * `<cache>/python/<hash of lock and Python version>` that is made once and shared by clones.
 * @throws HoneError MissingDependency (no Python, no network, a failed installation); StorageFull.
 */
export async function bringUpPython(options: PythonOptions = {}): Promise<Python> {
  const env = options.env ?? process.env
  const progress = options.progress ?? quietProgress
  const imports = options.imports ?? trainerImports
  progress.start('Python')
  try {
    const named = env['HONE_PYTHON']
    const python = named ? await usersPython(named, imports) : await ownEnvironment(options, env, progress)
    progress.done(named ? `yours, ${named}` : undefined)
    return withTrainer(python, env)
  } catch (error) {
    progress.fail()
    throw error
  }
}

/**
 * The Python that {@link bringUpPython} would give, if it is there already; null when an environment is yet to be made.
 * @throws HoneError MissingDependency when HONE_PYTHON is set and lacks `imports` or does not run.
 */
export async function findPython(options: PythonOptions = {}): Promise<Python | null> {
  const env = options.env ?? process.env
  const named = env['HONE_PYTHON']
  if (named) return withTrainer(await usersPython(named, options.imports ?? trainerImports), env)
  const requirements = readRequirements(options.lock)
  const interpreter = requirements === null ? null : await findInterpreter(env)
  if (requirements === null || interpreter === null) return null
  const folder = environmentFolder(options.cache ?? honeCache(env), requirements, interpreter.version)
  return isComplete(folder) ? withTrainer(pythonOf(folder), env) : null
}

function withTrainer(python: string, env: Environment): Python {
  const before = env['PYTHONPATH']
  return { python, env: { PYTHONPATH: before ? `${trainerFolder}${delimiter}${before}` : trainerFolder } }
}

/** The newest Python on PATH that is new enough, or null. */
export async function findInterpreter(env: Environment = process.env): Promise<Interpreter | null> {
  for (const name of ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python']) {
    const program = findProgram(name, env)
    // A version manager's shim may exist for a version that is not there: it must answer.
    const found = program === null ? null : await describeInterpreter(program)
    if (found && isNewEnough(found.version)) return found
  }
  return null
}

/** Where the environment for a lock and an interpreter is, whether or not it was made. */
export function environmentFolder(cache: string, lockText: string, version: string): string {
  const key = createHash('sha256').update(`${lockText}\n${version}\n${process.platform}-${process.arch}`).digest('hex')
  return join(cachePaths(cache).python, key.slice(0, 16))
}

/** Whether an environment was made to its end. */
export function isComplete(folder: string): boolean {
  return existsSync(join(folder, '.complete')) && existsSync(pythonOf(folder))
}

/** Where the trainer's requirements lie, read; null if there are none. */
export function readRequirements(lock: string = join(trainerFolder, 'requirements.lock')): string | null {
  return existsSync(lock) ? readFileSync(lock, 'utf8') : null
}

const pythonOf = (folder: string): string => join(folder, 'bin', 'python')

async function describeInterpreter(program: string): Promise<Interpreter | null> {
  try {
    const { stdout } = await run(program, ['-c', describeSelf], { timeout: 20_000 })
    return interpreterAnswer.parse(JSON.parse(stdout))
  } catch {
    return null
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

async function usersPython(python: string, imports: readonly string[]): Promise<string> {
  const check = `import importlib.util, sys, json; print(json.dumps([m for m in sys.argv[1:] if importlib.util.find_spec(m) is None]))`
  const described = await describeInterpreter(python)
  if (!described || !isNewEnough(described.version)) {
    throw new HoneError({
      type: 'MissingDependency',
      message: described
        ? `HONE_PYTHON is ${python}, which is Python ${described.version}; Hone needs ${oldest.join('.')} or newer.`
        : `HONE_PYTHON is ${python}, which does not run.`,
      nextStep: 'Name another interpreter, or unset HONE_PYTHON to let Hone make its own environment.',
    })
  }
  const { stdout } = await run(python, ['-c', check, ...imports], { timeout: 60_000 })
  const missing = z.array(z.string()).parse(JSON.parse(stdout))
  if (missing.length > 0) {
    throw new HoneError({
      type: 'MissingDependency',
      message: `HONE_PYTHON is ${python}, which lacks ${missing.join(', ')}.`,
      nextStep: `Install them (\`${python} -m pip install -r ${join(trainerFolder, 'requirements.lock')}\`), or unset HONE_PYTHON to let Hone make its own environment.`,
    })
  }
  return python
}

async function ownEnvironment(options: PythonOptions, env: Environment, progress: Progress): Promise<string> {
  const lock = options.lock ?? join(trainerFolder, 'requirements.lock')
  const requirements = readRequirements(lock)
  if (requirements === null) {
    throw new HoneError({
      type: 'MissingDependency',
      message: `There is no ${lock}, which says what the trainer needs.`,
      nextStep: 'Restore it (`git checkout trainer/requirements.lock`), or set HONE_PYTHON.',
    })
  }
  progress.update('looking for an interpreter')
  const interpreter = await findInterpreter(env)
  if (!interpreter) {
    throw new HoneError({
      type: 'MissingDependency',
      message: `There is no Python ${oldest.join('.')} or newer on PATH.`,
      nextStep: 'Install Python (e.g. `apt install python3 python3-venv`, `brew install python`), or set HONE_PYTHON.',
    })
  }
  const cache = options.cache ?? honeCache(env)
  const folder = environmentFolder(cache, requirements, interpreter.version)
  if (isComplete(folder)) return pythonOf(folder)
  ensureFolder(cachePaths(cache).python, 'HONE_CACHE')
  const waiting = (owner: { pid: number }): void =>
    progress.update(`waiting for process ${owner.pid}, which installs it`)
  const work = async (): Promise<void> => {
    // Whoever had the lock before may have made it.
    if (!isComplete(folder)) await makeEnvironment(folder, interpreter, lock, requirements, env, progress)
  }
  await withLock(`${folder}.lock`, 'make the Python environment', work, waiting)
  return pythonOf(folder)
}

/**
 * Makes the environment in place, for a virtual environment cannot be moved; `.complete`, written last, tells a whole
 * one from one that was cut short, which is removed and made anew (what was downloaded is in uv's own cache).
 */
async function makeEnvironment(
  folder: string,
  interpreter: Interpreter,
  lock: string,
  requirements: string,
  env: Environment,
  progress: Progress,
): Promise<void> {
  const packages = requirements.split('\n').filter((line) => /^[A-Za-z0-9]/.test(line)).length
  try {
    // An installer whose Hone was killed may still be at work in there.
    for (const { pid } of processesNaming(folder)) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    progress.update(`making an environment with Python ${interpreter.version}`)
    await step(interpreter.path, ['-m', 'venv', folder], env, () => {})
    const python = pythonOf(folder)
    const install = ['--require-hashes', '-r', lock]
    const tell = installTeller(packages, progress)
    progress.update('getting the installer')
    const uv = await step(
      python,
      ['-m', 'pip', 'install', '--disable-pip-version-check', '-q', 'uv'],
      env,
      () => {},
    ).then(
      () => true,
      () => false,
    )
    progress.update(`installing ${packages} packages, once, some minutes`)
    // Without uv, pip does the same more slowly.
    if (uv) await step(python, ['-m', 'uv', 'pip', 'install', '--python', python, ...install], env, tell)
    else await step(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...install], env, tell)
    writeFileSync(join(folder, '.complete'), `${interpreter.version}\n`)
  } catch (error) {
    throw storageError(error, folder, 'HONE_CACHE')
  }
}

/** Turns the lines of uv and pip into a count of packages. */
function installTeller(packages: number, progress: Progress): (line: string) => void {
  let seen = 0
  let got = 0
  return (line) => {
    const size = /^\s*Downloading (\S+) \(([\d.]+ ?[KMG]i?B)\)/i.exec(line)
    if (size) progress.update(`${packages} packages: downloading ${size[1] ?? ''} (${size[2] ?? ''})`)
    else if (/^\s*Downloaded/.test(line)) progress.update(`${packages} packages: ${++got} large ones downloaded`)
    else if (/^\s*(Collecting|Prepared|Installed|Resolved)/.test(line)) {
      seen += line.trim().startsWith('Collecting') ? 1 : 0
      progress.update(seen > 0 ? `${seen} of ${packages} packages` : line.trim().toLowerCase())
    }
  }
}

async function step(
  command: string,
  args: readonly string[],
  env: Environment,
  tell: (line: string) => void,
): Promise<void> {
  const tail: string[] = []
  const failure = await new Promise<string | null>((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, PIP_NO_INPUT: '1' } })
    const end = (): void => void child.kill()
    process.once('exit', end)
    child.once('close', () => process.off('exit', end))
    const listen = (chunk: Buffer): void => {
      for (const line of chunk.toString().split(/[\r\n]+/)) {
        if (line.trim() === '') continue
        tail.push(line)
        if (tail.length > 12) tail.shift()
        tell(line)
      }
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code === 0 ? null : `ended with ${signal ?? `exit code ${code}`}`))
  })
  if (failure !== null) throw installError(failure, tail.join('\n'))
}

/** Names the cause of a failed installation, as far as its output tells. */
export function installError(failure: string, output: string): HoneError {
  const shown = output
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
  if (/No space left|Errno 28|os error 28|Disk quota/i.test(output)) {
    return new HoneError({
      type: 'StorageFull',
      message: `The disk is full: the Python environment needs up to 6 GB.\n${shown}`,
      nextStep: 'Free space, or set HONE_CACHE to a folder on a disk with room.',
    })
  }
  const causes: [RegExp, string][] = [
    [
      /ensurepip|No module named venv/i,
      'Install the venv module of this Python (e.g. `apt install python3-venv`), or set HONE_PYTHON.',
    ],
    [
      /hash|THESE PACKAGES DO NOT MATCH/i,
      'A package is not the one that was locked: a mirror may have changed it. Try another index, or set HONE_PYTHON.',
    ],
    [
      /resolve host|name resolution|dns|connect|timed out|unreachable|network|retries exceeded|tls|certificate/i,
      "Check the network and pip's settings (proxy, index), then run again: what was downloaded is kept. Or set HONE_PYTHON.",
    ],
  ]
  return new HoneError({
    type: 'MissingDependency',
    message: `The Python environment could not be made: ${failure}.\n${shown}`,
    nextStep:
      causes.find(([pattern]) => pattern.test(output))?.[1] ??
      'Mend what the lines above say, or set HONE_PYTHON to a Python that has what trainer/requirements.lock names.',
  })
}
