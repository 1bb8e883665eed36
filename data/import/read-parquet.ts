import type { DuckDBConnection } from '@duckdb/node-api'
import { z } from 'zod'
import { fileLiteral, openEngine, streamRows, unreadable } from './engine.ts'
import { narrowFloatsOf, withHalves } from './narrow-floats.ts'
import type { NarrowFloats } from './narrow-floats.ts'
import { numbered, weightOf } from './record.ts'
import type { Fields, RecordReader } from './record.ts'

/**
 * Bytes of a batch of heavy rows: the engine's own chunks have 2,048 rows, which may be gigabytes
 * of pictures.
 */
const batchBytes = 32 * 1024 * 1024
/** Rows up to this size are read in the engine's chunks. */
const lightRowBytes = 8 * 1024
const firstRows = 64

const shape = z.object({ rows: z.number(), bytes: z.number() })
type Shard = z.infer<typeof shape> & NarrowFloats & { file: string }

/**
 * Parquet files, in the order given: shards of one set. Throws InvalidSource when one of them is
 * not whole.
 */
export async function readParquet(files: readonly string[]): Promise<RecordReader> {
  const engine = await openEngine()
  try {
    const shards: Shard[] = []
    for (const file of files) {
      const floats = await narrowFloatsOf(engine.connection, file)
      shards.push({ file, ...(await shapeOf(engine.connection, file)), ...floats })
    }
    return {
      total: shards.reduce((sum, { rows }) => sum + rows, 0),
      roundsFloats: shards.some(({ replaced, halves }) => replaced !== '' || halves.length > 0),
      read: () => numbered(read(shards)),
    }
  } finally {
    engine.close()
  }
}

/** Rows of a file and their bytes, from its footer. */
async function shapeOf(connection: DuckDBConnection, file: string): Promise<z.infer<typeof shape>> {
  const sql = `select coalesce(sum(num_rows), 0)::double as rows, coalesce(sum(bytes), 0)::double as bytes from (
    select any_value(row_group_num_rows) as num_rows, sum(total_uncompressed_size) as bytes
    from parquet_metadata(${fileLiteral(file)}) group by row_group_id)`
  try {
    const [row] = (await connection.runAndReadAll(sql)).getRowObjectsJS()
    return shape.parse(row)
  } catch (error) {
    throw unreadable(file, error)
  }
}

async function* read(shards: readonly Shard[]): AsyncGenerator<Fields[]> {
  const isHeavy = shards.some(({ rows, bytes }) => bytes > rows * lightRowBytes)
  const { connection, close } = await openEngine(isHeavy ? 1 : 2)
  try {
    for (const shard of shards) yield* readShard(connection, shard)
  } finally {
    close()
  }
}

async function* readShard(connection: DuckDBConnection, shard: Shard): AsyncGenerator<Fields[]> {
  const { halves } = shard
  for await (const batch of readRanges(connection, shard))
    yield halves.length === 0 ? batch : batch.map((fields) => withHalves(fields, halves))
}

async function* readRanges(
  connection: DuckDBConnection,
  { file, rows, bytes, replaced }: Shard,
): AsyncGenerator<Fields[]> {
  const range = (from: number, to: number): AsyncGenerator<Fields[]> =>
    streamRows(
      connection,
      `select * exclude (file_row_number) ${replaced} from read_parquet(${fileLiteral(file)}, file_row_number = true, hive_partitioning = false)
       where file_row_number >= ${from} and file_row_number < ${to}`,
      file,
    )
  // The footer counts a value once that many rows share, so the first rows are weighed too.
  let weight = 0
  for await (const batch of range(0, firstRows)) {
    for (const fields of batch) weight += weightOf(fields)
    yield batch
  }
  const rowBytes = Math.max(bytes / Math.max(1, rows), weight / Math.max(1, Math.min(rows, firstRows)))
  // The engine skips row groups outside of a range. Where rows are light, one range is all of them.
  const size = rowBytes <= lightRowBytes ? rows : Math.max(1, Math.min(2048, Math.floor(batchBytes / rowBytes)))
  for (let from = firstRows; from < rows; from += size) yield* range(from, from + size)
}
