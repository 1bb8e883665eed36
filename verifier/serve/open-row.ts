import { extractAnswer } from '../extract.ts'
import type { TraceFormat } from '../format.ts'
import { isForJudge } from '../judge/assess.ts'
import type { VerifiedCase } from '../judge/assess.ts'
import type { VerifyCase, VerifyResult } from '../verdict.ts'
import { goldAnswer, resolveKind } from '../verify.ts'

/** A case of a score request. The rules do not see the question; a judge does. */
export type ScoreCase = VerifyCase & { question?: string | undefined }

/** A row that rules left open and a judge may be asked about, with what its reward needs beside an accuracy. */
export type OpenRow = VerifiedCase & { format: TraceFormat }

/**
 * The row for a judge, or null when it is none for one. Looks for the answer again, since a result holds its beginning alone;
 * of the gold answer the marks are taken off, as rules do.
 */
export function openRow(row: ScoreCase, result: VerifyResult, format: TraceFormat): OpenRow | null {
  const { question } = row
  if (question === undefined || !isForJudge(result)) return null
  const kind = resolveKind(row)
  const gold = goldAnswer(row.gold, kind)
  return { question, gold, answer: extractAnswer(row.answer, kind).extracted ?? '', result, format }
}
