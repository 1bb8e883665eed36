import { createHash } from 'node:crypto'
import { IdSet } from '../../artifacts/id-set.ts'
import type { Mapping } from './mapping.ts'
import type { RecordReader } from './record.ts'
import { rowMaker } from './to-row.ts'
import type { ImportRow, RowRules } from './to-row.ts'

/** A row and the id that it goes by, which no other row of the source has. */
export interface NamedRow {
  row: ImportRow
  sourceId: string
}

export interface NamingOptions {
  mapping: Mapping
  rules?: RowRules | undefined
  /** Only so many records, from the top. */
  maxRows?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * Rows of a source in batches, in its order, their pictures not looked at. A record that cannot be
 * used has a failure.
 */
export async function* namedRows(
  reader: RecordReader,
  { mapping, rules, maxRows = Number.POSITIVE_INFINITY, signal }: NamingOptions,
): AsyncGenerator<NamedRow[]> {
  const makeRow = rowMaker(mapping, rules)
  const nameRow = rowNamer(mapping.id !== undefined || mapping.honeRow !== undefined)
  let records = 0
  for await (const batch of reader.read()) {
    signal?.throwIfAborted()
    yield batch.slice(0, maxRows - records).map((record) => nameRow(makeRow(record), ++records))
    if (records >= maxRows) return
  }
}

/**
 * Gives rows their ids: the source's, else the number of the row. A second row of an id fails as
 * `duplicate-id`.
 */
function rowNamer(hasIds: boolean): (row: ImportRow, number: number) => NamedRow {
  const ids = new IdSet()
  const isNew = (id: string): boolean => ids.add(createHash('sha256').update(id).digest('base64url'))
  const free = (wanted: string): string => {
    let name = wanted
    for (let copy = 2; !isNew(name); copy++) name = `${wanted} · ${copy}`
    return name
  }
  return (row, number) => {
    const { id, line } = row
    // Numbers are unique as they are, and need no memory.
    if (!hasIds && !row.failure) return { row, sourceId: String(number) }
    if (!row.failure && id !== null && isNew(id)) return { row, sourceId: id }
    const detail = `another row has the id "${id ?? ''}" already`
    return {
      row: { ...row, failure: row.failure ?? { reason: 'duplicate-id', detail } },
      sourceId: free(`line ${line}${id === null ? '' : ` (${id})`}`),
    }
  }
}
