import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { getTableColumns, getTableName } from 'drizzle-orm'
import type { InferInsertModel } from 'drizzle-orm'
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Database } from './database.ts'
import { storableJsonText } from './storable.ts'

/**
 * Text goes to the socket in pieces of about this many characters. Smaller pieces cost more system
 * calls; larger ones only cost memory.
 */
const pieceLength = 64 * 1024

/**
 * Writes items into a table by COPY, which costs Postgres and this process a fraction of an insert
 * with parameters. Works only inside `db.transaction`. `columns` are named as in the schema. A
 * missing value is written as null, so leave out columns that need their default. Items are read as
 * the server takes them, so memory stays flat. Text that Postgres cannot store is mended
 * (db/storable.ts). Returns how many rows were written. Rejects with what the server or `items`
 * threw; then the transaction can only be rolled back.
 */
export async function copyInto<Table extends PgTable, Column extends string & keyof InferInsertModel<Table>>(
  tx: Database,
  table: Table,
  columns: readonly Column[],
  items: AsyncIterable<Pick<InferInsertModel<Table>, Column>> | Iterable<Pick<InferInsertModel<Table>, Column>>,
): Promise<number> {
  const known: Record<string, AnyPgColumn> = getTableColumns(table)
  const fields = columns.map((key) => {
    const column = known[key]
    if (column === undefined) throw new TypeError(`${getTableName(table)} has no column "${key}"`)
    return { key, name: column.name, write: writerOf(column) }
  })
  const names = fields.map(({ name }) => quoted(name)).join(', ')
  const stream = clientOf(tx).query(copyFrom(`copy ${quoted(getTableName(table))} (${names}) from stdin`))
  await pipeline(async function* text() {
    let piece = ''
    let pieces = 0
    for await (const item of items) {
      let separator = ''
      for (const { key, write } of fields) {
        const value: unknown = item[key]
        piece += separator + (value === null || value === undefined ? '\\N' : write(value))
        separator = '\t'
      }
      piece += '\n'
      if (piece.length < pieceLength) continue
      yield Buffer.from(piece)
      piece = ''
      // Without a pause, a refusal that the server sends meanwhile would be heard only at the end.
      if (++pieces % 16 === 0) await nextTurn()
    }
    if (piece !== '') yield Buffer.from(piece)
  }, stream)
  return stream.rowCount
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * The connection of a transaction. Drizzle keeps it private, so it is looked up and checked: COPY
 * is a dialogue of its own, which no statement of the query builder can hold.
 */
function clientOf(tx: Database): Client {
  const session: unknown = Reflect.get(tx, 'session')
  const client: unknown = typeof session === 'object' && session !== null ? Reflect.get(session, 'client') : undefined
  if (client instanceof Client) return client
  throw new TypeError('COPY works inside a transaction: the pool has no connection of its own')
}

type Writer = (value: unknown) => string

/**
 * How the values of a column are written in COPY's text format (PostgreSQL's manual, COPY, "Text
 * Format").
 */
const writerOf = (column: AnyPgColumn): Writer =>
  column.getSQLType().startsWith('json')
    ? (value) => escaped(storableJsonText(value))
    : (value) => escaped(plainText(value))

function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return `{${value.map(element).join(',')}}`
  return value instanceof Date ? value.toISOString() : String(value)
}

/**
 * One value of an array literal. It is quoted, so that no word in it is read as NULL or as
 * punctuation.
 */
function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  return Array.isArray(value) ? plainText(value) : `"${plainText(value).replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/**
 * NUL cannot be stored (db/storable.ts). Half of a surrogate pair becomes U+FFFD when the text
 * becomes bytes.
 */
const escapes: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\\': String.raw`\\`,
}

const escaped = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  /[\0\n\r\t\\]/.test(text) ? text.replaceAll(/[\0\n\r\t\\]/g, (character) => escapes[character] ?? character) : text
