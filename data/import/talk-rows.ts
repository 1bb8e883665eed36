import { picturesAskedFor } from '../rows/image-marks.ts'
import { replyInShort } from './conversation.ts'
import type { Exchange } from './conversation.ts'
import type { ImportRow } from './import-row.ts'
import { talkColumns } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import { answerIn } from './marked-answer.ts'
import type { PictureRef } from './picture-refs.ts'
import type { RowDraft } from './row-readers.ts'

/** A row whose question still has its marks, and how many pictures its texts ask for. */
export interface AskedRow {
  row: ImportRow
  /** The question as it is written. */
  asked: string
  /** Earlier questions and replies that belong to the question. */
  earlier: readonly Exchange[]
}

/** Rows of a record that has a talk: one, or one of each question. */
export function talkRows(mapping: Mapping, draft: RowDraft): AskedRow[] {
  const { row, talk, earlier } = draft
  const questions = talk.filter(({ question }) => question !== null).length
  if (questions <= 1) {
    const [only] = talk
    return [only ? oneRow(mapping, draft, talk, 0) : { row, asked: draft.asked, earlier }]
  }
  const turns = mapping.conversation?.turns
  if (turns === undefined) {
    const detail =
      `${talkColumns(mapping).join(', ')}: ${questions} questions in one conversation; say in the mapping what becomes of them: ` +
      'conversation.turns: split (a row of each question), last or first'
    return [
      { row: { ...row, failure: row.failure ?? { reason: 'several-turns', detail } }, asked: draft.asked, earlier },
    ]
  }
  if (turns === 'first') return [noted(oneRow(mapping, draft, talk, 0), 'first-turn')]
  if (turns === 'last') return [noted(oneRow(mapping, draft, talk, talk.length - 1), 'turn-of-talk')]
  return talk.map((_, index) => {
    const asked = noted(oneRow(mapping, draft, talk, index), 'turn-of-talk')
    return { ...asked, row: { ...asked.row, part: index + 1 } }
  })
}

const noted = (asked: AskedRow, note: ImportRow['notes'][number]): AskedRow => ({
  ...asked,
  row: { ...asked.row, notes: [...asked.row.notes, note] },
})

/** The row of one question. The talk fills the fields that no column of their own has filled. */
function oneRow(mapping: Mapping, draft: RowDraft, talk: readonly Exchange[], index: number): AskedRow {
  const { question = null, reply = null, isBox = false } = talk[index] ?? {}
  const isLast = index === talk.length - 1
  const row = { ...draft.row, notes: [...draft.row.notes] }
  const inTurns = talk.slice(0, index + 1).flatMap(({ pictures }) => pictures)
  row.pictures = [...picturesUpTo(draft, talk, index), ...inTurns]
  if (inTurns.length > 0) row.notes.push('picture-in-turn')
  // The columns of answer and trace belong to the end of the talk.
  if (!isLast) Object.assign(row, { answer: null, trace: null })
  const asked = draft.asked === '' ? (question ?? '') : draft.asked
  const earlier = [...draft.earlier, ...talk.slice(0, index)]
  if (reply === null) return { row, asked, earlier }
  if (mapping.conversation?.reply === 'answer') {
    if (isBox && row.answer === null && row.kind === 'auto') {
      row.kind = 'box'
      row.notes.push('answer-box')
    }
    row.answer ??= reply.trim()
  } else {
    row.trace ??= reply
    if (mapping.answer === undefined || !isLast) row.answer ??= answerIn(reply)
  }
  return { row, asked, earlier }
}

/**
 * Pictures of the columns that the questions up to this one show. Marks say it when there is a mark
 * of each picture; otherwise all pictures belong to each question.
 */
function picturesUpTo({ row }: RowDraft, talk: readonly Exchange[], index: number): readonly PictureRef[] {
  const marks = talk.map(({ question, pictures }) => picturesAskedFor(question ?? '') - pictures.length)
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
  return sum(marks) === row.pictures.length ? row.pictures.slice(0, sum(marks.slice(0, index + 1))) : row.pictures
}

/** A question after the questions and replies before it, as one text. */
export function withHistory(question: string, earlier: readonly Exchange[]): string {
  const told = earlier.flatMap(({ question: before, reply }) => [
    ...(before === null ? [] : [`Q: ${before.trim()}`]),
    ...(reply === null ? [] : [`A: ${replyInShort(reply)}`]),
  ])
  return told.length === 0 ? question : `${told.join('\n')}\n\n${question}`
}
