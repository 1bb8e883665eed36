import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { groupMembers, identify } from '../../services/identity.ts'
import { bringUpPostgres, findPostgres } from '../../services/postgres.ts'
import type { Postgres, PostgresOptions } from '../../services/postgres.ts'
import { findService } from '../../services/processes.ts'
import { temporaryHome } from '../world/home.ts'
import { freshDatabase } from '../world/postgres.ts'

async function bringUp(home: string, more: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await bringUpPostgres({ home, env: {}, ...more })
  onTestFinished(() => postgres.stop())
  return postgres
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

test('data and address survive a stop and a start, and only the owner can read the files', async () => {
  const home = temporaryHome()
  const first = await bringUp(home)
  expect(first).toMatchObject({ owned: true, found: false })
  await query(first.url, 'CREATE TABLE t AS SELECT 7 AS x')
  expect(await query(first.url, 'SHOW fsync')).toEqual([{ fsync: 'on' }])
  expect(await query(first.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  expect(statSync(join(home, 'postgres', 'password')).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'postgres', 'data')).mode & 0o077).toBe(0)
  expect(findPostgres(home, {})).toBe(first.url)
  const pid = findService(home, 'postgres')?.identity.pid ?? 0
  await first.stop()
  expect(groupMembers(pid)).toEqual([])
  expect(findPostgres(home, {})).toBeNull()
  const second = await bringUp(home)
  expect(second.url).toBe(first.url)
  expect(await query(second.url, 'SELECT x FROM t')).toEqual([{ x: 7 }])
})

test('a server killed with kill -9 while its worker is busy is replaced and keeps committed rows', async () => {
  // Only its owner may enter this home. As root, PostgreSQL runs as another user.
  const home = temporaryHome(0o700)
  const first = await bringUp(home, { durability: 'fast' })
  expect(await query(first.url, 'SHOW fsync')).toEqual([{ fsync: 'off' }])
  await query(first.url, 'CREATE TABLE t AS SELECT 7 AS x')
  const busy = query(first.url, 'DO $$ BEGIN LOOP END LOOP; END $$').catch(() => 'cut')
  await new Promise((resolve) => setTimeout(resolve, 200))
  const pid = findService(home, 'postgres')?.identity.pid ?? 0
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => identify(pid)).toBeNull()
  expect(existsSync(join(home, 'postgres', 'data', 'postmaster.pid'))).toBe(true)
  const second = await bringUp(home)
  expect(second.found).toBe(false)
  expect(await query(second.url, 'SELECT x FROM t')).toEqual([{ x: 7 }])
  expect(await busy).toBe('cut')
})

test('a server of a crashed owner is adopted by any number of processes at once, with or without its record', async () => {
  const home = temporaryHome()
  mkdirSync(join(home, 'postgres', 'data.new', 'base'), { recursive: true })
  writeFileSync(join(home, 'postgres', 'password'), 'of a first try that was cut short')
  const first = await bringUp(home, { durability: 'fast' })
  const again = await Promise.all([bringUp(home), bringUp(home)])
  expect(again.map(({ found, url }) => [found, url])).toEqual([
    [true, first.url],
    [true, first.url],
  ])
  const pid = findService(home, 'postgres')?.identity.pid ?? 0
  rmSync(join(home, 'services', 'postgres.json'))
  const third = await bringUp(home)
  expect(third).toMatchObject({ found: true, url: first.url })
  await third.stop()
  expect(identify(pid)).toBeNull()
})

test('a DATABASE_URL that does not answer is named without its password', async () => {
  const url = 'postgres://me:s3cret@127.0.0.1:1/db'
  const failure = bringUpPostgres({ home: temporaryHome(), env: { DATABASE_URL: url } })
  await expect(failure).rejects.toMatchObject({ type: 'EndpointRefused' })
  await expect(failure).rejects.toThrow(/127\.0\.0\.1:1\/db does not answer: .*ECONNREFUSED/)
  await expect(failure).rejects.not.toThrow(/s3cret/)
})

test("the user's own server is used and never stopped", async () => {
  const own = await freshDatabase()
  const used = await bringUp(temporaryHome(), { env: { DATABASE_URL: own.url } })
  expect(used).toMatchObject({ owned: false, url: own.url })
  await used.stop()
  expect(await query(own.url, 'SELECT 1 AS x')).toEqual([{ x: 1 }])
})

test('a home that cannot be written to and a lost password are clear errors', async () => {
  const home = temporaryHome()
  writeFileSync(join(home, 'file'), '')
  await expect(bringUpPostgres({ home: join(home, 'file'), env: {} })).rejects.toThrow(
    /Cannot write to .*a file is in the way/,
  )
  const postgres = await bringUp(home, { durability: 'fast' })
  await postgres.stop()
  rmSync(join(home, 'postgres', 'password'))
  await expect(bringUpPostgres({ home, env: {} })).rejects.toMatchObject({ type: 'MissingSecret' })
})

// A test may not mount a disk. A limit on the file sizes of the child gives initdb the same kind of
// failure.
test('an initialisation that cannot write names the failure and leaves no unfinished database', async () => {
  const home = temporaryHome()
  const module = new URL('../../services/postgres.ts', import.meta.url).href
  const script = join(home, 'limited.mts')
  writeFileSync(
    script,
    `import { bringUpPostgres } from ${JSON.stringify(module)}
     await bringUpPostgres({ home: ${JSON.stringify(home)}, env: {} }).catch((e) => { console.log(e.type, e.message); })`,
  )
  const command = `ulimit -f 200; exec "${process.execPath}" --import ${import.meta.resolve('tsx')} ${script}`
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  expect(output).toMatch(/Could not create the PostgreSQL files/)
  expect(existsSync(join(home, 'postgres', 'data'))).toBe(false)
})
