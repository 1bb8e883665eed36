import { checkOf } from '../../domain/answer-check.ts'
import type { Check, CheckField } from '../../domain/answer-check.ts'
import { canonicalJson } from '../../domain/canonical.ts'
import type { ColumnType } from './parquet-columns.ts'

/**
 * The check fields of a row as columns of Parquet files. A policy is JSON: a struct would come back
 * with every leniency that a row does not name filled in.
 */
export const checkColumns = {
  kind: 'string',
  choices: { list: 'string' },
  precision: 'int32',
  policy: 'string',
} as const satisfies Record<CheckField, ColumnType>

/** The check fields of a row as cells of {@link checkColumns}. */
export function checkCells(row: Check): Readonly<Record<CheckField, unknown>> {
  const { policy, ...others } = checkOf(row)
  return { ...others, policy: policy === null ? null : canonicalJson(policy) }
}
