import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { listCampaigns } from '../../db/campaigns.ts'
import { openRound } from '../../db/rounds.ts'
import { migrate, openDatabase, shortDatabaseError } from '../../db/database.ts'
import { freshDatabase } from '../world/postgres.ts'

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

  it('waits for the one that migrates and says so', async () => {
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

describe('shortDatabaseError', () => {
  it('tells the reason without the statement and its values', async () => {
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
