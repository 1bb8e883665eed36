import { z } from 'zod'
import { hfParquet } from '../export/hf-parquet.ts'
import { wholeRowForm } from '../export/whole-row.ts'
import { choiceLines } from '../rows/question-text.ts'
import { isLineField, readRow, rowLine, rowOfLine } from '../rows/row-line.ts'
import type { RowLine } from '../rows/row-line.ts'
import { answerPolicy, checkFields, checkOf, noCheck, rewardFields } from '../../domain/answer-check.ts'
import { BadCell, boundedMap, mapOf } from './cells.ts'
import { emptyRow } from './import-row.ts'
import type { ImportRow } from './import-row.ts'
import type { Mapping } from './mapping.ts'
import { picturesOf } from './picture-refs.ts'
import { fieldOf, isMap } from './record.ts'
import type { Fields } from './record.ts'

/** Where a source has Hone's own rows. */
type HoneRow = NonNullable<Mapping['honeRow']>

/** A row as it was written, and what a source row has no place for. */
interface Written {
  line: RowLine
  /** For the metadata. What the row's own metadata says of a name counts before it. */
  beside: readonly (readonly [string, unknown])[]
}

/**
 * Makes rows of Hone's own rows. They are taken as they were written: texts are not trimmed, marks
 * stay, metadata is whole, and a row without pictures is a row of text. The same schema reads the
 * lines of `hone step` (data/rows/row-line.ts). Never throws: a problem becomes the row's failure.
 */
export function ownRowMaker(honeRow: HoneRow): (number: number, fields: Fields) => ImportRow {
  const read = readerOf(honeRow)
  return (number, fields) => {
    const row = emptyRow(number, noCheck.kind)
    try {
      const { line, beside } = read(fields)
      const { id, question, answer, description, trace, metadata, ...others } = rowOfLine(line, [])
      const pictures = picturesOf(fields['images'])
      const all = new Map([...beside.filter(([, value]) => value !== null), ...Object.entries(metadata)])
      const said = { id, pictures, question, answer, ...checkOf(others), description, trace }
      return { ...row, ...said, metadata: Object.fromEntries(all) }
    } catch (error) {
      if (!(error instanceof BadCell)) throw error
      const detail = error.message.slice(0, 500)
      return { ...row, id: idOf(fields), failure: { reason: 'bad-field', detail } }
    }
  }
}

/** The id of a line that has other problems. */
function idOf({ id }: Fields): string | null {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null
}

function readerOf(honeRow: HoneRow): (fields: Fields) => Written {
  if (honeRow === 'line') return lineOf
  if (honeRow === 'columns') return lineOfColumns
  const { column, reply } = honeRow
  return (fields) => lineOfCell(fieldOf(fields, column), reply === undefined ? undefined : fieldOf(fields, reply))
}

/** Fields of a line that a row has a place for. */
const lineFields = new Set(Object.keys(rowLine.shape))
/** Fields of a line that are read, but have no place in the row of a source. */
const besideFields = ['verdict', 'origin'] as const

function lineOf(fields: Fields): Written {
  const line = parsed(fields)
  const others = Object.entries(fields).filter(([name]) => !lineFields.has(name))
  const said = besideFields.map((name) => [name, line[name] ?? null] as const)
  return { line, beside: [...Object.entries(boundedMap(others)), ...said] }
}

/** Columns of `hone export --to hf-parquet` that hold a line's fields in another form. */
const flatFields = ['verdict', 'verdict_reason', 'extracted', 'verifier_version', 'status', 'status_reason', 'origin']

function lineOfColumns(fields: Fields): Written {
  const { policy, metadata, ...same } = fields
  const flat = new Map(flatFields.map((name) => [name, fields[name] ?? null]))
  const line = Object.entries(same).filter(([name]) => lineFields.has(name) && !flat.has(name))
  const others = Object.entries(same).filter(([name]) => !lineFields.has(name) && !flat.has(name))
  return {
    // The pictures are read from their column, in whatever form it has.
    line: parsed({ ...Object.fromEntries(line), images: [], policy: mapOf(policy), metadata: mapOf(metadata) ?? {} }),
    beside: [...Object.entries(boundedMap(others)), ...flat],
  }
}

/**
 * A reference answer with all that a reward needs, as trainers/reward-file/ground-truth.ts packs
 * it.
 */
