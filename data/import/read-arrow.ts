import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { RecordBatchReader } from 'apache-arrow'
import type { RecordBatch } from 'apache-arrow'
import { HoneError } from '../../domain/errors.ts'
import { arrowConverter } from './arrow-values.ts'
import { unreadable } from './engine.ts'
import { numbered, weightOf } from './record.ts'
import type { Fields, RecordReader } from './record.ts'

const batchRows = 512
const batchBytes = 32 * 1024 * 1024

/**
 * Arrow files, as streams or as files of record batches: the shards that `save_to_disk` of Hugging
 * Face writes. One record batch is in memory at a time. Throws InvalidSource for a file that is cut
 * off.
 */
export const readArrow = (files: readonly string[]): RecordReader => ({
  total: null,
  read: () => numbered(read(files)),
})

async function* read(files: readonly string[]): AsyncGenerator<Fields[]> {
  for (const file of files) {
    const handle = await open(file)
    try {
      await requireEnd(handle, file)
      const reader = await RecordBatchReader.from(handle)
      await reader.open()
      for await (const batch of reader) yield* rowsOf(batch)
    } catch (error) {
      if (error instanceof HoneError) throw error
      throw unreadableArrow(file, error)
    } finally {
      await handle.close().catch(() => undefined)
    }
  }
}

/**
 * A stream ends with a mark of eight bytes, a file with its name. A stream that was cut off between
 * two batches would end without a word.
 */
async function requireEnd(handle: FileHandle, file: string): Promise<void> {
  const { size } = await handle.stat()
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, Math.max(0, size - 8))
  const end = buffer.subarray(0, bytesRead)
  if (end.toString('hex') === 'ffffffff00000000' || end.toString('latin1').endsWith('ARROW1')) return
  throw unreadableArrow(file, new Error('it does not end as an Arrow file does'))
}

/**
 * A file that this reader cannot read may still be one that pyarrow reads, such as a packed one.
 */
const unreadableArrow = (file: string, error: unknown): HoneError => {
  const { type, message, cause } = unreadable(file, error)
  const folder = dirname(file)
  const command = `python -c "from datasets import load_from_disk as l; l('${folder}').to_parquet('${basename(folder)}.parquet')"`
  const nextStep = `see whether the file is whole (a download may have been cut), or write Parquet: ${command}`
  return new HoneError({ type, message, nextStep, cause })
}

function* rowsOf(batch: RecordBatch): Generator<Fields[]> {
  const columns = batch.schema.fields.map(({ name, type }, at) => ({
    name,
    cells: batch.getChildAt(at),
    convert: arrowConverter(type),
  }))
  let rows: Fields[] = []
  let bytes = 0
  for (let at = 0; at < batch.numRows; at++) {
    const row: Record<string, unknown> = {}
    for (const { name, cells, convert } of columns) row[name] = convert(cells?.get(at))
    rows.push(row)
    bytes += weightOf(row)
    if (rows.length < batchRows && bytes < batchBytes) continue
    yield rows
    rows = []
    bytes = 0
  }
  if (rows.length > 0) yield rows
}
