import { BLOB, INTEGER, LIST, STRUCT, VARCHAR, blobValue, listValue, structValue } from '@duckdb/node-api'
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'

/** Type of a column: a scalar, a list, or a struct by the names of its members. */
export type ColumnType =
  | 'string'
  | 'int32'
  | 'binary'
  | { list: ColumnType }
  | { struct: Readonly<Record<string, ColumnType>> }

/** Columns of a table in their order. */
export type ExportColumns = Readonly<Record<string, ColumnType>>

/** A conversation: a list of turns. */
export const turns: ColumnType = { list: { struct: { role: 'string', content: 'string' } } }

/** The DuckDB type of a column type. */
export function duckType(type: ColumnType): DuckDBType {
  if (type === 'string') return VARCHAR
  if (type === 'int32') return INTEGER
  if (type === 'binary') return BLOB
  if ('list' in type) return LIST(duckType(type.list))
  return STRUCT(Object.fromEntries(Object.entries(type.struct).map(([name, member]) => [name, duckType(member)])))
}

/**
 * A value in DuckDB's form; null and undefined become NULL. Throws a TypeError when the value is
 * not of the type.
 */
export function duckValue(value: unknown, type: ColumnType): DuckDBValue {
  if (value === null || value === undefined) return null
  if (type === 'string' && typeof value === 'string') return value
  if (type === 'int32' && Number.isInteger(value) && typeof value === 'number') return value
  if (type === 'binary' && value instanceof Uint8Array) return blobValue(value)
  if (typeof type === 'object' && 'list' in type && Array.isArray(value))
    return listValue(value.map((item: unknown) => duckValue(item, type.list)))
  if (typeof type === 'object' && 'struct' in type && typeof value === 'object') {
    const given = new Map<string, unknown>(Object.entries(value))
    const members = Object.entries(type.struct).map(([name, member]) => [name, duckValue(given.get(name), member)])
    return structValue(Object.fromEntries(members))
  }
  throw new TypeError(`a ${typeof value} is no ${JSON.stringify(type)}`)
}

/**
 * The type as `datasets` keeps it in a file's metadata (Features.to_dict). A list is written as a
 * JSON list with one element: releases before 4.0, which do not know `List`, read that too.
 */
export function featureOf(type: ColumnType): unknown {
  if (typeof type === 'string') return { dtype: type, _type: 'Value' }
  if ('list' in type) return [featureOf(type.list)]
  return Object.fromEntries(Object.entries(type.struct).map(([name, member]) => [name, featureOf(member)]))
}

/**
 * A column in the card of a data set (Features._to_yaml_list). A list of lists has no short form
 * and is not used here.
 */
export function cardFeature(name: string, type: ColumnType, indent: string): string[] {
  const title = `${indent}- name: ${name}`
  if (typeof type === 'string') return [title, `${indent}  dtype: ${type}`]
  if ('struct' in type) return [title, `${indent}  struct:`, ...members(type.struct, `${indent}  `)]
  if (typeof type.list === 'string') return [title, `${indent}  list: ${type.list}`]
  if ('struct' in type.list) return [title, `${indent}  list:`, ...members(type.list.struct, `${indent}  `)]
  throw new TypeError(`the card cannot tell of ${name}, a list of lists`)
}

const members = (struct: Readonly<Record<string, ColumnType>>, indent: string): string[] =>
  Object.entries(struct).flatMap(([name, type]) => cardFeature(name, type, indent))
