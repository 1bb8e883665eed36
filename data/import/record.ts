/**
 * A row of a file as its reader gives it: values as in JSON, and bytes where the file holds bytes.
 */
export type Fields = Readonly<Record<string, unknown>>

/**
 * One record of a source, or why it cannot be read. `line` counts lines in a JSONL file and records
 * elsewhere, from 1. `id` is the id that could be read all the same.
 */
export type SourceRecord =
  | { line: number; fields: Fields }
  | { line: number; reason: 'bad-line'; detail: string; id?: string | null }

/** Records of a source, in batches that stay small. */
export interface RecordReader<One extends SourceRecord = SourceRecord> {
  /** How many records there are, where that is known without reading them. */
  total: number | null
  /** Whether narrow floats of the source are read as their shortest decimals. */
  roundsFloats?: boolean
  /** In the order of the files. Reading ends, with its files closed, when the consumer stops. */
  read: () => AsyncGenerator<One[]>
}

/** The value of a column: the column of that name, else the value along the points of the name. */
export function fieldOf(fields: Fields, column: string): unknown {
  if (Object.hasOwn(fields, column)) return fields[column]
  if (!column.includes('.')) return undefined
  let at: unknown = fields
  for (const part of column.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = Reflect.get(at, part)
  }
  return at
}

/** Whether a value is a map of names, and no list, bytes or date. */
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date)

/** Gives records their numbers, from 1. */
export async function* numbered(batches: AsyncIterable<readonly Fields[]>): AsyncGenerator<SourceRecord[]> {
  let line = 0
  for await (const batch of batches) yield batch.map((fields) => ({ line: ++line, fields }))
}

/** About how many bytes a value takes: its texts and bytes. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  if (typeof value !== 'object' || value === null) return 0
  let sum = 0
  for (const inner of Object.values(value)) sum += weightOf(inner)
  return sum
}
