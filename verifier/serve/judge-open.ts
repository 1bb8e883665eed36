import { setImmediate } from 'node:timers/promises'
import type { Judge, JudgeResult } from '../judge/judge.ts'
import type { RewardName } from '../reward.ts'
import type { ScoredBatch } from './pool.ts'
import { scoreText } from './score-text.ts'
import type { JudgedField } from './score-text.ts'

/** Rows that are made into requests in one turn of the event loop: about a millisecond's work. */
const turnRows = 32

/** The judge refuses every case: its key, model or address is wrong. `cause` says what it said. */
export class JudgeFailed extends Error {}

/**
 * Asks the judge about the rows that rules left open. Gives all score texts of the batch, those of
 * open rows written again with the judge's score. A row that the judge abstains from keeps accuracy
 * 0 and says why. Each row's answer is waited for as long as the judge allows (20 s). Throws
 * JudgeFailed when no case can be judged, and the signal's reason when the caller has gone.
 */
export async function judgeOpen(
  judge: Judge,
  reward: RewardName,
  { scores, open }: ScoredBatch,
  signal: AbortSignal,
): Promise<{ scores: string[]; judgements: JudgeResult[] }> {
  const asked: Promise<JudgeResult[]>[] = []
  for (let from = 0; from < open.length; from += turnRows) {
    // Other requests have their turn between two slices. Each slice has its own deadline, a few
    // milliseconds after the last one.
    if (from > 0) await setImmediate()
    const cases = open
      .slice(from, from + turnRows)
      .map(({ row: { question, gold, answer, result } }) => ({ question, gold, answer, verdict: result.verdict }))
    const work = judge.judge(cases, signal)
    // The await below tells a failure. Nobody listens until then.
    work.catch(() => undefined)
    asked.push(work)
  }
  const answers = await Promise.all(asked).catch((error: unknown) => {
    throw signal.aborted ? error : new JudgeFailed('the judge refuses', { cause: error })
  })
  const judgements = answers.flat()
  const judgedScores = [...scores]
  for (const [place, judgement] of judgements.entries()) {
    const found = open[place]
    if (found === undefined) continue
    const { at, row } = found
    judgedScores[at] = scoreText(reward, row.result, row.format, judgement.score ?? 0, field(judgement))
  }
  return { scores: judgedScores, judgements }
}

function field(judgement: JudgeResult): JudgedField {
  if (judgement.abstained) return { abstained: judgement.reason }
  const { tier, score, judgeVersion } = judgement
  return { tier, score, version: judgeVersion }
}
