import { setImmediate } from 'node:timers/promises'
import { assess } from '../judge/assess.ts'
import type { Assessment } from '../judge/assess.ts'
import type { Judge, JudgeResult } from '../judge/judge.ts'
import type { RewardName } from '../reward.ts'
import type { ScoredBatch } from './pool.ts'
import { scoreText } from './score-text.ts'
import type { JudgedField } from './score-text.ts'

/** Rows that are made into requests in one turn of the event loop: about a millisecond's work. */
const TURN_ROWS = 32

/** The judge refuses every case: its key, model or address is wrong. `cause` says what it said. */
export class JudgeFailed extends Error {}

/**
 * Asks the judge about the rows that rules left open, and gives the batch's score texts with its scores in their place. A row
 * that it abstains from keeps accuracy 0 and says why. Each row's answer is waited for as long as the judge allows (20 s).
 * @throws JudgeFailed when no case can be judged; the signal's reason when the caller has gone.
 */
export async function judgeOpen(
  judge: Judge,
  reward: RewardName,
  { scores, open }: ScoredBatch,
  signal: AbortSignal,
): Promise<{ scores: string[]; judgements: JudgeResult[] }> {
  const asked: Promise<Assessment[]>[] = []
  for (let from = 0; from < open.length; from += TURN_ROWS) {
    // Others have their turn between; each slice has its own deadline, a few milliseconds apart.
    if (from > 0) await setImmediate()
    const slice = open.slice(from, from + TURN_ROWS).map(({ row }) => row)
    const work = assess(slice, judge, signal)
    // A failure is told below, by all; until then nobody listens.
    work.catch(() => undefined)
    asked.push(work)
  }
  const assessments = await Promise.all(asked).catch((error: unknown) => {
    throw signal.aborted ? error : new JudgeFailed('the judge refuses', { cause: error })
  })
  const [judgedScores, judgements]: [string[], JudgeResult[]] = [[...scores], []]
  for (const [place, assessment] of assessments.flat().entries()) {
    const found = open[place]
    if (found === undefined || assessment.by !== 'judge') continue
    const { judgement } = assessment
    judgements.push(judgement)
    judgedScores[found.at] = scoreText(
      reward,
      assessment.result,
      found.row.format,
      assessment.accuracy ?? 0,
      field(judgement),
    )
  }
  return { scores: judgedScores, judgements }
}

function field(judgement: JudgeResult): JudgedField {
  if (judgement.abstained) return { abstained: judgement.reason }
  const { tier, score, judgeVersion } = judgement
  return { tier, score, version: judgeVersion }
}
