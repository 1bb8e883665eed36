import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HoneError } from '../domain/errors.ts'

/**
 * A Python environment that Hone can make. Trainers and servers need packages that exclude each
 * other, so each product has its own environment.
 */
export interface PythonEnvironment {
  /** What `hone env` and a site file call it, e.g. "vllm-cpu". */
  name: string
  /** What it is for, in half a line. */
  purpose: string
  /**
   * File of all requirements with their hashes. They are installed without a look at what they
   * require.
   */
  lock: string
  /**
   * A script that the new environment's own Python runs after the installation; it is part of what
   * the lock says.
   */
  after?: string
  /** Modules that must be there at the end. */
  imports: readonly string[]
  /**
   * Python versions that all its packages have wheels for: from the first on, and below the second.
   */
  pythons: { from: string; below?: string }
  /** Systems that its packages are made for. Default: all. */
  platforms?: readonly NodeJS.Platform[]
  /** About how much of the disk it takes, in bytes. */
  bytes: number
  /** Variable that names the user's own interpreter instead. */
  variable?: 'HONE_PYTHON'
}

// From dist/services/ the files of Python are one folder further up than from services/.
const root =
  [new URL('..', import.meta.url), new URL('../..', import.meta.url)]
    .map((url) => fileURLToPath(url))
    .find((folder) => existsSync(join(folder, 'trainer'))) ?? fileURLToPath(new URL('..', import.meta.url))

/** Folder of the Python package that trains and serves. */
export const trainerFolder: string = join(root, 'trainer')

/** The one release of uv that installs, with its hashes. */
export const installerLock: string = join(root, 'services', 'installer.lock')

/** The environment that everything on a single machine runs in, the demo too. */
export const trlEnvironment: PythonEnvironment = {
  name: 'trl',
  purpose: 'training with TRL and the small model server; the demo',
  lock: join(trainerFolder, 'requirements.lock'),
  imports: ['torch', 'transformers', 'trl', 'datasets', 'accelerate', 'PIL', 'fastapi', 'uvicorn', 'httpx'],
  pythons: { from: '3.10' },
  bytes: 6e9,
  variable: 'HONE_PYTHON',
}

/** Every environment that Hone can make, in the order in which they are shown. */
export const pythonEnvironments: readonly PythonEnvironment[] = [
  trlEnvironment,
  {
    name: 'llamafactory',
    purpose: 'SFT with LLaMA-Factory',
    lock: join(root, 'trainers', 'llamafactory', 'requirements.lock'),
    imports: ['torch', 'transformers', 'trl', 'peft', 'llamafactory'],
    pythons: { from: '3.11', below: '3.14' },
    platforms: ['linux'],
    bytes: 7e9,
  },
  {
    name: 'vllm-cpu',
    purpose: 'serving with vLLM on processors alone',
    lock: join(root, 'jobs', 'servers', 'vllm', 'requirements-cpu.lock'),
    after: join(root, 'jobs', 'servers', 'vllm', 'name_as_vllm.py'),
    imports: ['torch', 'transformers', 'vllm'],
    pythons: { from: '3.11', below: '3.14' },
    platforms: ['linux'],
    bytes: 6e9,
  },
  {
    name: 'vllm',
    purpose: 'serving with vLLM on NVIDIA GPUs',
    lock: join(root, 'jobs', 'servers', 'vllm', 'requirements.lock'),
    imports: ['torch', 'transformers', 'vllm'],
    pythons: { from: '3.11', below: '3.14' },
    platforms: ['linux'],
    bytes: 12e9,
  },
]

/** The environment of a name. Throws InvalidInput, which lists the known environments. */
export function environmentNamed(name: string): PythonEnvironment {
  const found = pythonEnvironments.find((environment) => environment.name === name)
  if (found) return found
  throw new HoneError({
    type: 'InvalidInput',
    message: `There is no Python environment "${name}".`,
    nextStep: `Name one of ${pythonEnvironments.map(({ name }) => name).join(', ')}.`,
  })
}

/**
 * The text that an environment is made from. A change of one byte makes another environment. Null
 * when a file of it is missing.
 */
export function requirementsOf({ lock, after }: PythonEnvironment): string | null {
  const files = after === undefined ? [lock] : [lock, after]
  if (!files.every((file) => existsSync(file))) return null
  return files.map((file) => readFileSync(file, 'utf8')).join('\n')
}

/** The Python versions of an environment in words: "3.11 or newer, below 3.14,". */
export function pythonRange({ pythons: { from, below } }: PythonEnvironment): string {
  return below === undefined ? `${from} or newer` : `${from} or newer, below ${below},`
}

/** Whether a version such as "3.11.7" is one that the environment can be made with. */
export function suits({ from, below }: PythonEnvironment['pythons'], version: string): boolean {
  return compare(version, from) >= 0 && (below === undefined || compare(version, below) < 0)
}

/** By major and minor number alone. */
function compare(one: string, other: string): number {
  const [major = 0, minor = 0] = one.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major - otherMajor || minor - otherMinor
}
