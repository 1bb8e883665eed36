import type { Verdict } from '../../domain/rows.ts'
import { extractAnswer } from '../extract.ts'
import type { ReasonCode, VerifyCase, VerifyResult } from '../verdict.ts'
import { goldAnswer, resolveKind } from '../verify.ts'
import type { Judge, JudgeResult } from './judge.ts'

/** A rule decided: there is no judgement beside it, and no field to put one in. */
export interface RuleAssessment {
  by: 'rule'
  result: VerifyResult & { verdict: 'correct' | 'incorrect' }
  accuracy: 0 | 1
}

/** A judge was asked. `accuracy` is its score, null when it abstained. */
export interface JudgeAssessment {
  by: 'judge'
  result: VerifyResult & { verdict: 'unverifiable' }
  judgement: JudgeResult
  accuracy: number | null
}

/** No rule decided, and the case is none for a judge or there is no judge. */
export interface OpenAssessment {
  by: 'none'
  result: VerifyResult & { verdict: 'unverifiable' }
  accuracy: null
}

export type Assessment = RuleAssessment | JudgeAssessment | OpenAssessment

/**
 * What a judge is asked about: texts that rules could not read or that are prose. Left out on purpose: `too-long`,
 * `too-hard` and `timed-out`, since an answer that is built to wear the rules out must not be sent to a milder examiner;
 * `ambiguous-date`, which only the row's policy can settle; `bad-gold`, which is a mistake in the data.
 */
const JUDGED_REASONS: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['not-understood', 'free-text', 'contains-gold'])

/** Whether a judge may be asked about a result of the rules. */
export const isForJudge = ({ verdict, reason }: Pick<VerifyResult, 'verdict' | 'reason'>): boolean =>
  verdict === 'unverifiable' && JUDGED_REASONS.has(reason)

/** A case after the rules. `answer` is the bare answer, as extracted, in full. */
export interface VerifiedCase {
  question: string
  gold: string
  answer: string
  result: VerifyResult
}

/**
 * A case as a judge may see it. Looks for the answer again, since a result holds its beginning alone; of the gold answer
 * the marks are taken off, as rules do.
 */
export function verifiedCase(row: VerifyCase, question: string, result: VerifyResult): VerifiedCase {
  const kind = resolveKind(row)
  const gold = goldAnswer(row.gold, kind)
  return { question, gold, answer: extractAnswer(row.answer, kind).extracted ?? '', result }
}

/**
 * The last word on a case. A judge's tier `correct` alone is a correct answer. Reasons of a judge are `judged-<tier>`, and
 * `judge-<why>` where it abstained: the case stays unverifiable.
 */
export function finalVerdict(assessment: Assessment): { verdict: Verdict; reason: string } {
  if (assessment.by !== 'judge') return { verdict: assessment.result.verdict, reason: assessment.result.reason }
  const { judgement } = assessment
  if (judgement.abstained) return { verdict: 'unverifiable', reason: `judge-${judgement.reason}` }
  return { verdict: judgement.verdict, reason: `judged-${judgement.tier}` }
}

/**
 * Rules first, then a judge for what they left open. A rule's verdict stands whatever a judge would say: it is never
 * sent to one. Keeps the order of the cases. @throws what {@link Judge.judge} throws.
 */
export async function assess(
  cases: readonly VerifiedCase[],
  judge: Judge | undefined,
  signal?: AbortSignal,
): Promise<Assessment[]> {
  const begun = cases.map(ruleAssessment)
  const open = begun.flatMap((assessment, index) => {
    const texts = cases[index]
    const isAsked = assessment.by === 'none' && isForJudge(assessment.result)
    return isAsked && texts ? [{ index, texts, result: assessment.result }] : []
  })
  if (judge === undefined || open.length === 0) return begun
  const judgements = await judge.judge(
    open.map(({ texts: { question, gold, answer }, result: { verdict } }) => ({ question, gold, answer, verdict })),
    signal,
  )
  const assessments: Assessment[] = [...begun]
  for (const [place, { index, result }] of open.entries()) {
    const judgement = judgements[place]
    if (judgement) assessments[index] = { by: 'judge', result, judgement, accuracy: judgement.score }
  }
  return assessments
}

function ruleAssessment({ result }: VerifiedCase): RuleAssessment | OpenAssessment {
  const { verdict } = result
  if (verdict === 'unverifiable') return { by: 'none', result: { ...result, verdict }, accuracy: null }
  return { by: 'rule', result: { ...result, verdict }, accuracy: verdict === 'correct' ? 1 : 0 }
}
