import { createHash } from 'node:crypto'
import { IdSet } from '../../artifacts/id-set.ts'
import type { ImportRow } from './import-row.ts'
import type { Mapping } from './mapping.ts'
import type { RecordReader, SourceRecord } from './record.ts'
import type { NoteTally } from './row-notes.ts'
import { rowMaker } from './to-row.ts'
import type { RowRules } from './to-row.ts'

/** A row and the id that it goes by, which no other row of the source has. */
export interface NamedRow {
  row: ImportRow
  sourceId: string
}

export interface NamingOptions {
  mapping: Mapping
  rules?: RowRules | undefined
  /** Only so many records that become rows, from the top. */
  maxRows?: number | undefined
  /** Counts what was changed in the rows, and the records that were left out. */
  tally?: NoteTally | undefined
  signal?: AbortSignal | undefined
}

/**
 * Rows of a source in batches, in its order, their pictures not looked at. A record that cannot be
 * used has a failure.
 */
export async function* namedRows(
  reader: RecordReader,
  { mapping, rules, maxRows, tally, signal }: NamingOptions,
): AsyncGenerator<NamedRow[]> {
  const nameRow = rowNamer(mapping.id !== undefined || mapping.honeRow !== undefined)
  for await (const batch of madeRows(reader, rowMaker(mapping, rules), maxRows)) {
    signal?.throwIfAborted()
    const named: NamedRow[] = []
    for (const { rows, number } of batch) {
      if (rows.length === 0) tally?.add(['left-out-by-where'])
      for (const row of rows) {
        tally?.add(row.notes)
        named.push(nameRow(row, number))
      }
    }
    yield named
  }
}

/** A record, its rows, and its number among all records, from 1. */
interface Made<One extends SourceRecord> {
  record: One
  rows: ImportRow[]
  number: number
}

/** Records with their rows. Records that have no row are not counted by `maxRows`. */
export async function* madeRows<One extends SourceRecord>(
  reader: RecordReader<One>,
  makeRows: (record: SourceRecord) => ImportRow[],
  maxRows = Number.POSITIVE_INFINITY,
): AsyncGenerator<Made<One>[]> {
  let number = 0
  let used = 0
  for await (const batch of reader.read()) {
    const made: Made<One>[] = []
    for (const record of batch) {
      const rows = makeRows(record)
      made.push({ record, rows, number: ++number })
      if (rows.length > 0 && ++used >= maxRows) break
    }
    yield made
    if (used >= maxRows) return
  }
}

/**
 * Gives rows their ids: the source's, else the number of the record. Rows of one record have their
 * place in it behind a slash. A second row of an id fails as `duplicate-id`.
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
    const { line, part } = row
    const behind = part === null ? '' : `/${part}`
    const id = row.id === null ? null : `${row.id}${behind}`
    // Numbers are unique as they are, and need no memory.
    if (!hasIds && !row.failure) return { row, sourceId: `${number}${behind}` }
    if (!row.failure && id !== null && isNew(id)) return { row, sourceId: id }
    const detail = `another row has the id "${id ?? ''}" already`
    return {
      row: { ...row, failure: row.failure ?? { reason: 'duplicate-id', detail } },
      sourceId: free(`line ${line}${behind}${id === null ? '' : ` (${id})`}`),
    }
  }
}
