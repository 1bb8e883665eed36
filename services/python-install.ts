import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeWholeFileSync } from '../artifacts/whole-file.ts'
import { HoneError } from '../domain/errors.ts'
import { endProcesses } from './end-processes.ts'
import { installerLock } from './environments.ts'
import type { PythonEnvironment } from './environments.ts'
import { storageError } from './home.ts'
import { processesNaming } from './identity.ts'
import type { Progress } from './progress.ts'
import { indented, runProgram } from './run-program.ts'

/** The inputs of an installation. */
export interface Installation {
  environment: PythonEnvironment
  /** Where it is to be: a folder of its own. */
  folder: string
  interpreter: { path: string; version: string }
  env: Readonly<Record<string, string | undefined>>
  progress: Progress
  /** Ends the installation. The unfinished environment is removed. */
  signal: AbortSignal
}

/** The interpreter inside an environment's folder. */
export const pythonOf = (folder: string): string => join(folder, 'bin', 'python')

/** The file that a whole environment holds, written last. */
export const markOf = (folder: string): string => join(folder, '.complete')

/**
 * Makes the environment in its final folder, because a virtual environment cannot be moved.
 * `.complete` is written last, so it marks a whole environment. A folder without `.complete` is
 * removed and made anew (the downloads are in uv's own cache). Throws MissingDependency,
 * StorageFull; the signal's reason.
 */
export async function makeEnvironment(installation: Installation): Promise<void> {
  const { folder, interpreter, signal } = installation
  try {
    await clear(folder)
    await install(installation)
    writeWholeFileSync(markOf(folder), `${interpreter.version}\n`)
  } catch (error) {
    // Half an environment is useless and takes some gigabytes.
    await clear(folder)
    throw signal.aborted ? signal.reason : storageError(error, folder, 'HONE_CACHE')
  }
}

async function install(installation: Installation): Promise<void> {
  const { environment, folder, interpreter, progress } = installation
  const python = pythonOf(folder)
  progress.update(`making an environment with Python ${interpreter.version}`)
  await step(interpreter.path, ['-m', 'venv', folder], installation)
  progress.update('getting the installer')
  // Without this uv, pip does the same more slowly. The index may have another file under its name.
  const uv = ['-q', '--require-hashes', '-r', installerLock]
  const hasUv = await step(python, ['-m', 'pip', 'install', ...quietPip, ...uv], installation).then(
    () => true,
    () => false,
  )
  installation.signal.throwIfAborted()
  progress.update('installing, once, some minutes')
  // A lock lists every package, so no dependency is looked up: some packages ask for packages that
  // no public index has.
  const packages = ['--no-deps', '--require-hashes', '-r', environment.lock]
  const tell = installTeller(progress)
  if (hasUv) await step(python, ['-m', 'uv', 'pip', 'install', '--python', python, ...packages], installation, tell)
  else await step(python, ['-m', 'pip', 'install', ...quietPip, ...packages], installation, tell)
  if (environment.after !== undefined) await step(python, [environment.after], installation)
  progress.update('looking at what was installed')
  await step(python, ['-c', missingModules, ...environment.imports], installation)
}

const quietPip = ['--disable-pip-version-check']

/**
 * Python code that fails with the names of the modules of its command line that cannot be found.
 */
const missingModules = `
import importlib.util, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
sys.exit("the packages hold no module " + ", ".join(missing) if missing else 0)`

/** An installer whose Hone was killed may still be at work in the folder. */
async function clear(folder: string): Promise<void> {
  await endProcesses(() => processesNaming(folder).map(({ pid }) => pid), { graceSeconds: 0, stopSignal: null })
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** Turns the lines of uv and pip into news. */
function installTeller(progress: Progress): (line: string) => void {
  let collected = 0
  let downloaded = 0
  return (line) => {
    const size = /^\s*Downloading (\S+) \(([\d.]+ ?[KMG]i?B)\)/i.exec(line)
    if (size) progress.update(`downloading ${size[1] ?? ''} (${size[2] ?? ''})`)
    else if (/^\s*Downloaded/.test(line)) progress.update(`${++downloaded} large packages downloaded`)
    else if (/^\s*Collecting/.test(line)) progress.update(`${++collected} packages`)
    else if (/^\s*(Prepared|Installed|Resolved)/.test(line)) progress.update(line.trim().toLowerCase())
  }
}

async function step(
  command: string,
  args: readonly string[],
  { environment, env, signal }: Installation,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const { failure, output } = await runProgram({ command, args, env: { ...env, PIP_NO_INPUT: '1' }, signal, onLine })
  if (failure !== null) throw installError(failure, output, environment)
}

/** The error of a failed installation. It names the cause when the output shows a known cause. */
export function installError(failure: string, output: string, environment: PythonEnvironment): HoneError {
  const shown = indented(output)
  if (/No space left|Errno 28|os error 28|Disk quota/i.test(output)) {
    return new HoneError({
      type: 'StorageFull',
      message: `The disk is full: the Python environment "${environment.name}" needs about ${Math.round(environment.bytes / 1e9)} GB.\n${shown}`,
      nextStep: 'Free space, or set HONE_CACHE to a folder on a disk with room.',
    })
  }
  const causes: [RegExp, string][] = [
    [/ensurepip|No module named venv/i, 'Install the venv module of this Python (e.g. `apt install python3-venv`).'],
    [
      /hash|THESE PACKAGES DO NOT MATCH/i,
      'A package is not the one that was locked: a mirror may have changed it. Try another index.',
    ],
    [
      /resolve host|name resolution|dns|connect|timed out|unreachable|network|retries exceeded|tls|certificate/i,
      "Check the network and pip's settings (proxy, index), then run again: what was downloaded is kept.",
    ],
  ]
  const mend = causes.find(([pattern]) => pattern.test(output))?.[1] ?? 'Mend what the lines above say.'
  const { lock, variable } = environment
  return new HoneError({
    type: 'MissingDependency',
    message: `The Python environment "${environment.name}" could not be made: ${failure}.\n${shown}`,
    nextStep: variable === undefined ? mend : `${mend} Or set ${variable} to a Python that has what ${lock} names.`,
  })
}
