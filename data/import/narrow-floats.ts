import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { fileLiteral, unreadable } from './engine.ts'
import type { Fields } from './record.ts'

/** How a Parquet file is read so that its narrow floats stay as they were written. */
export interface NarrowFloats {
  /** `replace (…)` of a select for columns with floats of 32 bits; empty when there are none. */
  replaced: string
  /** Columns of floats of 16 bits. */
  halves: string[]
}

const columnTypes = z.array(z.object({ column_name: z.string(), column_type: z.string() }))
const leaves = z.array(z.object({ name: z.string() }))

/**
 * Finds the columns of narrow floats. As a number of 64 bits, 0.57 of 32 bits is
 * 0.5699999928474426, which would become the gold. The engine writes the shortest decimal that is
 * the same number of 32 bits, and this decimal is then the number. Throws InvalidSource.
 */
export async function narrowFloatsOf(connection: DuckDBConnection, file: string): Promise<NarrowFloats> {
  const rowsOf = async (sql: string): Promise<unknown> => (await connection.runAndReadAll(sql)).getRowObjectsJS()
  try {
    const name = fileLiteral(file)
    const types = columnTypes.parse(
      await rowsOf(`describe select * from read_parquet(${name}, hive_partitioning = false)`),
    )
    const halves = leaves.parse(
      await rowsOf(`select name from parquet_schema(${name}) where logical_type like 'Float16%'`),
    )
    const replaced = types.flatMap(({ column_name: column, column_type: type }) => {
      const as = (word: string): string => type.replaceAll(floatType, (_, quoted?: string) => quoted ?? word)
      const asText = as('VARCHAR')
      const quoted = `"${column.replaceAll('"', '""')}"`
      return asText === type ? [] : [`${quoted}::${asText}::${as('DOUBLE')} as ${quoted}`]
    })
    return {
      replaced: replaced.length === 0 ? '' : `replace (${replaced.join(', ')})`,
      halves: halves
        .map(({ name: column }) => column)
        .filter((column) => types.some((type) => type.column_name === column)),
    }
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** The word FLOAT in a type; names of fields in quotes are passed over. */
const floatType = /("(?:[^"]|"")*")|\bFLOAT\b/g

/** Fields with the shortest decimals of the columns of 16 bits. */
export function withHalves(fields: Fields, halves: readonly string[]): Fields {
  const rounded: Record<string, unknown> = { ...fields }
  for (const column of halves) {
    const value = rounded[column]
    if (typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value))
      rounded[column] = shortestHalf(value)
  }
  return rounded
}

/** The shortest decimal that rounds to this number of 16 bits, which has 11 significant bits. */
function shortestHalf(value: number): number {
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -14) - 10)
  for (let digits = 1; digits < 6; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.abs(short - value) < step / 2) return short
  }
  return value
}
