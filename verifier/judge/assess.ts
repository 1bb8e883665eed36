import type { Verdict } from '../../domain/rows.ts'
import type { ReasonCode, VerifyResult } from '../verdict.ts'
import type { VerifiedCase } from '../verify.ts'
import type { Judge, JudgeResult } from './judge.ts'

/** A result that rules left open. */
export type OpenResult = VerifyResult & { verdict: 'unverifiable' }

/** A rule decided. There is no judgement beside it, and no field for a judgement. */
export interface RuleAssessment {
  by: 'rule'
  result: VerifyResult & { verdict: 'correct' | 'incorrect' }
  accuracy: 0 | 1
}

/** A judge was asked. `accuracy` is its score, null when it abstained. */
export interface JudgeAssessment {
  by: 'judge'
  result: OpenResult
  judgement: JudgeResult
  accuracy: number | null
}

/** No rule decided, and no judge was asked: there is no judge, or no judge may see the case. */
export interface OpenAssessment {
  by: 'none'
  result: OpenResult
  accuracy: null
}

export type Assessment = RuleAssessment | JudgeAssessment | OpenAssessment

/**
 * What a judge is asked about: texts that rules could not read or that are prose. Left out on
 * purpose: `too-long`, `too-hard` and `timed-out`, since an answer that is built to wear the rules
 * out must not be sent to a milder examiner; `ambiguous-date`, which only the row's policy can
 * settle; `bad-gold`, which is a mistake in the data; `unsolved`, a task that was handed back;
 * `retracted` and `cut-off`, where there is no answer to judge.
 */
const judgedReasons: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'not-understood',
  'unread',
  'free-text',
  'contains-gold',
])

/** Whether a judge may be asked about a result of the rules. */
export const isForJudge = (result: VerifyResult): result is OpenResult =>
  result.verdict === 'unverifiable' && judgedReasons.has(result.reason)

/** A case after the rules, with its question, which only a judge sees. */
export interface AskedCase extends VerifiedCase {
  question: string
}

/**
 * The last word on a case. Of a judge's tiers only `correct` is a correct answer. Reasons of a
 * judge are `judged-<tier>`, and `judge-<why>` where it abstained: the case stays unverifiable.
 */
export function finalVerdict(assessment: Assessment): { verdict: Verdict; reason: string } {
  if (assessment.by !== 'judge') return { verdict: assessment.result.verdict, reason: assessment.result.reason }
  const { judgement } = assessment
  if (judgement.abstained) return { verdict: 'unverifiable', reason: `judge-${judgement.reason}` }
  return { verdict: judgement.verdict, reason: `judged-${judgement.tier}` }
}

/**
 * Rules first, then a judge for what they left open. A rule's verdict stands whatever a judge would
 * say, and is never sent to a judge. Keeps the order of the cases. Throws what {@link Judge.judge}
 * throws.
 */
export async function assess(
  cases: readonly AskedCase[],
  judge: Judge | undefined,
  signal?: AbortSignal,
): Promise<Assessment[]> {
  const assessments: Assessment[] = cases.map(({ result }) => ruleAssessment(result))
  const open = cases.flatMap(({ question, gold, answer, result }, index) =>
    isForJudge(result) ? [{ index, result, texts: { question, gold, answer, verdict: result.verdict } }] : [],
  )
  if (judge === undefined || open.length === 0) return assessments
  const judgements = await judge.judge(
    open.map(({ texts }) => texts),
    signal,
  )
  for (const [place, { index, result }] of open.entries()) {
    const judgement = judgements[place]
    if (judgement) assessments[index] = { by: 'judge', result, judgement, accuracy: judgement.score }
  }
  return assessments
}

function ruleAssessment(result: VerifyResult): RuleAssessment | OpenAssessment {
  const { verdict } = result
  if (verdict === 'unverifiable') return { by: 'none', result: { ...result, verdict }, accuracy: null }
  return { by: 'rule', result: { ...result, verdict }, accuracy: verdict === 'correct' ? 1 : 0 }
}
