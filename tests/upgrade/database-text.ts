import { readdirSync, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import type { Client } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { z } from 'zod'

const migrations = new URL('../../db/migrations/', import.meta.url)

/** Drizzle's own table of the migrations that a database has had. */
const migrationsTable = 'drizzle.__drizzle_migrations'
const endOfTable = '\\.\n'

const column = z.object({ name: z.string() })
const tableRow = z.object({ name: z.string() })
const sequenceRow = z.object({ name: z.string(), value: z.string() })

/**
 * All rows of Hone's tables and the state of their sequences, as statements with COPY text between
 * them, as pg_dump writes them. The embedded PostgreSQL has no pg_dump, and the system's pg_dump is
 * too old for it.
 */
export async function dumpDatabase(client: Client): Promise<string> {
  const found = await client.query(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  )
  const tables = z.array(tableRow).parse(found.rows)
  let dump = ''
  for (const name of [...tables.map((table) => `public.${table.name}`), migrationsTable]) {
    const [schema, table] = name.split('.')
    const columns = await client.query(
      `select quote_ident(column_name) as name from information_schema.columns
       where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' order by ordinal_position`,
      [schema, table],
    )
    const names = z.array(column).parse(columns.rows)
    const target = `${name} (${names.map((each) => each.name).join(', ')})`
    const rows = await text(client.query(copyTo(`copy ${target} to stdout`)))
    if (rows !== '') dump += `copy ${target} from stdin;\n${rows}${endOfTable}`
  }
  const sequences = await client.query(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::text as value
     from pg_sequences where last_value is not null order by 1`,
  )
  for (const { name, value } of z.array(sequenceRow).parse(sequences.rows))
    dump += `select setval('${name}', ${value});\n`
  return dump
}

/**
 * Makes the tables of the first `count` migrations in an empty database, and fills them from a
 * dump.
 */
export async function loadDatabase(client: Client, dump: string, count: number): Promise<void> {
  for (const file of readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .slice(0, count))
    await client.query(readFileSync(new URL(file, migrations), 'utf8'))
  await client.query(`create schema drizzle;
    create table ${migrationsTable} (id serial primary key, hash text not null, created_at bigint)`)
  // Campaigns and rounds refer to each other, and history refuses changes. As a replica the session
  // skips these keys and triggers.
  await client.query('set session_replication_role = replica')
  let rest = dump
  while (rest !== '') {
    const [statement = ''] = rest.split('\n', 1)
    rest = rest.slice(statement.length + 1)
    if (!statement.startsWith('copy ')) {
      await client.query(statement)
      continue
    }
    const end = rest.startsWith(endOfTable) ? 0 : rest.indexOf(`\n${endOfTable}`) + 1
    const rows = rest.slice(0, end)
    rest = rest.slice(end + endOfTable.length)
    await pipeline([rows], client.query(copyFrom(statement)))
  }
}
