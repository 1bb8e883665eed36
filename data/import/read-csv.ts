import { z } from 'zod'
import { HoneError } from '../../domain/errors.ts'
import { filePieces } from '../lines/file-pieces.ts'
import { fileLiteral, openEngine, quoted, streamRows, unreadable } from './engine.ts'
import type { Fields, RecordReader, SourceRecord } from './record.ts'

const headBytes = 256 * 1024
const maxLineBytes = 16 * 1024 * 1024
const delimiters = [',', '\t', ';', '|'] as const

const reject = z.object({ line: z.number(), text: z.string().nullable(), problem: z.string().nullable() })

/**
 * CSV files with a line of names. Cells are separated by comma, tab, semicolon or bar, whichever
 * the first line has most of, and quoted with ". All values are text. Lines that do not fit are bad
 * records with their number, after the good records of their file. Throws InvalidSource when a file
 * has no line of names.
 */
export function readCsv(files: readonly string[]): RecordReader {
  return { total: null, read: () => read(files) }
}

async function* read(files: readonly string[]): AsyncGenerator<SourceRecord[]> {
  let line = 0
  for (const file of files) {
    const { connection, close } = await openEngine()
    try {
      const sql = `select * from read_csv(${fileLiteral(file)}, ${options(await headOf(file))})`
      for await (const batch of streamRows(connection, sql, file))
        yield batch.map((fields): SourceRecord => ({ line: ++line, fields }))
      for await (const batch of streamRows(connection, rejected, file)) yield batch.map(badRecord)
    } catch (error) {
      if (error instanceof HoneError) throw error
      throw unreadable(file, error)
    } finally {
      close()
    }
  }
}

const rejected = `
  select any_value(r.line)::double as line, left(any_value(csv_line), 120) as text, string_agg(distinct error_message, '; ') as problem
  from reject_errors r group by file_id, line_byte_position, r.line order by r.line`

function badRecord(fields: Fields): SourceRecord {
  const { line, text, problem } = reject.parse(fields)
  const detail = `record ${line} of the file: ${problem ?? ''} (${JSON.stringify(text ?? '')})`
  return { line, reason: 'bad-line', detail: detail.slice(0, 500) }
}

/** The dialect is stated, because the engine's guess refuses a file with bad lines as a whole. */
function options({ names, delimiter }: Head): string {
  const columns = names.map((name) => `${quoted(name)}: 'VARCHAR'`).join(', ')
  return [
    'auto_detect = false',
    `columns = {${columns}}`,
    'header = true',
    'hive_partitioning = false',
    `delim = ${quoted(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `nullstr = ''`,
    'store_rejects = true',
    'rejects_limit = 0',
    `max_line_size = ${maxLineBytes}`,
  ].join(', ')
}

interface Head {
  names: string[]
  delimiter: string
}

/** Names of the columns, from the first line. The second column of a name gets a number. */
async function headOf(file: string): Promise<Head> {
  const text = (await beginningOf(file)).replace(/^\uFEFF/, '')
  const bare = text.replaceAll(/"(?:[^"]|"")*"/g, '""')
  const first = bare.split(/\r?\n/, 1)[0] ?? ''
  const counts = delimiters.map((mark) => first.split(mark).length)
  const delimiter = delimiters[counts.indexOf(Math.max(...counts))] ?? ','
  const names = cellsOfFirstLine(text, delimiter).map((name, index) => name.trim() || `column${index + 1}`)
  if (first.trim() === '')
    throw new HoneError({
      type: 'InvalidSource',
      message: `${file} does not begin with a line of names`,
      nextStep: 'write the names of the columns into its first line',
    })
  const seen = new Map<string, number>()
  return {
    delimiter,
    names: names.map((name) => {
      const key = name.toLowerCase()
      const before = seen.get(key) ?? 0
      seen.set(key, before + 1)
      return before === 0 ? name : `${name}_${before}`
    }),
  }
}

async function beginningOf(file: string): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const piece of filePieces(file)) {
    parts.push(piece)
    bytes += piece.length
    if (bytes >= headBytes) break
  }
  return Buffer.concat(parts).toString('utf8')
}

function cellsOfFirstLine(text: string, delimiter: string): string[] {
  const cells: string[] = ['']
  let inQuotes = false
  for (let at = 0; at < text.length; at++) {
    const mark = text[at] ?? ''
    if (inQuotes) {
      if (mark === '"' && text[at + 1] === '"') at++
      else if (mark === '"') {
        inQuotes = false
        continue
      }
      cells[cells.length - 1] += mark
    } else if (mark === '"') inQuotes = true
    else if (mark === delimiter) cells.push('')
    else if (mark === '\n' || mark === '\r') break
    else cells[cells.length - 1] += mark
  }
  return cells
}
