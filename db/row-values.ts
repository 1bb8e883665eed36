import { getTableColumns, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { rowSchema } from '../domain/rows.ts'
import { rows } from './schema/rows.ts'

/**
 * The fields that an output row inherits from the row it was made from. Verdicts have a table of
 * their own.
 */
export const valueFields = rowSchema
  .omit({ id: true, parentId: true, originId: true, images: true, verdict: true })
  .keyof().options

const known = getTableColumns(rows)
const columns = valueFields.map((field) => ({
  field,
  name: known[field].name,
  type: known[field].getSQLType(),
}))

/** Columns of `rows` that hold a row's values: `question, answer, kind, …`. */
export const valueColumns: SQL = sql.raw(columns.map(({ name }) => name).join(', '))

/** The values of a row that a query calls `alias`: `p.question, p.answer, p.kind, …`. */
export const valuesOf = (alias: 'p' | 'r'): SQL => sql.raw(columns.map(({ name }) => `${alias}.${name}`).join(', '))

/**
 * The values of an output: each field as `f.changes` (jsonb) has it, else as the parent `p` has it.
 * A null of JSON becomes a null of SQL.
 */
export const inheritedValues: SQL = sql.raw(
  columns
    .map(({ field, name, type }) => {
      const changed =
        type === 'jsonb' ? `nullif(f.changes -> '${field}', 'null')` : `(f.changes ->> '${field}')::${type}`
      return `case when f.changes ? '${field}' then ${changed} else p.${name} end`
    })
    .join(', '),
)
