import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { listCampaigns } from '../../db/campaigns.ts'
import { openRound } from '../../db/rounds.ts'
import { migrate, openDatabase, shortDatabaseError } from '../../db/database.ts'
import { freshDatabase } from '../world/postgres.ts'

const schemaFolder = fileURLToPath(new URL('../../db/schema', import.meta.url))
const program = fileURLToPath(new URL('./migrate-process.ts', import.meta.url))

async function runMigration(url: string): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, url], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.exitCode
}

describe('migrate', () => {
  it('lets two processes start at once, and is idempotent', async () => {
    const { url } = await freshDatabase()
    expect(await Promise.all([runMigration(url), runMigration(url)])).toEqual([0, 0])
    await migrate(url)
    const { db, close } = openDatabase(url)
    expect(await listCampaigns(db)).toEqual([])
    await close()
  })

  it('waits for another process that migrates, and says so', async () => {
    const { url } = await freshDatabase()
    const other = new Client({ connectionString: url })
    await other.connect()
    await other.query('select pg_advisory_lock($1)', [0x484f4e45])
    const lines: string[] = []
    const waiting = migrate(url, (line) => {
      lines.push(line)
      void other.end()
    })
    await waiting
    expect(lines).toEqual([
      'another process is updating the database; waiting for it',
      'bringing the tables up to date',
    ])
  })
})

describe('the checked-in migrations', () => {
  it('make the tables that the schema describes', async () => {
    const { url } = await freshDatabase()
    await migrate(url)
    const { pool, close } = openDatabase(url)
    const files = readdirSync(schemaFolder).map((file) => import(pathToFileURL(join(schemaFolder, file)).href))
    const exported = (await Promise.all(files)).flatMap((file: object) => Object.values(file))
    const described = exported
      .filter((value) => is(value, PgTable))
      .flatMap((table) => {
        const { name, columns } = getTableConfig(table)
        return columns.map((column) => `${name}.${column.name} ${column.notNull ? 'NO' : 'YES'}`)
      })
    const { rows } = await pool.query<{ line: string }>(
      `select table_name || '.' || column_name || ' ' || is_nullable as line
       from information_schema.columns where table_schema = 'public'`,
    )
    await close()
    expect(described.length).toBeGreaterThan(100)
    expect(rows.map(({ line }) => line).toSorted()).toEqual(described.toSorted())
  })
})

describe('shortDatabaseError', () => {
  it('gives the reason without the statement and its values', async () => {
    const { url } = await freshDatabase()
    await migrate(url)
    const { db, close } = openDatabase(url)
    const failed = await openRound(db, { campaign: 'secret-name', number: 0, parent: null }).catch(shortDatabaseError)
    await close()
    expect(String(failed)).toMatch(/refused a statement \(23503\): .*foreign key/)
    expect(String(failed)).not.toMatch(/secret-name/)
    expect(shortDatabaseError('else')).toBe('else')
  })
})
