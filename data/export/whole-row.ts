import { lineOfRow } from '../rows/row-line.ts'
import type { ExportKind, ExportRow } from './format.ts'
import type { ExportColumns } from './parquet-columns.ts'

/**
 * Column of a trainer's file with the whole row, so that `hone import` reads the row back as it
 * was. The other columns are made for the trainer and lose fields: the question is mixed with
 * choices and the prompt suffix, and most trainers have no place for kind, precision or metadata.
 *
 * A loader drops a column that it does not know, or carries it along unread (looked up in their
 * sources): LLaMA-Factory's converter, ms-swift's and TRL's SFT drop it; verl, EasyR1 and the RL of
 * ms-swift and TRL keep it as a text beside the batch.
 */
const wholeRowColumn = 'hone'

/** The number at the start of a whole row. Packed reference answers have 1. */
export const wholeRowForm = 2

/** Whether files of a kind have the column. Rows as they are have columns of their own. */
const hasColumn = (kind: ExportKind): boolean => kind !== 'rows'

/** The columns of a Parquet file together with {@link wholeRowColumn} where the kind has it. */
export const withWholeRow = (columns: ExportColumns, kind: ExportKind): ExportColumns =>
  hasColumn(kind) ? { ...columns, [wholeRowColumn]: 'string' } : columns

/**
 * The cell of {@link wholeRowColumn} for a row: JSON text of its line without the pictures, which
 * have a column. A trace to imitate is left out, because the reply holds it word for word.
 */
export function wholeRowCell(row: ExportRow, kind: ExportKind): Readonly<Record<string, string>> {
  if (!hasColumn(kind)) return {}
  const { images: _, trace, ...line } = lineOfRow(row, [])
  const said = kind === 'sft' || trace === undefined ? line : { ...line, trace }
  return { [wholeRowColumn]: JSON.stringify({ hone: wholeRowForm, ...said }) }
}
