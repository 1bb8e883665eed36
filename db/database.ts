import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import type { PgDatabase } from 'drizzle-orm/pg-core'
import { Client, Pool } from 'pg'

/** What every query takes: the pool or a transaction, so that queries compose. */
export type Database = PgDatabase<NodePgQueryResultHKT>

/** An open connection pool. `close` waits for queries that run. */
export interface OpenDatabase {
  db: Database
  pool: Pool
  close: () => Promise<void>
}

/**
 * Opens a pool of connections to the database of the URL. Nothing connects before the first query,
 * so an unreachable server is an error of the first query. `max` is the number of connections
 * (default 10, as in pg).
 */
export function openDatabase(url: string, { max = 10 }: { max?: number } = {}): OpenDatabase {
  const pool = new Pool({ connectionString: url, max, application_name: 'hone' })
  // The pool replaces an idle connection that dies, for example when the server restarts. Without a
  // listener the event would end the process.
  pool.on('error', () => {})
  return { db: drizzle(pool), pool, close: () => pool.end() }
}

/** Advisory lock that every Hone process takes before it migrates a database ("HONE" in ASCII). */
const migrationLock = 0x484f4e45

/**
 * Brings the database to the tables of this version. Idempotent. Safe when several processes start
 * at once: one migrates, the others wait and then find nothing to do. `onProgress` gets a line when
 * there is something to wait for.
 */
export async function migrate(url: string, onProgress?: (line: string) => void): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'hone-migrate' })
  await client.connect()
  try {
    const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [migrationLock])
    if (!rows[0]?.free) {
      onProgress?.('another process is updating the database; waiting for it')
      await client.query('select pg_advisory_lock($1)', [migrationLock])
    }
    onProgress?.('bringing the tables up to date')
    await client.query('set client_min_messages = warning')
    await applyMigrations(drizzle(client), { migrationsFolder: migrationsFolder() })
  } finally {
    // The lock belongs to the session: ending the connection frees it, also after an error.
    await client.end()
  }
}

/**
 * The folder lies beside this file in the source, and in the package's own tree when this file runs
 * from `dist/`.
 */
function migrationsFolder(): string {
  const beside = fileURLToPath(new URL('./migrations', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../db/migrations', import.meta.url))
}

/**
 * A failed query as people may read it and as Temporal may carry it. Drizzle's own message holds
 * the whole statement with every bound value: megabytes, and the contents of rows. Any other error
 * is returned as it is.
 */
export function shortDatabaseError(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return error
  const { cause } = error
  const code = cause && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new Error(`the database refused a statement${code}: ${cause?.message ?? 'no reason given'}`, { cause })
}
