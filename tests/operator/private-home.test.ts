import { chmodSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examine } from '../../services/doctor.ts'
import { ensureFolder, homePaths } from '../../services/home.ts'
import { temporaryHome } from '../world/home.ts'

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const homeFinding = async (home: string) => {
  const findings = await examine({ home, cache: home, env: {} })
  return findings.find(({ name }) => name === 'home')
}

test('a home belongs to its owner alone, with all that is in it', () => {
  const home = join(temporaryHome(), 'of', '.hone')
  ensureFolder(homePaths(home).services)
  ensureFolder(homePaths(home).logs)
  expect([home, homePaths(home).services, homePaths(home).logs].map(mode)).toEqual(['700', '700', '700'])
})

test('a cache and the folder of results are open, as other programs make theirs', () => {
  const folder = temporaryHome()
  ensureFolder(join(folder, 'cache', 'bin'), 'HONE_CACHE')
  ensureFolder(join(folder, 'results'), '--output')
  expect(['cache', 'cache/bin', 'results'].map((name) => mode(join(folder, name)))).toEqual(['755', '755', '755'])
})

test('the doctor tells of a home that other users may read, with the command that closes it', async () => {
  const home = temporaryHome(0o755)
  expect(await homeFinding(home)).toEqual({
    name: 'home',
    found: 'problem',
    detail: `${home} is open to other users of this machine (mode 755)`,
    fix: `Close it: chmod 700 ${home}`,
  })
  chmodSync(home, 0o700)
  expect(await homeFinding(home)).toEqual({ name: 'home', found: 'ok', detail: home })
})

test('the doctor makes nothing, and says that a home is made at the first start', async () => {
  const home = join(temporaryHome(), 'new')
  expect(await homeFinding(home)).toMatchObject({ found: 'ok', detail: `${home}, made at the first start` })
  expect(existsSync(home)).toBe(false)
})

test('the doctor tells of a home that cannot be written, also to root', async () => {
  expect(await homeFinding('/proc/sys/hone')).toEqual({
    name: 'home',
    found: 'problem',
    detail: '/proc/sys cannot be written',
    fix: 'Set HONE_HOME to a folder of yours.',
  })
})
