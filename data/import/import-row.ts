import { noCheck } from '../../domain/answer-check.ts'
import type { AnswerKind, Check } from '../../domain/answer-check.ts'
import type { PictureRef } from './picture-refs.ts'
import type { RowNote } from './row-notes.ts'

/** A record as a row, its pictures still to be looked at. */
export interface ImportRow extends Check {
  line: number
  /**
   * The id that the source gives; null when the row's number is its id, or when the id cannot be
   * read.
   */
  id: string | null
  /** Which question of its record it is, from 1, where a record became several rows. */
  part: number | null
  pictures: PictureRef[]
  question: string
  answer: string | null
  description: string | null
  trace: string | null
  metadata: Readonly<Record<string, unknown>>
  /** What the import changed in the row. */
  notes: RowNote[]
  failure: Failure | null
}

/**
 * Why a record is no row: `bad-line`, `bad-field`, `several-turns`, `no-question`, `no-image`,
 * `image-marks`, `duplicate-id`, or a picture's reason.
 */
export interface Failure {
  reason: string
  detail: string
}

/** A row in which nothing was read yet. */
export const emptyRow = (line: number, kind: AnswerKind): ImportRow => ({
  line,
  id: null,
  part: null,
  pictures: [],
  question: '',
  answer: null,
  ...noCheck,
  kind,
  description: null,
  trace: null,
  metadata: {},
  notes: [],
  failure: null,
})

/** Notes of rows that the first version of the import read otherwise under the same mapping. */
const otherwise = new Set<RowNote>(['picture-in-turn', 'other-marks', 'empty-choice', 'no-answer-word', 'answer-box'])

/** Whether the first version of the import made another row of the same record and mapping. */
export const isReadOtherwise = ({ notes, failure }: ImportRow): boolean =>
  notes.some((note) => otherwise.has(note)) ||
  failure?.reason === 'several-turns' ||
  failure?.reason === 'image-marks' ||
  (failure?.reason === 'bad-field' && /^(?:answer|choices):/.test(failure.detail))
