import { filePieces } from '../lines/file-pieces.ts'
import { longestLine, readLines, type Line } from '../lines/read-lines.ts'
import { isMap } from './record.ts'
import type { RecordReader, SourceRecord } from './record.ts'

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
    for await (const lines of readLines(filePieces(file)))
      for (const line of lines) {
        if (line.text?.trim() === '') continue
        batch.push(recordOf(line, where))
        bytes += line.bytes
        if (batch.length < batchRows && bytes < batchBytes) continue
        yield batch
        batch = []
        bytes = 0
      }
  }
  if (batch.length > 0) yield batch
}

function recordOf({ number: line, text, bytes }: Line, where: string): SourceRecord {
  const bad = (detail: string): SourceRecord => ({
    line,
    reason: 'bad-line',
    detail: `${where}${detail}`.slice(0, 500),
  })
  if (text === null) return bad(`the line has ${bytes} bytes; at most ${longestLine} are read`)
  try {
    const json: unknown = JSON.parse(text)
    return isMap(json) ? { line, fields: json } : bad('not a JSON object')
  } catch (error) {
    return bad(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
