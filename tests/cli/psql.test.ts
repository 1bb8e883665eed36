import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { bringUpPostgres } from '../../services/postgres.ts'
import { findProgram } from '../../services/programs.ts'
import { openTestDatabase } from '../db/world.ts'
import { temporaryHome } from '../world/home.ts'
import { hone } from './terminal.ts'

/** A folder with a psql that prints its arguments and ends with 3. */
function fakePsql(): string {
  const folder = temporaryHome()
  const path = join(folder, 'psql')
  writeFileSync(path, '#!/bin/sh\necho "args: $*"\necho "password: $PGPASSWORD"\nexit 3\n')
  chmodSync(path, 0o755)
  return folder
}

const url = 'postgres://me:pass%20word@db.example:6543/work?sslmode=require'

it('runs psql with the password in its environment alone, and ends as psql ends', async () => {
  const env = { DATABASE_URL: url, PATH: fakePsql() }
  const { out, code } = await hone(['psql', '-c', 'select 1', '-t'], { env })
  expect(out).toBe('args: -d postgres://me@db.example:6543/work?sslmode=require -c select 1 -t\npassword: pass word\n')
  expect(code).toBe(3)
})

it('without psql says how to get it and where the database is, without the password', async () => {
  const { err, code } = await hone(['psql'], { env: { DATABASE_URL: url, PATH: temporaryHome() } })
  expect(code).toBe(1)
  expect(err).toMatch(/psql is not installed here[^]*apt install postgresql-client/)
  for (const part of ['db.example', '6543', ' me\n', ' work\n', 'the one in DATABASE_URL']) expect(err).toContain(part)
  expect(err).not.toMatch(/pass(?: |%20)word/)
})

it('says that nothing runs', async () => {
  expect((await hone(['psql'], { env: { HONE_HOME: temporaryHome(), PATH: '' } })).err).toMatch(
    /^No Hone runs in this home/,
  )
})

it('names the file with the password of Hone’s own server', async () => {
  const home = temporaryHome()
  const server = await bringUpPostgres({ home, durability: 'fast', anyPort: true, env: {} })
  onTestFinished(() => server.stop())
  const { out } = await hone(['psql', '--json'], { env: { HONE_HOME: home, PATH: '' } })
  const { passwordFile, port } = z.object({ passwordFile: z.string(), port: z.number() }).parse(JSON.parse(out))
  const password = readFileSync(passwordFile, 'utf8').trim()
  expect(server.url).toBe(`postgres://hone:${password}@127.0.0.1:${port}/hone`)
  expect(out).not.toContain(password)
})

let database: Awaited<ReturnType<typeof openTestDatabase>>
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

it('prints the address of the database as JSON', async () => {
  const { out, code } = await hone(['psql', '--json'], { env: { DATABASE_URL: url, PATH: '' } })
  expect(code).toBe(0)
  expect(JSON.parse(out)).toEqual({
    host: 'db.example',
    port: 6543,
    user: 'me',
    database: 'work',
    passwordFile: null,
    psql: null,
  })
})

const psql = findProgram('psql')
it.skipIf(psql === null)('reads a real database (skipped where psql is not installed)', async () => {
  const env = { DATABASE_URL: database.url, PATH: process.env['PATH'] ?? '' }
  const { out, code } = await hone(['psql', '-tAc', 'select count(*) from campaigns'], { env })
  expect({ out, code }).toEqual({ out: '0\n', code: 0 })
})
