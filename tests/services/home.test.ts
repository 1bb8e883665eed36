import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureFolder, honeCache, honeHome, storageError } from '../../services/home.ts'
import { temporaryHome } from '../world/home.ts'

test('the home is HONE_HOME, else the nearest .hone above, else a new .hone in this folder', () => {
  const root = temporaryHome()
  const inner = join(root, 'a', 'b')
  mkdirSync(inner, { recursive: true })
  expect(honeHome({ HONE_HOME: 'x' }, root)).toBe(join(root, 'x'))
  expect(honeHome({}, inner)).toBe(join(inner, '.hone'))
  mkdirSync(join(root, '.hone'))
  expect(honeHome({}, inner)).toBe(join(root, '.hone'))
  writeFileSync(join(inner, '.hone'), 'a file is no home')
  expect(honeHome({}, inner)).toBe(join(root, '.hone'))
})

test('the cache is HONE_CACHE, else below XDG_CACHE_HOME, else below the home folder', () => {
  expect(honeCache({ HONE_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/c')
  expect(honeCache({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/hone')
  expect(honeCache({ HOME: '/h' })).toBe('/h/.cache/hone')
})

test('a folder that cannot be made is an error with its path and the variable that moves it', () => {
  const root = temporaryHome()
  writeFileSync(join(root, 'file'), '')
  expect(() => ensureFolder(join(root, 'file', 'logs'))).toThrow(/Cannot write to .*a file is in the way/)
  expect(() => ensureFolder('/proc/hone')).toThrow(/\/proc\/hone/)
  const full = storageError(Object.assign(new Error('write'), { code: 'ENOSPC' }), '/d/x', 'HONE_CACHE')
  expect(full).toMatchObject({ type: 'StorageFull', nextStep: expect.stringContaining('HONE_CACHE') })
})
