import type { CheckField } from '../../domain/answer-check.ts'
import { completeMapping } from './mapping.ts'
import type { RowRules } from './to-row.ts'

const checkColumns = {
  choices: 'choices',
  kind: { column: 'kind' },
  precision: 'precision',
  policy: 'policy',
} satisfies Record<CheckField, unknown>

/** Columns of Hone's own rows, in its lines and in its Parquet alike. */
export const ownColumns = {
  id: 'id',
  question: 'question',
  answer: 'answer',
  ...checkColumns,
  metadataFrom: 'metadata',
}

/**
 * The fixed mapping of the lines that a recipe names by their path (domain/rows.ts `sourceLine`).
 */
export const ownLinesMapping = completeMapping({ ...ownColumns, images: 'images' })

/**
 * The rules of these lines: their metadata is the user's own, under names that steps know, and
 * stays whole.
 */
export const ownLinesRules = (needsQuestion: boolean): RowRules => ({ needsQuestion, isMetadataWhole: true })
