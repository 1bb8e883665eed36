import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { claimHome, homeOwner } from '../../services/dev-lock.ts'
import { identify } from '../../services/identity.ts'
import { acquireLock, withLock } from '../../services/lock.ts'
import { temporaryHome } from '../world/home.ts'

test('a home has one dev stack, and a second stack learns the owner', () => {
  const home = temporaryHome()
  const first = claimHome(home, 'hone dev')
  expect(first.status).toBe('acquired')
  expect(claimHome(home, 'hone dev')).toMatchObject({
    status: 'held',
    owner: { pid: process.pid, command: 'hone dev' },
  })
  expect(homeOwner(home)?.pid).toBe(process.pid)
  if (first.status === 'acquired') first.release()
  expect(homeOwner(home)).toBeNull()
  expect(claimHome(home, 'hone dev').status).toBe('acquired')
})

test('the lock of a process that is gone is taken over, also when its pid is another process now', () => {
  const path = join(temporaryHome(), 'x.lock')
  const self = identify(process.pid)
  writeFileSync(`${path}.7`, JSON.stringify({ ...self, startTime: '1', command: 'dead', since: '' }))
  expect(acquireLock(path, 'new').status).toBe('acquired')
  expect(existsSync(`${path}.7`)).toBe(false)
  expect(acquireLock(path, 'third').status).toBe('held')
})

test('when many processes find a stale lock, exactly one at a time gets it', async () => {
  const folder = temporaryHome()
  const path = join(folder, 'x.lock')
  writeFileSync(`${path}.1`, 'torn')
  const module = fileURLToPath(new URL('../../services/lock.ts', import.meta.url))
  // Each process adds 1 to a file 10 times, with a read and a later write. Without exclusion some
  // additions would be lost.
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { withLock } from ${JSON.stringify(module)}
    for (let i = 0; i < 10; i++) await withLock(${JSON.stringify(path)}, 'adder', async () => {
      const n = Number(readFileSync(${JSON.stringify(join(folder, 'n'))}, 'utf8'))
      await new Promise((r) => setTimeout(r, 3))
      writeFileSync(${JSON.stringify(join(folder, 'n'))}, String(n + 1))
    })`
  writeFileSync(join(folder, 'n'), '0')
  writeFileSync(join(folder, 'add.mts'), script)
  const codes = await Promise.all(
    Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(folder, 'add.mts')], {
        stdio: 'inherit',
      })
      return new Promise((resolve) => child.once('close', resolve))
    }),
  )
  expect(codes).toEqual([0, 0, 0, 0])
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(join(folder, 'n'), 'utf8')).toBe('40')
})

test('work under a lock waits for its turn, and releases the lock when it fails', async () => {
  const path = join(temporaryHome(), 'x.lock')
  await expect(withLock(path, 'a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const seen: number[] = []
  const slow = withLock(path, 'a', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    seen.push(1)
  })
  await withLock(path, 'b', async () => void seen.push(2))
  await slow
  expect(seen).toEqual([1, 2])
})
