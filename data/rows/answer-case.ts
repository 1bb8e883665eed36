import type { Row } from '../../domain/rows.ts'
import type { VerifyCase } from '../../verifier/verdict.ts'

/** What decides how a row's answers are checked. */
export type CheckedRow = Pick<Row, 'id' | 'kind' | 'choices' | 'precision' | 'policy'>

/** A row's question to the verifier: `answer`, a whole completion or a bare answer, against `gold`. */
export const answerCase = (row: CheckedRow, gold: string, answer: string): VerifyCase => ({
  id: row.id,
  gold,
  answer,
  kind: row.kind,
  choices: row.choices ?? undefined,
  precision: row.precision ?? undefined,
  policy: row.policy ?? undefined,
})
