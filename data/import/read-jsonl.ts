import { filePieces } from '../lines/file-pieces.ts'
import { longestLine, readLines } from '../lines/read-lines.ts'
import type { Line } from '../lines/read-lines.ts'
import { utf8Pieces } from '../lines/utf8-pieces.ts'
import { jsonValue, notUtf8 } from './json-value.ts'
import { isMap } from './record.ts'
import type { RecordReader, SourceRecord } from './record.ts'

const batchRows = 512
const batchBytes = 8 * 1024 * 1024

/**
 * A line of a JSONL file as a record. `text` is the line without the white space around it; null
 * when it is too long.
 */
export type LineRecord = SourceRecord & { text: string | null }

/**
 * JSONL files, plain or gzipped (`.gz`), one after the other. A line that cannot be read is a bad
 * record with its number.
 */
export function readJsonl(files: readonly string[]): RecordReader<LineRecord> {
  return { total: null, read: () => readLineRecords(files) }
}

/** The records of JSONL files in batches. Empty lines are passed over, and counted as lines. */
export async function* readLineRecords(files: readonly string[]): AsyncGenerator<LineRecord[]> {
  let batch: LineRecord[] = []
  let bytes = 0
  for (const [index, file] of files.entries()) {
    const where = files.length > 1 ? `file ${index + 1}, ` : ''
    for await (const lines of readLines(utf8Pieces(filePieces(file))))
      for (const line of lines) {
        const text = line.text === null ? null : line.text.trim()
        if (text === '') continue
        batch.push({ ...recordOf({ ...line, text }, where), text })
        bytes += line.bytes
        if (batch.length < batchRows && bytes < batchBytes) continue
        yield batch
        batch = []
        bytes = 0
      }
  }
  if (batch.length > 0) yield batch
}

function recordOf({ number: line, text, bytes, isBroken }: Line, where: string): SourceRecord {
  const bad = (detail: string): SourceRecord => ({
    line,
    reason: 'bad-line',
    detail: `${where}${detail}`.slice(0, 500),
  })
  if (text === null) return bad(`the line has ${bytes} bytes; at most ${longestLine} are read`)
  if (isBroken) return bad(notUtf8)
  const json = jsonValue(text)
  if ('problem' in json) return bad(json.problem)
  return isMap(json.value) ? { line, fields: json.value } : bad('not a JSON object')
}
