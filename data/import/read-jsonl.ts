import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { isMap, type RecordReader, type SourceRecord } from './record.ts'

/** A line may hold pictures in base64. Longer ones are skipped, not kept. */
const maxLineBytes = 64 * 1024 * 1024
const batchRows = 512
const batchBytes = 8 * 1024 * 1024

/** JSONL files, plain or gzipped (`.gz`), one after the other. A line that cannot be read is a bad record with its number. */
export function readJsonl(files: readonly string[]): RecordReader {
  return { total: null, read: () => records(files) }
}

async function* records(files: readonly string[]): AsyncGenerator<SourceRecord[]> {
  let batch: SourceRecord[] = []
  let bytes = 0
  for (const [index, file] of files.entries()) {
    const where = files.length > 1 ? `file ${index + 1}, ` : ''
    for await (const { number, text, length } of lines(file)) {
      if (text !== null && text.trim() === '') continue
      batch.push(recordOf(number, text, length, where))
      bytes += length
      if (batch.length < batchRows && bytes < batchBytes) continue
      yield batch
      batch = []
      bytes = 0
    }
  }
  if (batch.length > 0) yield batch
}

function recordOf(line: number, text: string | null, length: number, where: string): SourceRecord {
  const bad = (detail: string): SourceRecord => ({
    line,
    reason: 'bad-line',
    detail: `${where}${detail}`.slice(0, 500),
  })
  if (text === null) return bad(`the line has ${length} bytes; at most ${maxLineBytes} are read`)
  try {
    const json: unknown = JSON.parse(text)
    return isMap(json) ? { line, fields: json } : bad('not a JSON object')
  } catch (error) {
    return bad(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Lines of a file in bounded memory; the text of one that is too long is null. */
async function* lines(file: string): AsyncGenerator<{ number: number; text: string | null; length: number }> {
  const input = createReadStream(file, { highWaterMark: 1024 * 1024 })
  const unzipped = file.endsWith('.gz') ? createGunzip() : null
  // The error of the file must end the reading as one of the stream itself does.
  if (unzipped) input.on('error', (error) => unzipped.destroy(error)).pipe(unzipped)
  let parts: Buffer[] = []
  let length = 0
  let number = 0
  const line = () => {
    number++
    const text = length > maxLineBytes ? null : Buffer.concat(parts, length).toString('utf8')
    const found = { number, text: number === 1 ? (text?.replace(/^\uFEFF/, '') ?? null) : text, length }
    parts = []
    length = 0
    return found
  }
  try {
    for await (const piece of unzipped ?? input) {
      const bytes: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece))
      let from = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        parts.push(bytes.subarray(from, end))
        length += end - from
        from = end + 1
        yield line()
      }
      length += bytes.length - from
      if (length > maxLineBytes) parts = []
      else parts.push(bytes.subarray(from))
    }
    if (length > 0) yield line()
  } finally {
    input.destroy()
    unzipped?.destroy()
  }
}