const packed = z.object({
  hone: z.literal(1),
  id: z.string(),
  gold: z.string(),
  kind: checkFields.shape.kind.optional(),
  choices: checkFields.shape.choices.optional(),
  precision: checkFields.shape.precision.optional(),
  policy: answerPolicy.optional(),
  question: z.string(),
  reward: rewardFields.shape.reward.optional(),
})

function lineOfCell(value: unknown, reply: unknown): Written {
  const cell = mapOf(value)
  if (cell === null) throw new BadCell('is empty where a row of Hone is expected')
  if (cell['hone'] === wholeRowForm) {
    const { hone: _, ...line } = cell
    const trace = replyIn(reply)
    return lineOf({ ...(trace !== null && { trace }), ...line, images: [] })
  }
  const { data } = packed.safeParse(cell)
  if (!data) throw new BadCell('holds no row of Hone')
  const { hone: _, gold, question, reward, ...others } = data
  const lines = `\n${choiceLines(data.choices ?? null)}`
  const asked = lines.length > 1 && question.endsWith(lines) ? question.slice(0, -lines.length) : question
  const metadata = reward === undefined || reward === null ? {} : { reward }
  return lineOf({ ...others, answer: gold, question: asked, metadata, images: [] })
}

/** The text of the last turn, which is the assistant's; null where no reply is. */
function replyIn(turns: unknown): string | null {
  const last: unknown = Array.isArray(turns) ? turns.at(-1) : null
  return isMap(last) && last['role'] === 'assistant' && typeof last['content'] === 'string' ? last['content'] : null
}

function parsed(fields: Fields): RowLine {
  const read = readRow(fields)
  if ('row' in read) return read.row
  throw new BadCell(read.problem)
}

const isOwnText = (value: unknown): boolean => typeof value === 'string' && /^\{"hone":[12],/.test(value)

/** Columns where the exports of Hone have had a row's text, the fullest first. */
const cellColumns = ['hone', 'hone_row', 'reward_model.ground_truth', 'answer']
/** Columns of turns whose last one is the reply. */
const replyColumns = ['completion', 'messages']

/**
 * Finds Hone's own rows in the first records of a source: a text with the row, or lines with no
 * field but Hone's own. Null when the source has other rows.
 */
export function findOwnRows(sample: readonly Fields[], format: string): HoneRow | null {
  const holds = (test: (fields: Fields) => boolean): boolean => sample.length > 0 && sample.every(test)
  // First, because the answer of a whole row may be any text.
  if (format === 'parquet' && holds(hasExportedColumns)) return 'columns'
  if ((format === 'jsonl' || format === 'json') && holds(isOwnLine)) return 'line'
  const column = cellColumns.find((name) => holds((fields) => isOwnText(fieldOf(fields, name))))
  if (column === undefined) return null
  const reply = replyColumns.find((name) => holds((fields) => replyIn(fields[name]) !== null))
  return { column, ...(reply !== undefined && { reply }) }
}

const exportedColumns = [...Object.keys(hfParquet.columns('rows') ?? {}), 'images']

/**
 * Whether a record has the columns of `hone export --to hf-parquet`. A column counts although the
 * first rows have nothing in it, because later rows may.
 */
const hasExportedColumns = (fields: Fields): boolean => exportedColumns.every((name) => Object.hasOwn(fields, name))

/** Whether a record is a line that Hone wrote: people leave `metadata` out, Hone does not. */
function isOwnLine(fields: Fields): boolean {
  const isWhole = isMap(fields['metadata']) || fields['status'] === 'failed'
  return isWhole && Array.isArray(fields['images']) && Object.keys(fields).every(isLineField)
}

/** What a dry run says of a source with Hone's own rows. */
export function ownRowsNotes(honeRow: HoneRow, sample: readonly Fields[]): string[] {
  const found =
    typeof honeRow === 'object'
      ? `this is what \`hone export\` writes: rows come whole from "${honeRow.column}"${honeRow.reply === undefined ? '' : ` and the reply in "${honeRow.reply}"`}; changes in its other columns do not count`
      : "these are Hone's own rows: they are taken as they were written"
  const dropped = sample.filter(({ status }) => status === 'dropped' || status === 'failed').length
  if (dropped === 0) return [found]
  return [found, `${dropped} of the first ${sample.length} rows were dropped or failed: they come in like kept rows`]
}
