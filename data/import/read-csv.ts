import { isUtf8 } from 'node:buffer'
import { HoneError } from '../../domain/errors.ts'
import { filePieces } from '../lines/file-pieces.ts'
import { utf8Pieces } from '../lines/utf8-pieces.ts'
import { CsvScanner } from './csv-scanner.ts'
import type { CsvPart, CsvShape } from './csv-scanner.ts'
import { unreadable } from './engine.ts'
import type { RecordReader, SourceRecord } from './record.ts'

const batchRows = 2048
const batchBytes = 8 * 1024 * 1024
const delimiters = [',', '\t', ';', '|'] as const

/**
 * CSV files with a line of names. Cells are separated by comma, tab, semicolon or bar, whichever
 * the first line has most of, and quoted with ". All values are text; an empty cell is null. Lines
 * that do not fit are bad records with their number. Throws InvalidSource when a file has no line
 * of names.
 *
 * DuckDB's reader was rejected: one quote that is not closed makes it pass over all lines up to the
 * next one, and it says nothing of them.
 */
export function readCsv(files: readonly string[]): RecordReader {
  return { total: null, read: () => read(files) }
}

async function* read(files: readonly string[]): AsyncGenerator<SourceRecord[]> {
  let line = 0
  for (const [index, file] of files.entries()) {
    const where = files.length > 1 ? `file ${index + 1}, ` : ''
    try {
      const scanner = new CsvScanner(latinPieces(file))
      const { names, shape } = await headOf(scanner, file)
      let batch: SourceRecord[] = []
      let bytes = 0
      for await (const part of scanner.parts(shape)) {
        const fields = fieldsOf(part, names)
        batch.push(typeof fields === 'string' ? badRecord(part.line, `${where}${fields}`) : { line: ++line, fields })
        bytes += 'cells' in part ? part.cells.reduce((sum, cell) => sum + cell.length, 0) : 0
        if (batch.length < batchRows && bytes < batchBytes) continue
        yield batch
        batch = []
        bytes = 0
      }
      if (batch.length > 0) yield batch
    } catch (error) {
      if (error instanceof HoneError) throw error
      throw unreadable(file, error)
    }
  }
}

/** Bytes as characters of the same numbers, so that places in the text are places in the file. */
async function* latinPieces(file: string): AsyncGenerator<string> {
  // A file without any \n ends its lines with \r, as old programs for the Mac did.
  let isOld: boolean | null = null
  for await (const piece of utf8Pieces(filePieces(file))) {
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')
    const isFirst = isOld === null
    isOld ??= !text.includes('\n') && text.includes('\r')
    const lines = isOld ? text.replaceAll('\r', '\n') : text
    // The bytes of a byte order mark.
    yield isFirst ? lines.replace(/^\u00ef\u00bb\u00bf/, '') : lines
  }
}

const badRecord = (line: number, detail: string): SourceRecord => ({
  line,
  reason: 'bad-line',
  detail: detail.slice(0, 500),
})

/** The fields of a record, or what is wrong with it. */
function fieldsOf(part: CsvPart, names: readonly string[]): Record<string, string | null> | string {
  if ('why' in part) return `${part.why} (${JSON.stringify(utf8Of(part.text) ?? part.text)})`
  const fields: Record<string, string | null> = {}
  for (const [index, name] of names.entries()) {
    const text = utf8Of(part.cells[index] ?? '')
    if (text === null) return `the column "${name}" is not UTF-8; save the file as UTF-8`
    fields[name] = text === '' ? null : text
  }
  return fields
}

/** The text of bytes that were read as Latin-1; null when they are not UTF-8. */
function utf8Of(cell: string): string | null {
  if (/^[^\u0080-\u00ff]*$/.test(cell)) return cell
  const bytes = Buffer.from(cell, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}

interface Head {
  names: string[]
  shape: CsvShape
}

/** Names of the columns, from the first line. The second column of a name gets a number. */
async function headOf(scanner: CsvScanner, file: string): Promise<Head> {
  const first = (await scanner.firstLine()).replaceAll(/"(?:[^"]|"")*"/g, '""')
  const counts = delimiters.map((mark) => first.split(mark).length)
  const delimiter = delimiters[counts.indexOf(Math.max(...counts))] ?? ','
  const cells = await scanner.names(delimiter)
  if (first.trim() === '' || cells === null)
    throw new HoneError({
      type: 'InvalidSource',
      message: `${file} does not begin with a line of names`,
      nextStep: 'write the names of the columns into its first line',
    })
  const seen = new Map<string, number>()
  const names = cells.map((cell, index) => {
    const name = (utf8Of(cell) ?? '').trim() || `column${index + 1}`
    const key = name.toLowerCase()
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    return before === 0 ? name : `${name}_${before}`
  })
  return { names, shape: { delimiter, columns: names.length } }
}
