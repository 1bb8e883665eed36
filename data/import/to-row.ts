import { picturesAskedFor, withoutForeignMarks } from '../rows/image-marks.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { emptyRow } from './import-row.ts'
import type { ImportRow } from './import-row.ts'
import { pictureColumns, questionColumns, talkColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { hasObjectMarks } from './objects.ts'
import { ownRowMaker } from './own-rows.ts'
import type { SourceRecord } from './record.ts'
import { metadataMaker } from './row-metadata.ts'
import { emptyDraft, readColumn, readersOf } from './row-readers.ts'
import { talkRows, withHistory } from './talk-rows.ts'
import type { AskedRow } from './talk-rows.ts'
import { parseWhere } from './where.ts'

/** What a row must have beyond what its mapping says. */
export interface RowRules {
  /**
   * False where a row may lack a question although the mapping names its column: steps write it
   * later.
   */
  needsQuestion?: boolean
  /** True where `metadataFrom` is all of the metadata, and is taken as it is and not bounded. */
  isMetadataWhole?: boolean
}

/**
 * Makes rows of records after a mapping: one row of most records, several of a talk that is split,
 * and no row of a record that the mapping's `where` leaves out. Never throws: what cannot be read
 * becomes the row's failure.
 */
export function rowMaker(
  mapping: Mapping,
  { needsQuestion = true, isMetadataWhole = false }: RowRules = {},
): (record: SourceRecord) => ImportRow[] {
  const condition = mapping.where === undefined ? null : parseWhere(mapping.where)
  const ownRow = mapping.honeRow === undefined ? null : ownRowMaker(mapping.honeRow)
  const isAsWritten = isMetadataWhole || isOwn(mapping)
  // Made once, so that a million rows do not make a dozen closures each.
  const readers = readersOf(mapping, isAsWritten)
  const metadataOf = metadataMaker(mapping)
  const finish = finisher(mapping, { needsQuestion, isAsWritten })
  const kind = typeof mapping.kind === 'string' ? mapping.kind : 'auto'
  return (record) => {
    const row = emptyRow(record.line, kind)
    if ('reason' in record) {
      const { id = null, reason, detail } = record
      return [{ ...row, id, failure: { reason, detail } }]
    }
    const { fields } = record
    if (condition && !condition.holds(fields)) return []
    if (ownRow) return [ownRow(record.line, fields)]
    const draft = emptyDraft(row)
    for (const reader of readers) readColumn(reader, draft, fields)
    if (!isMetadataWhole) row.metadata = metadataOf(fields, row.metadata)
    if (row.choices?.length === 1) row.choices = null
    const rows = mapping.conversation ? talkRows(mapping, draft) : [{ row, asked: draft.asked, earlier: draft.earlier }]
    return rows.map(finish)
  }
}

/** Whether a mapping is that of Hone's own files, whose texts mean exactly what they say. */
const isOwn = ({ kind, policy, precision, metadataFrom }: Mapping): boolean =>
  typeof kind !== 'string' && policy !== undefined && precision !== undefined && metadataFrom !== undefined

/** Sets the question of a row, and fails rows that lack what the mapping promises. */
function finisher(
  mapping: Mapping,
  { needsQuestion, isAsWritten }: { needsQuestion: boolean; isAsWritten: boolean },
): (asked: AskedRow) => ImportRow {
  const pictures = pictureColumns(mapping)
  const asks = [...questionColumns(mapping), ...talkColumns(mapping)].join(', ')
  const textOf = (text: string): string => bareQuestion(isAsWritten ? text : withoutForeignMarks(text))
  return ({ row, asked, earlier }) => {
    const question = textOf(asked)
    const before = earlier.map((one) => ({ ...one, question: one.question === null ? null : textOf(one.question) }))
    row.question = question === '' ? '' : withHistory(question, before)
    if (!isAsWritten && mapping.objects === undefined && hasObjectMarks(`${asked}${row.answer ?? ''}`))
      row.failure ??= {
        reason: 'bad-field',
        detail: 'the texts have <bbox> or <ref-object> marks; map the column objects',
      }
    if (question === '' && asks !== '' && needsQuestion)
      row.failure ??= { reason: 'no-question', detail: `${asks} holds no question` }
    if (!isAsWritten && bareQuestion(asked) !== question) row.notes.push('other-marks')
    const marks = isAsWritten
      ? 0
      : [...earlier.map((one) => one.question ?? ''), asked].reduce((sum, text) => sum + picturesAskedFor(text), 0)
    const there = row.pictures.length
    if (there === 0 && pictures.length > 0) {
      // Before its first picture, a talk is text.
      const isText = marks === 0 && (mapping.textRows === true || row.part !== null)
      if (isText) row.notes.push('text-row')
      else row.failure ??= { reason: 'no-image', detail: noImage(pictures, marks) }
    } else if (marks > there) {
      const detail = `the question has marks of ${marks} pictures, and the row has ${there}`
      row.failure ??= { reason: 'image-marks', detail }
    } else if (marks > 0 && marks < there) row.notes.push('fewer-marks')
    return row
  }
}

const noImage = (columns: readonly string[], marks: number): string =>
  `${columns.join(', ')}: no picture${marks > 0 ? '' : '; with textRows: true in the mapping it would be a row of text'}`
