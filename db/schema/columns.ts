import { sql } from 'drizzle-orm'
import { check, timestamp } from 'drizzle-orm/pg-core'
import type { AnyPgColumn, CheckBuilder } from 'drizzle-orm/pg-core'

/** A moment, always with its zone. */
export const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** When the record was made; the database's clock, so that two processes agree. */
export const createdAt = () => moment('created_at').notNull().defaultNow()

/**
 * A check constraint instead of an enum type: a new word is one plain migration, and psql shows the
 * words in `\d`. The values are our own constants, never input.
 */
export function oneOf(name: string, column: AnyPgColumn, values: readonly string[]): CheckBuilder {
  return check(name, sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(', '))})`)
}
