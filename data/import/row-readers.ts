import { answerKinds, answerPolicy } from '../../domain/answer-check.ts'
import type { AnswerKind, AnswerPolicy, CheckField } from '../../domain/answer-check.ts'
import { parseJson } from '../../domain/json-text.ts'
import { answerOf, answerOfReply, isNoAnswer } from './answer-cell.ts'
import { BadCell, mapOf, textOf, wholeOf } from './cells.ts'
import { requiredChoices, withoutTail } from './choices.ts'
import { exchangesOf, turnsOf } from './conversation.ts'
import type { Exchange } from './conversation.ts'
import type { ImportRow } from './import-row.ts'
import { pictureColumns, questionColumns, talkColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { objectFiller } from './objects.ts'
import type { ObjectFiller } from './objects.ts'
import { picturesOf } from './picture-refs.ts'
import { fieldOf } from './record.ts'
import type { Fields } from './record.ts'

/** A row while its columns are read. */
export interface RowDraft {
  row: ImportRow
  /** The question as it is written, with its marks of pictures. */
  asked: string
  /** Earlier questions and replies, from the column of the history. */
  earlier: Exchange[]
  /** Questions and replies of its talk. */
  talk: Exchange[]
  objects: ObjectFiller
}

export const emptyDraft = (row: ImportRow): RowDraft => ({
  row,
  asked: '',
  earlier: [],
  talk: [],
  objects: objectFiller(undefined),
})

/** Reads one column into a draft. Throws BadCell when the cell holds something else. */
interface ColumnReader {
  where: string
  column: string
  read: (draft: RowDraft, value: unknown) => void
}

export function readColumn({ where, column, read }: ColumnReader, draft: RowDraft, fields: Fields): void {
  const { row } = draft
  try {
    read(draft, fieldOf(fields, column))
  } catch (error) {
    if (!(error instanceof BadCell)) throw error
    row.failure ??= { reason: 'bad-field', detail: `${where}: column "${column}" ${error.message}` }
  }
}

type AddReader = (where: string, column: string | undefined, read: ColumnReader['read']) => void

/**
 * Readers of the columns that a mapping names. A reader sees what the readers before it have read.
 * `isAsWritten` is for Hone's own files, where every text means exactly what it says.
 */
export function readersOf(mapping: Mapping, isAsWritten: boolean): ColumnReader[] {
  const readers: ColumnReader[] = []
  const add: AddReader = (where, column, read) => {
    if (column !== undefined) readers.push({ where, column, read })
  }
  add('objects', mapping.objects, (draft, value) => {
    draft.objects = objectFiller(value)
  })
  add('id', mapping.id, ({ row }, value) => {
    row.id = textOf(value)?.trim().slice(0, 500) ?? null
    if (row.id === null) throw new BadCell('is empty')
  })
  for (const column of questionColumns(mapping))
    add('question', column, (draft, value) => {
      const text = draft.objects.fill(textOf(value) ?? '')
      draft.asked = draft.asked === '' || text === '' ? draft.asked + text : `${draft.asked}\n${text}`
    })
  addChecking(mapping, isAsWritten, add)
  add('description', mapping.description, ({ row }, value) => {
    row.description = textOf(value)
  })
  add('trace', mapping.trace, ({ row }, value) => {
    row.trace = textOf(value)
  })
  // As it is: it is bounded together with everything else in the metadata.
  add('metadataFrom', mapping.metadataFrom, ({ row }, value) => {
    row.metadata = mapOf(value) ?? {}
  })
  add('history', mapping.history, (draft, value) => {
    draft.earlier = pairsOf(value)
  })
  addTalk(mapping, add)
  if (mapping.objects !== undefined)
    add('objects', mapping.objects, ({ row, objects }) => {
      if (objects.end()) row.notes.push('boxes-filled')
    })
  for (const column of pictureColumns(mapping))
    add('images', column, ({ row }, value) => {
      for (const picture of picturesOf(value)) row.pictures.push(picture)
    })
  return readers
}

/** The talk of a row; several columns are one talk, the turns of the first column first. */
function addTalk(mapping: Mapping, add: AddReader): void {
  const { conversation } = mapping
  const columns = talkColumns(mapping)
  if (!conversation) return
  const turns = new WeakMap<RowDraft, unknown[]>()
  for (const [index, column] of columns.entries())
    add('conversation', column, (draft, value) => {
      if (columns.length === 1) draft.talk = filled(exchangesOf(value, conversation), draft.objects)
      else {
        const all = [...(turns.get(draft) ?? []), ...turnsOf(value ?? [], conversation)]
        turns.set(draft, all)
        if (index === columns.length - 1) draft.talk = filled(exchangesOf(all, conversation), draft.objects)
      }
    })
}

const filled = (talk: Exchange[], { fill }: ObjectFiller): Exchange[] =>
  talk.map((exchange) => {
    const { question, reply } = exchange
    // "<bbox>" alone is a box, as the question before has asked for.
    const isBox = exchange.isBox || reply?.trim() === '<bbox>'
    return {
      ...exchange,
      question: question === null ? null : fill(question),
      reply: reply === null ? null : fill(reply),
      isBox,
    }
  })

/** Pairs of a question and a reply, as Alpaca's `history` has them. */
function pairsOf(value: unknown): Exchange[] {
  if (value === null || value === undefined || value === '') return []
  const pairs = typeof value === 'string' ? parseJson(value) : value
  if (!Array.isArray(pairs)) throw new BadCell('holds no list of pairs')
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new BadCell('holds an entry that is no pair of texts')
    return { question: textOf(pair[0]), reply: textOf(pair[1]), pictures: [], isBox: false }
  })
}

