import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { findProgram } from '../../services/temporal-binary.ts'
import { bringUpPython, findInterpreter, installError, isComplete, trainerFolder } from '../../services/python.ts'
import { temporaryHome } from '../world/home.ts'

// six 1.17.0: one pure wheel of 11 kB.
const tinyLock = `six==1.17.0 \\
    --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274 \\
    --hash=sha256:ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81
`
const env = { ...process.env, HONE_PYTHON: undefined, PYTHONPATH: undefined }

test('an environment is made once by two that ask at once, and one that was cut short does not count', async () => {
  const cache = temporaryHome()
  const lock = join(cache, 'tiny.lock')
  writeFileSync(lock, tinyLock)
  const [one, two] = await Promise.all([1, 2].map(() => bringUpPython({ cache, lock, env })))
  expect(one).toEqual(two)
  const python = one?.python ?? ''
  expect(one?.env).toEqual({ PYTHONPATH: trainerFolder })
  expect(execFileSync(python, ['-c', 'import six; print(six.__version__)'], { encoding: 'utf8' }).trim()).toBe('1.17.0')
  const folder = dirname(dirname(python))
  expect(isComplete(folder)).toBe(true)
  rmSync(join(folder, '.complete'))
  expect(isComplete(folder)).toBe(false)
}, 90_000)

test('HONE_PYTHON is checked for what the trainer imports', async () => {
  const python = (await findInterpreter(env))?.path ?? ''
  const given = (imports: string[]): Promise<object> => bringUpPython({ env: { ...env, HONE_PYTHON: python }, imports })
  await expect(given(['json'])).resolves.toMatchObject({ python })
  await expect(given(['json', 'no_such_module'])).rejects.toThrow(/lacks no_such_module/)
  await expect(bringUpPython({ env: { ...env, HONE_PYTHON: '/nothing' } })).rejects.toThrow(
    /HONE_PYTHON is \/nothing, which does not run/,
  )
})

test('a shim that does not answer is passed over, and no Python at all is an error that says how to get one', async () => {
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

test('a failed installation is told by its cause', () => {
  expect(installError('x', 'OSError: [Errno 28] No space left on device').type).toBe('StorageFull')
  expect(installError('x', 'error: dns error: failed to lookup').nextStep).toContain('network')
  expect(installError('x', 'THESE PACKAGES DO NOT MATCH THE HASHES').nextStep).toContain('not the one that was locked')
  expect(installError('x', 'ensurepip is not available').nextStep).toContain('python3-venv')
  expect(installError('x', 'something else').nextStep).toContain('lines above')
})
