import { answerKinds, answerPolicy, noCheck } from '../../domain/answer-check.ts'
import type { AnswerKind, AnswerPolicy, Check, CheckField } from '../../domain/answer-check.ts'
import { bareQuestion } from '../rows/question-text.ts'
import { BadCell, boundedMap, choicesOf, firstText, mapOf, textOf, wholeOf } from './cells.ts'
import { answerIn, talkOf } from './conversation.ts'
import type { Talk } from './conversation.ts'
import { namedColumns, pictureColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { ownRowMaker } from './own-rows.ts'
import { picturesOf } from './picture-refs.ts'
import type { PictureRef } from './picture-refs.ts'
import { fieldOf } from './record.ts'
import type { Fields, SourceRecord } from './record.ts'

/** A record as a row, its pictures still to be looked at. */
export interface ImportRow extends Check {
  line: number
  /**
   * The id that the source gives; null when the row's number is its id, or when the id cannot be
   * read.
   */
  id: string | null
  pictures: PictureRef[]
  question: string
  answer: string | null
  description: string | null
  trace: string | null
  metadata: Readonly<Record<string, unknown>>
  failure: Failure | null
}

/**
 * Why a record is no row: `bad-line`, `bad-field`, `no-question`, `no-image`, `duplicate-id`, or a
 * picture's reason.
 */
export interface Failure {
  reason: string
  detail: string
}

/** Reads one column into a row. Throws BadCell when the cell holds something else. */
interface ColumnReader {
  where: string
  column: string
  read: (row: ImportRow, value: unknown) => void
}

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
 * Makes rows of records after a mapping. Never throws: what cannot be read becomes the row's
 * failure.
 */
export function rowMaker(
  mapping: Mapping,
  { needsQuestion = true, isMetadataWhole = false }: RowRules = {},
): (record: SourceRecord) => ImportRow {
  if (mapping.honeRow !== undefined) return ownRowMaker(mapping.honeRow)
  // Made once, so that a million rows do not make a dozen closures each.
  const readers = readersOf(mapping)
  const metadataOf = metadataMaker(mapping)
  const pictures = pictureColumns(mapping)
  const kind = typeof mapping.kind === 'string' ? mapping.kind : 'auto'
  const asks = mapping.question ?? mapping.conversation?.column
  return (record) => {
    const row = emptyRow(record.line, kind)
    if ('reason' in record) {
      const { id = null, reason, detail } = record
      return { ...row, id, failure: { reason, detail } }
    }
    const { fields } = record
    for (const reader of readers) readColumn(reader, row, fields)
    if (!isMetadataWhole) row.metadata = metadataOf(fields, row.metadata)
    if (row.choices?.length === 1) row.choices = null
    if (row.question === '' && asks !== undefined && needsQuestion)
      row.failure ??= { reason: 'no-question', detail: `${asks} holds no question` }
    if (row.pictures.length === 0 && pictures.length > 0)
      row.failure ??= { reason: 'no-image', detail: `${pictures.join(', ')}: no picture` }
    return row
  }
}

function readColumn({ where, column, read }: ColumnReader, row: ImportRow, fields: Fields): void {
  try {
    read(row, fieldOf(fields, column))
  } catch (error) {
    if (!(error instanceof BadCell)) throw error
    row.failure ??= { reason: 'bad-field', detail: `${where}: column "${column}" ${error.message}` }
  }
}

const emptyRow = (line: number, kind: AnswerKind): ImportRow => ({
  line,
  id: null,
  pictures: [],
  question: '',
  answer: null,
  ...noCheck,
  kind,
  description: null,
  trace: null,
  metadata: {},
  failure: null,
})

/**
 * Readers of the columns that a mapping names. A reader sees what the readers before it have read.
 */
function readersOf(mapping: Mapping): ColumnReader[] {
  const readers: ColumnReader[] = []
  const add = (where: string, column: string | undefined, read: ColumnReader['read']): void => {
    if (column !== undefined) readers.push({ where, column, read })
  }
  add('id', mapping.id, (row, value) => {
    row.id = textOf(value)?.trim().slice(0, 500) ?? null
    if (row.id === null) throw new BadCell('is empty')
  })
  add('question', mapping.question, (row, value) => {
    row.question = bareQuestion(textOf(value) ?? '')
  })
  addChecking(mapping, add)
  add('description', mapping.description, (row, value) => {
    row.description = textOf(value)
  })
  add('trace', mapping.trace, (row, value) => {
    row.trace = textOf(value)
  })
  // As it is: it is bounded together with everything else in the metadata.
  add('metadataFrom', mapping.metadataFrom, (row, value) => {
    row.metadata = mapOf(value) ?? {}
  })
  const { conversation } = mapping
  if (conversation)
    add('conversation', conversation.column, (row, value) => addTalk(mapping, row, talkOf(value, conversation)))
  if (mapping.answerIs !== 'written') {
    const first = mapping.answerIs === 'index' ? 0 : 1
    add('answer', mapping.answer, (row) => {
      if (row.answer !== null && !row.failure) row.answer = letterOf(row, first)
    })
  }
  for (const column of pictureColumns(mapping))
    add('images', column, (row, value) => {
      for (const picture of picturesOf(value)) row.pictures.push(picture)
    })
  return readers
}

type AddReader = (where: string, column: string | undefined, read: ColumnReader['read']) => void

/** The answer, and the fields that say how it is checked. */
function addChecking(mapping: Mapping, add: AddReader): void {
  add('answer', mapping.answer, (row, value) => {
    row.answer = firstText(value)?.trim() ?? null
  })
  for (const addField of Object.values(checkReaders)) addField(mapping, add)
}

/** Adds the reader of each check field, in the order in which a row's first problem is told. */
const checkReaders: Record<CheckField, (mapping: Mapping, add: AddReader) => void> = {
  choices({ choices }, add) {
    if (typeof choices === 'string')
      add('choices', choices, (row, value) => {
        row.choices = choicesOf(value)
      })
    // A row has fewer choices than there are columns where the last of them are empty.
    for (const column of typeof choices === 'string' ? [] : (choices ?? []))
      add('choices', column, (row, value) => {
        const text = textOf(value)?.trim()
        if (text !== undefined) row.choices = [...(row.choices ?? []), text]
      })
  },
  kind({ kind }, add) {
    if (typeof kind === 'string') return
    add('kind', kind.column, (row, value) => {
      row.kind = kindOf(value)
    })
  },
  precision({ precision }, add) {
    add('precision', precision, (row, value) => {
      row.precision = wholeOf(value, 0, 100)
    })
  },
  policy({ policy }, add) {
    add('policy', policy, (row, value) => {
      row.policy = policyOf(value)
    })
  },
}

function kindOf(value: unknown): AnswerKind {
  const word = textOf(value) ?? 'auto'
  const known = answerKinds.find((one) => one === word)
  if (!known) throw new BadCell(`holds "${word.slice(0, 40)}"; kinds are ${answerKinds.join(', ')}`)
  return known
}

function policyOf(value: unknown): AnswerPolicy | null {
  const map = mapOf(value)
  if (map === null) return null
  const parsed = answerPolicy.safeParse(map)
  if (!parsed.success) throw new BadCell(`holds no policy: ${parsed.error.issues[0]?.message ?? ''}`)
  return parsed.data
}

/** A talk fills the fields that no column of their own has filled. */
function addTalk({ conversation, answer }: Mapping, row: ImportRow, { question, reply }: Talk): void {
  if (row.question === '') row.question = question ?? ''
  if (reply === null) return
  if (conversation?.reply === 'answer') {
    row.answer ??= reply.trim()
    return
  }
  row.trace ??= reply
  if (answer === undefined) row.answer ??= answerIn(reply)
}

/**
 * The letter of the choice that an index names. Throws {@link BadCell} when there is no such
 * choice.
 */
function letterOf({ answer, choices }: ImportRow, first: 0 | 1): string {
  const index = wholeOf(answer, first, 25 + first) ?? first
  if (!choices || index - first >= choices.length)
    throw new BadCell(`holds the index ${index}, and there are ${choices?.length ?? 0} choices`)
  return String.fromCharCode(65 + index - first)
}

/**
 * The columns that the mapping names for the metadata, the fields of `metadataFrom`, then all
 * columns that it does not use. Bounded; the first of a name stays.
 */
function metadataMaker(
  mapping: Mapping,
): (fields: Fields, spread: Readonly<Record<string, unknown>>) => Record<string, unknown> {
  const { leaveOut, metadata = {} } = mapping
  const used = new Set(namedColumns(mapping).map(({ column }) => column))
  for (const name of leaveOut === 'all' ? [] : (leaveOut ?? [])) used.add(name)
  const named = Object.entries(metadata).map(([name, from]) =>
    typeof from === 'string'
      ? { name, column: from, values: new Map<string, string>() }
      : { name, column: from.column, values: new Map(Object.entries(from.values)) },
  )
  return (fields, spread) => {
    const entries: [string, unknown][] = named.map(({ name, column, values }) => {
      const value = fieldOf(fields, column)
      return [name, typeof value === 'string' ? (values.get(value) ?? value) : value]
    })
    entries.push(...Object.entries(spread))
    if (leaveOut !== 'all')
      for (const name of Object.keys(fields)) if (!used.has(name)) entries.push([name, fields[name]])
    return entries.length === 0 ? {} : boundedMap(entries)
  }
}
