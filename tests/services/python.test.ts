import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { environmentNamed, pythonEnvironments, suits, trlEnvironment } from '../../services/environments.ts'
import type { PythonEnvironment } from '../../services/environments.ts'
import { processesNaming } from '../../services/identity.ts'
import { findInterpreter } from '../../services/interpreter.ts'
import { findProgram } from '../../services/programs.ts'
import { installError } from '../../services/python-install.ts'
import {
  bringUpEnvironment,
  bringUpPython,
  environmentState,
  isComplete,
  trainerFolder,
} from '../../services/python.ts'
import { temporaryHome } from '../world/home.ts'

// The package six 1.17.0 is one pure wheel of 11 kB.
const tinyLock = `six==1.17.0 \\
    --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274 \\
    --hash=sha256:ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81
`
const env = { ...process.env, HONE_PYTHON: undefined, PYTHONPATH: undefined }

test('an environment is made once for two requests at once, and an unfinished environment does not count', async () => {
  const cache = temporaryHome()
  const lock = join(cache, 'tiny.lock')
  writeFileSync(lock, tinyLock)
  const options = { cache, lock, imports: ['six'], env }
  const [one, two] = await Promise.all([1, 2].map(() => bringUpPython(options)))
  expect(one).toEqual(two)
  const python = one?.python ?? ''
  expect(one?.env).toEqual({ PYTHONPATH: trainerFolder })
  expect(execFileSync(python, ['-c', 'import six; print(six.__version__)'], { encoding: 'utf8' }).trim()).toBe('1.17.0')
  const folder = dirname(dirname(python))
  expect(isComplete(folder)).toBe(true)
  rmSync(join(folder, '.complete'))
  expect(isComplete(folder)).toBe(false)
}, 90_000)

test('HONE_PYTHON is checked for the modules of the trainer', async () => {
  const python = (await findInterpreter(env))?.path ?? ''
  const given = (imports: string[]): Promise<object> => bringUpPython({ env: { ...env, HONE_PYTHON: python }, imports })
  await expect(given(['json'])).resolves.toMatchObject({ python })
  await expect(given(['json', 'no_such_module'])).rejects.toThrow(/lacks no_such_module/)
  await expect(bringUpPython({ env: { ...env, HONE_PYTHON: '/nothing' } })).rejects.toThrow(
    /HONE_PYTHON is \/nothing, which does not run/,
  )
})

test('a shim that does not answer is skipped, and a missing Python is an error that says how to get one', async () => {
  const folder = temporaryHome()
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'python3.13'), '#!/bin/sh\nexit 127\n', { mode: 0o755 })
  const lock = join(folder, 'tiny.lock')
  writeFileSync(lock, tinyLock)
  const PATH = join(folder, 'bin')
  await expect(bringUpPython({ cache: folder, lock, env: { PATH } })).rejects.toThrow(/no Python 3.10 or newer on PATH/)
  const real = (await findInterpreter(env))?.path ?? findProgram('python3') ?? ''
  symlinkSync(real, join(folder, 'bin', 'python3'))
  expect(await findInterpreter({ PATH })).not.toBeNull()
})

/** An environment of the package six only, with its files in the folder. */
function tinyEnvironment(folder: string, more: Partial<PythonEnvironment> = {}): PythonEnvironment {
  const lock = join(folder, 'tiny.lock')
  writeFileSync(lock, tinyLock)
  return { name: 'tiny', purpose: 'a test', lock, imports: ['six'], pythons: { from: '3.10' }, bytes: 1e7, ...more }
}