/** The answer, and the fields that say how it is checked. */
function addChecking(mapping: Mapping, isAsWritten: boolean, add: AddReader): void {
  const { answerList, answerWords, answerIs, answer } = mapping
  // Where each row says how it is checked, a text such as ["a", "b"] is the gold of that check.
  const isGold = isAsWritten || typeof mapping.kind !== 'string'
  add('answer', answer, ({ row, objects }, value) => {
    const { text, kind, note } = answerOf(value, { list: answerList, isTextAsWritten: isGold })
    row.answer = text === null ? null : objects.fill(text)
    if (kind !== null && row.kind === 'auto') row.kind = kind
    if (note !== null) row.notes.push(note)
  })
  for (const addField of Object.values(checkReaders)) addField(mapping, add)
  // After the choices: a word such as "None" may be a choice.
  if (!isAsWritten)
    add('answer', answer, ({ row }) => {
      if (row.answer === null || !isNoAnswer(row.answer) || row.choices?.includes(row.answer) === true) return
      row.answer = null
      row.notes.push('no-answer-word')
    })
  if (answerWords !== undefined) {
    const words = new Map(Object.entries(answerWords))
    add('answer', answer, ({ row }) => {
      const word = words.get(row.answer ?? '')
      if (word === undefined) return
      row.answer = word
      row.notes.push('answer-word')
    })
  }
  if (answerIs === 'reply')
    add('answer', answer, ({ row }) => {
      if (row.answer === null) return
      const { text, note } = answerOfReply(row.answer)
      row.answer = text
      if (note !== null) row.notes.push(note)
    })
  else if (answerIs !== 'written')
    add('answer', answer, ({ row }) => {
      if (row.answer === null || row.failure) return
      row.answer = letterOf(row, answerIs === 'index' ? 0 : 1)
      row.notes.push('answer-by-place')
    })
  else if (!isAsWritten) add('answer', answer, ({ row }) => requireNoPlace(row))
}

/** Adds the reader of each check field, in the order in which a row's first problem is told. */
const checkReaders: Record<CheckField, (mapping: Mapping, add: AddReader) => void> = {
  choices({ choices }, add) {
    if (typeof choices === 'string')
      add('choices', choices, ({ row }, value) => {
        row.choices = requiredChoices(value)
        if (row.choices?.includes('') === true) row.notes.push('empty-choice')
      })
    if (!Array.isArray(choices)) return
    for (const [index, column] of choices.entries())
      add('choices', column, ({ row }, value) => {
        row.choices = [...(row.choices ?? []), textOf(value)?.trim() ?? '']
        if (index < choices.length - 1) return
        // A row has fewer choices than there are columns where the last of them are empty.
        const there = withoutTail(row.choices)
        row.choices = there.length === 0 ? null : there
        if (there.includes('')) row.notes.push('empty-choice')
      })
  },
  kind({ kind }, add) {
    if (typeof kind === 'string') return
    add('kind', kind.column, ({ row }, value) => {
      row.kind = kindOf(value)
    })
  },
  precision({ precision }, add) {
    add('precision', precision, ({ row }, value) => {
      row.precision = wholeOf(value, 0, 100)
    })
  },
  policy({ policy }, add) {
    add('policy', policy, ({ row }, value) => {
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
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    throw new BadCell(`holds no policy: ${at}${issue?.message ?? ''}`)
  }
  return parsed.data
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

const holdsNumber = (choice: string, number: string): boolean =>
  [...choice.matchAll(/\d+(?:\.\d+)?/g)].some(([found]) => Number(found) === Number(number))

/**
 * Throws {@link BadCell} for an answer that looks like the place of a choice where the mapping says
 * that answers are written out.
 */
function requireNoPlace({ answer, choices }: ImportRow): void {
  if (answer === null || !choices || choices.length < 2 || !/^\d{1,2}$/.test(answer)) return
  if (Number(answer) > choices.length || choices.some((choice) => holdsNumber(choice, answer))) return
  throw new BadCell(
    `holds ${answer}, which is no choice: if it is the place of a choice, say answerIs: index (from 0) or index-from-1`,
  )
}
