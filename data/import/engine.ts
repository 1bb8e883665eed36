import { DuckDBInstance, JSDuckDBValueConverter } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { HoneError, messageOf } from '../../domain/errors.ts'
import { isMap } from './record.ts'
import type { Fields } from './record.ts'

/** Text as a literal of SQL. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
/**
 * A file as a literal that means this one file: the engine takes `*`, `?` and `[` in names for
 * patterns.
 */
export const fileLiteral = (path: string): string => quoted(path.replaceAll(/[*?[]/g, '[$&]'))

/** An engine that reads files. The caller closes it. */
interface Engine {
  connection: DuckDBConnection
  close: () => void
}

/**
 * Opens an engine that reads files and nothing else: no network (no extension is fetched or loaded)
 * and no files of its own. It needs far less than 2 GB for files as pyarrow writes them. But a page
 * of Parquet is unpacked whole, some writers make pages of 100 MB, and each thread holds a page.
 * Two threads, because decoding pictures and writing rows need the machine as well.
 */
export async function openEngine(threads: 1 | 2 = 2): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '2GB',
    threads: String(threads),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    // No part of a file is read twice.
    enable_external_file_cache: 'false',
    // An engine with a place to spill to would make a folder beside the working directory.
    temp_directory: '',
  })
  const connection = await instance.connect()
  const close = (): void => {
    connection.closeSync()
    instance.closeSync()
  }
  return { connection, close }
}

/**
 * Rows of a query as they come, at most 2,048 at a time. Throws InvalidSource with `what` when the
 * engine cannot go on.
 */
export async function* streamRows(engine: DuckDBConnection, sql: string, what: string): AsyncGenerator<Fields[]> {
  try {
    const result = await engine.stream(sql)
    const names = result.deduplicatedColumnNames()
    for (;;) {
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      const columns = chunk.convertColumns(JSDuckDBValueConverter)
      const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}))
      for (const [index, name] of names.entries()) {
        const values = columns[index] ?? []
        for (let at = 0; at < rows.length; at++) {
          const row = rows[at]
          if (row) row[name] = plain(values[at])
        }
      }
      yield rows
    }
  } catch (error) {
    throw unreadable(what, error)
  }
}

/** A source that the engine cannot read, in its own words. */
export const unreadable = (what: string, cause: unknown): HoneError =>
  new HoneError({
    type: 'InvalidSource',
    message: `${what} cannot be read: ${messageOf(cause).split('\n')[0] ?? ''}`,
    nextStep: 'see whether the file is whole (a download may have been cut), or name its format with --format',
    cause,
  })

/** Whole numbers that JavaScript can hold become numbers; larger ones text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
  return value
}