test('the script after an installation is part of the environment, so another script makes another environment', async () => {
  const cache = temporaryHome()
  const after = join(cache, 'after.py')
  const environment = tinyEnvironment(cache, { after, imports: ['six', 'left_by_script'] })
  writeFileSync(
    after,
    'import pathlib, six; pathlib.Path(six.__file__).with_name("left_by_script.py").write_text("")\n',
  )
  const { python } = await bringUpEnvironment(environment, { cache, env })
  expect(await environmentState(environment, cache, env)).toMatchObject({ state: 'made', python })
  writeFileSync(after, 'raise SystemExit("the script says no")\n')
  expect(await environmentState(environment, cache, env)).toMatchObject({ state: 'not made' })
  await expect(bringUpEnvironment(environment, { cache, env })).rejects.toThrow(/"tiny"[^]*the script says no/)
  rmSync(after)
  await expect(bringUpEnvironment(environment, { cache, env })).rejects.toThrow(/cannot be made: .*which says what it/)
}, 90_000)

test('an environment whose packages lack a module fails with the module’s name, and leaves nothing', async () => {
  const cache = temporaryHome()
  const environment = tinyEnvironment(cache, { imports: ['six', 'no_such_module'] })
  await expect(bringUpEnvironment(environment, { cache, env })).rejects.toThrow(/hold no module no_such_module/)
  expect(readdirSync(join(cache, 'python'))).toEqual([])
}, 90_000)

test('an interrupted installation leaves no process and no folder, and the next installation starts again', async () => {
  const cache = temporaryHome()
  const after = join(cache, 'after.py')
  writeFileSync(after, 'import time; open(__file__ + ".runs", "w").close(); time.sleep(600)\n')
  const environment = tinyEnvironment(cache, { after })
  const controller = new AbortController()
  const reason = new Error('Ctrl-C')
  const made = bringUpEnvironment(environment, { cache, env, signal: controller.signal })
  const outcome = made.catch((error: unknown) => error)
  await expect.poll(() => existsSync(`${after}.runs`), { timeout: 60_000 }).toBe(true)
  controller.abort(reason)
  expect(await outcome).toBe(reason)
  expect(readdirSync(join(cache, 'python'))).toEqual([])
  expect(processesNaming(cache)).toEqual([])
  await expect(bringUpEnvironment(environment, { cache, env, signal: controller.signal })).rejects.toBe(reason)
}, 90_000)

test('every environment has its lock file, which names no index and has the hash of every package', () => {
  for (const { name, lock, after } of pythonEnvironments.filter(({ lock }) => existsSync(lock))) {
    const text = readFileSync(lock, 'utf8')
    const packages = text.split('\n').filter((line) => /^[a-z0-9]/i.test(line))
    expect({ name, some: packages.length > 20 }).toEqual({ name, some: true })
    expect({ name, unhashed: packages.filter((line) => !line.endsWith('\\')) }).toEqual({ name, unhashed: [] })
    expect(text).not.toMatch(/^--|https?:/m)
    expect(after === undefined || existsSync(after)).toBe(true)
  }
  expect(() => environmentNamed('nope')).toThrow(/no Python environment "nope"/)
})

test('versions of Python are compared by number', () => {
  expect(suits({ from: '3.10' }, '3.9.18')).toBe(false)
  expect(suits({ from: '3.10' }, '3.13.0')).toBe(true)
  expect(suits({ from: '3.11', below: '3.14' }, '3.14.1')).toBe(false)
  expect(suits({ from: '3.11', below: '3.14' }, '3.11.7')).toBe(true)
})

test('the error of a failed installation gives the cause', () => {
  const told = (output: string) => installError('x', output, trlEnvironment)
  expect(told('OSError: [Errno 28] No space left on device').type).toBe('StorageFull')
  expect(told('error: dns error: failed to lookup').nextStep).toContain('network')
  expect(told('THESE PACKAGES DO NOT MATCH THE HASHES').nextStep).toContain('not the one that was locked')
  expect(told('ensurepip is not available').nextStep).toContain('python3-venv')
  expect(told('something else').nextStep).toContain('lines above')
  expect(told('something else').nextStep).toContain('HONE_PYTHON')
  expect(installError('x', 'something else', environmentNamed('vllm-cpu')).nextStep).not.toContain('HONE_PYTHON')
})
