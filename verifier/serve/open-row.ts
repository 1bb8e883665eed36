import type { RewardCheck, Said } from '../../domain/answer-check.ts'
import type { TraceFormat } from '../format.ts'
import { isForJudge } from '../judge/assess.ts'
import type { OpenResult } from '../judge/assess.ts'
import type { VerifyCase, VerifyResult } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import type { JudgedField } from './score-text.ts'

/**
 * A case of a score request. Rules do not see the question; a judge does. `reward` says who rewards
 * the row. `rule` keeps the row from the judge. With `judge`, and without a `reward`, a judge is
 * asked where rules leave the row open.
 */
export type ScoreCase = VerifyCase & Said<RewardCheck>

/** A row that rules left open and a judge may be asked about. Its reward also needs its format. */
export interface OpenRow {
  question: string
  gold: string
  /** The bare answer, as extracted, in full. */
  answer: string
  result: OpenResult
  format: TraceFormat
}

/** The row as a judge sees it; null where no judge may be asked. */
export function openRow(row: ScoreCase, { result, gold, answer }: VerifiedCase, format: TraceFormat): OpenRow | null {
  const { question } = row
  if (question === undefined || row.reward === 'rule' || !isForJudge(result)) return null
  return { question, gold, answer, result, format }
}

/**
 * Why a row that says who rewards it has no judge's score, though rules left it open: `rule-only`,
 * `no-question`, or `no-judge` where the server has no judge. A judge's field replaces this one
 * later. Undefined for a row that does not say who rewards it.
 */
export function unjudged({ reward, question }: ScoreCase, result: VerifyResult): JudgedField | undefined {
  if (reward === undefined || !isForJudge(result)) return undefined
  if (reward === 'rule') return { abstained: 'rule-only' }
  return { abstained: question === undefined ? 'no-question' : 'no-judge' }
}
