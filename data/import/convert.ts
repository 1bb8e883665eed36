import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import type { AnswerKind, AnswerPolicy } from '../../domain/answer-check.ts'
import { bareQuestion } from '../question-text.ts'
import { BadCell, boundedMap, choicesOf, firstText, textOf, wholeOf } from './cells.ts'
import { answerIn, talkOf, type Talk } from './conversation.ts'
import { namedColumns, pictureColumns, type Mapping } from './mapping.ts'
import { type PictureRef, picturesOf } from './picture-refs.ts'
import { fieldOf, isMap, type Fields, type SourceRecord } from './record.ts'

/** A record as a row, its pictures still to be looked at. */
export interface ImportRow {
  line: number
  /** The id that the source gives; null when the row's number is its id, or when it cannot be read. */
  id: string | null
  pictures: PictureRef[]
  question: string
  answer: string | null
  kind: AnswerKind
  choices: string[] | null
  precision: number | null
  policy: AnswerPolicy | null
  description: string | null
  trace: string | null
  metadata: Record<string, unknown>
  failure: Failure | null
}

/** Why a record is no row: `bad-line`, `bad-field`, `no-question`, `no-image`, `duplicate-id`, and what pictures add. */
export interface Failure {
  reason: string
  detail: string
}

const empty = {
  id: null,
  pictures: [],
  question: '',
  answer: null,
  kind: 'auto',
  choices: null,
  precision: null,
  policy: null,
  description: null,
  trace: null,
  metadata: {},
} as const

/** Makes rows of records after a mapping. Never throws: what cannot be read becomes the row's failure. */
export function rowMaker(mapping: Mapping): (record: SourceRecord) => ImportRow {
  const metadataOf = metadataMaker(mapping)
  const pictures = pictureColumns(mapping)
  return (record) => {
    const { line } = record
    if ('reason' in record)
      return { ...empty, pictures: [], metadata: {}, line, failure: { reason: record.reason, detail: record.detail } }
    const row: ImportRow = { ...empty, pictures: [], metadata: {}, line, failure: null }
    const { fields } = record
    const fail = (reason: string, detail: string): void => void (row.failure ??= { reason, detail })
    const read = (where: string, column: string | undefined, set: (value: unknown) => void): void => {
      if (column === undefined) return
      try {
        set(fieldOf(fields, column))
      } catch (error) {
        if (!(error instanceof BadCell)) throw error
        fail('bad-field', `${where}: column "${column}" ${error.message}`)
      }
    }
    read('id', mapping.id, (value) => {
      row.id = textOf(value)?.trim().slice(0, 500) ?? null
      if (row.id === null) fail('bad-field', `id: column "${mapping.id}" is empty`)
    })
    read('question', mapping.question, (value) => (row.question = bareQuestion(textOf(value) ?? '')))
    readChecking(mapping, row, read)
    read('description', mapping.description, (value) => (row.description = textOf(value)))
    read('trace', mapping.trace, (value) => (row.trace = textOf(value)))
    const { conversation } = mapping
    if (conversation)
      read('conversation', conversation.column, (value) => addTalk(mapping, row, talkOf(value, conversation)))
    if (mapping.answerIs !== 'written' && row.answer !== null && !row.failure)
      read('answer', mapping.answer, () => (row.answer = letterOf(row, mapping.answerIs === 'index' ? 0 : 1)))
    for (const column of pictures)
      read('images', column, (value) => {
        for (const picture of picturesOf(value)) row.pictures.push(picture)
      })
    row.metadata = metadataOf(fields)
    if (row.question === '' && (mapping.question !== undefined || conversation))
      fail('no-question', `${mapping.question ?? conversation?.column} holds no question`)
    if (row.pictures.length === 0 && pictures.length > 0) fail('no-image', `${pictures.join(', ')}: no picture`)
    return row
  }
}

type ReadColumn = (where: string, column: string | undefined, set: (value: unknown) => void) => void

/** Answer, choices, kind, precision and policy: all that an answer is checked by. */
function readChecking(mapping: Mapping, row: ImportRow, read: ReadColumn): void {
  read('answer', mapping.answer, (value) => (row.answer = firstText(value)?.trim() ?? null))
  const { choices, kind } = mapping
  if (typeof choices === 'string') read('choices', choices, (value) => (row.choices = choicesOf(value)))
  else if (choices) {
    const texts: unknown[] = []
    for (const column of choices) read('choices', column, (value) => texts.push(textOf(value)))
    row.choices = choicesOf(texts)
  }
  if (typeof kind === 'string') row.kind = kind
  else
    read('kind', kind.column, (value) => {
      const word = textOf(value) ?? 'auto'
      const known = answerKinds.find((one) => one === word)
      if (!known) throw new BadCell(`holds "${word.slice(0, 40)}"; kinds are ${answerKinds.join(', ')}`)
      row.kind = known
    })
  read('precision', mapping.precision, (value) => (row.precision = wholeOf(value, 0, 100)))
  read('policy', mapping.policy, (value) => {
    if (value === null || value === undefined) return
    const parsed = answerPolicy.safeParse(value)
    if (!parsed.success) throw new BadCell(`holds no policy: ${parsed.error.issues[0]?.message ?? ''}`)
    row.policy = parsed.data
  })
}

/** A talk fills what no column of its own has filled. */
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

/** The letter of the choice that an index names. Throws {@link BadCell} when there is no such choice. */
function letterOf({ answer, choices }: ImportRow, first: 0 | 1): string {
  const index = wholeOf(answer, first, 25 + first) ?? first
  if (!choices || index - first >= choices.length)
    throw new BadCell(`holds the index ${index}, and there are ${choices?.length ?? 0} choices`)
  return String.fromCharCode(65 + index - first)
}

/** Everything that the mapping does not use, under its own name, then what the mapping names. Bounded. */
function metadataMaker(mapping: Mapping): (fields: Fields) => Record<string, unknown> {
  const { leaveOut, metadata = {}, metadataFrom } = mapping
  const used = new Set(namedColumns(mapping).map(({ column }) => column))
  for (const name of leaveOut === 'all' ? [] : (leaveOut ?? [])) used.add(name)
  const named = Object.entries(metadata).map(([name, from]) =>
    typeof from === 'string' ? { name, column: from, values: {} } : { name, ...from },
  )
  return (fields) => {
    const entries: [string, unknown][] = named.map(({ name, column, values }) => {
      const value = fieldOf(fields, column)
      return [name, typeof value === 'string' ? (new Map(Object.entries(values)).get(value) ?? value) : value]
    })
    const spread = metadataFrom === undefined ? undefined : fieldOf(fields, metadataFrom)
    if (isMap(spread)) entries.push(...Object.entries(spread))
    if (leaveOut !== 'all')
      for (const name in fields) if (!used.has(name) && Object.hasOwn(fields, name)) entries.push([name, fields[name]])
    return entries.length === 0 ? {} : boundedMap(entries)
  }
}
