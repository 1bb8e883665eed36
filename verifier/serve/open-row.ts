import type { RewardCheck, Said } from '../../domain/answer-check.ts'
import type { TraceFormat } from '../format.ts'
import { isForJudge, verifiedCase } from '../judge/assess.ts'
import type { VerifiedCase } from '../judge/assess.ts'
import type { VerifyCase, VerifyResult } from '../verdict.ts'
import type { JudgedField } from './score-text.ts'

/**
 * A case of a score request. The rules do not see the question; a judge does. `reward` says who rewards the row: `rule` keeps
 * it from the judge; with `judge`, as without a word, one is asked where rules leave it open.
 */
export type ScoreCase = VerifyCase & Said<RewardCheck>

/** A row that rules left open and a judge may be asked about, with what its reward needs beside an accuracy. */
export type OpenRow = VerifiedCase & { format: TraceFormat }

/** The row for a judge, or null when it is none for one: rewarded by rules alone, for one. */
export function openRow(row: ScoreCase, result: VerifyResult, format: TraceFormat): OpenRow | null {
  const { question } = row
  if (question === undefined || row.reward === 'rule' || !isForJudge(result)) return null
  return { ...verifiedCase(row, question, result), format }
}

/**
 * Why a row that says who rewards it has no judge's score, though rules left it open: `rule-only`, `no-question` or, where nobody
 * is there to ask, `no-judge`. A judge's word takes its place. Rows that do not say are left as they are.
 */
export function unjudged({ reward, question }: ScoreCase, result: VerifyResult): JudgedField | undefined {
  if (reward === undefined || !isForJudge(result)) return undefined
  if (reward === 'rule') return { abstained: 'rule-only' }
  return { abstained: question === undefined ? 'no-question' : 'no-judge' }
}
