import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from './database.ts'

/**
 * Runs a query that the query builder cannot express, and parses each row. Drizzle returns
 * timestamps of such queries as text, and 64-bit counts as strings: write `::int`, and use {@link
 * moment}.
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

/**
 * An array as one parameter (`any(${textArray(ids)})`). Drizzle alone would make a parameter of
 * each value.
 */
export const textArray = (values: readonly string[]): SQL => sql`${sql.param([...values])}::text[]`

/**
 * Pieces of at most `size` items. Postgres takes 65,535 parameters in a statement, and small
 * statements keep memory flat.
 */
export function* batchesOf<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/** The one row of a statement that always returns one. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows
  if (row === undefined) throw new Error('the statement returned no row')
  return row
}
