import type { Database } from '../../db/database.ts'
import { saveReplies } from '../../db/replies.ts'
import { saveScore } from '../../db/scores.ts'
import type { ScoreRecord } from '../../db/scores.ts'
import { finishStep, openStep } from '../../db/steps.ts'
import { scoreIdentity } from '../../evaluation/score-identity.ts'
import { wilson } from '../../evaluation/statistics.ts'
import { reply } from '../db/world.ts'
import { baseId } from './campaign.ts'

/** An answer as a model wrote it, and what the verifier of before said about it. */
export interface EarlierItem {
  /** Null where the model gave no reply. */
  reply: string | null
  correct: boolean
}

/** What a score on `dev` was measured with, by a version of the verifier. */
export const identityOf = (graderVersion: string, judge: string | null = null) =>
  scoreIdentity({
    benchmarkRevision: 'revision',
    promptHash: 'prompt',
    decoding: { temperature: 0, samples: 1 },
    imageLimits: { minPixels: null, maxPixels: 1000 },
    graderVersion,
    judge,
  })

/**
 * Records a score of a round on `dev` with its stored replies, as an `evaluate` step of an earlier
 * version did. `items` are the ids of the benchmark's rows.
 */
export async function scoreBefore(
  db: Database,
  { campaign, round, items }: { campaign: string; round: number; items: readonly string[] },
  given: readonly EarlierItem[],
  { version = '2.0.0', judge = null as string | null } = {},
): Promise<ScoreRecord> {
  const step = { campaign, round, name: 'evaluate', kind: 'evaluate', ordinal: 1, spec: {}, inputs: [] }
  const { stepId } = await openStep(db, step)
  const keyOf = (index: number) => `${campaign}-${round}-${index}`
  await saveReplies(
    db,
    stepId,
    given.flatMap(({ reply: text }, index) => (text === null ? [] : [reply(keyOf(index), { text })])),
  )
  const identity = identityOf(version, judge)
  const correct = given.filter((item) => item.correct).length
  const score = await saveScore(db, {
    campaign,
    round,
    stepId,
    checkpointId: baseId,
    benchmark: 'dev',
    role: 'dev',
    identity,
    identityHash: identity.hash,
    accuracy: correct / given.length,
    ...wilson(correct, given.length),
    items: given.map((item, index) => ({
      itemId: items[index] ?? '',
      correct: item.correct,
      verdict: item.correct ? 'correct' : item.reply === null ? 'unverifiable' : 'incorrect',
      reason: item.correct ? 'same-number' : item.reply === null ? 'no-reply' : 'different-number',
      extracted: item.reply,
      requestKey: item.reply === null ? null : keyOf(index),
      truncated: false,
    })),
  })
  await finishStep(db, stepId, 'done')
  return score
}
