import { sql, type SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from './database.ts'

/**
 * Runs a query that the builder has no words for and parses each row. Drizzle hands timestamps of such queries out as
 * text and 64-bit counts come as strings: say `::int`, and use {@link moment}.
 */
export async function rowsOf<Schema extends z.ZodType>(
  db: Database,
  schema: Schema,
  query: SQL,
): Promise<z.infer<Schema>[]> {
  const result = await db.execute(query)
  return z.array(schema).parse(result.rows)
}

/** A timestamp as it comes from a raw query. */
export const moment = z
  .union([z.date(), z.string()])
  .transform((value) => (typeof value === 'string' ? new Date(value) : value))

/** An array bound as one parameter (`any(${textArray(ids)})`); Drizzle alone would spread it into many. */
export const textArray = (values: readonly string[]): SQL => sql`${sql.param([...values])}::text[]`

/** Pieces of at most `size`: Postgres takes 65,535 parameters a statement, and small statements keep memory flat. */
export function* batchesOf<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/** The one row of a statement that always returns one. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('the statement returned no row')
  return row
}
