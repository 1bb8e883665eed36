import { checkOf, saidOf } from '../../domain/answer-check.ts'
import type { Check } from '../../domain/answer-check.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'

/** The part of a row that the verifier reads. */
export type CheckedRow = { id: string } & Check

/**
 * A row's question to the verifier: `answer`, a whole completion or a bare answer, against `gold`.
 */
export const answerCase = (row: CheckedRow, gold: string, answer: string): VerifyCase => ({
  id: row.id,
  gold,
  answer,
  ...saidOf(checkOf(row)),
})
