import { boundedMap } from './cells.ts'
import { namedColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { fieldOf } from './record.ts'
import type { Fields } from './record.ts'

/**
 * The columns that the mapping names for the metadata, the fields of `metadataFrom`, then all
 * columns that it does not use. Bounded; the first of a name stays.
 */
export function metadataMaker(
  mapping: Mapping,
): (fields: Fields, spread: Readonly<Record<string, unknown>>) => Record<string, unknown> {
  const { leaveOut, metadata = {} } = mapping
  const used = new Set(namedColumns(mapping).map(({ column }) => column))
  for (const name of leaveOut === 'all' ? [] : (leaveOut ?? [])) used.add(name)
  const named = Object.entries(metadata).map(([name, from]) =>
    typeof from === 'string'
      ? { name, column: from, values: new Map<string, string>() }
      : { name, column: from.column, values: new Map(Object.entries(from.values)) },
  )
  return (fields, spread) => {
    const entries: [string, unknown][] = named.map(({ name, column, values }) => {
      const value = fieldOf(fields, column)
      return [name, typeof value === 'string' ? (values.get(value) ?? value) : value]
    })
    entries.push(...Object.entries(spread))
    if (leaveOut !== 'all')
      for (const name of Object.keys(fields)) if (!used.has(name)) entries.push([name, fields[name]])
    return entries.length === 0 ? {} : boundedMap(entries)
  }
}
