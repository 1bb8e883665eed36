import { streamGradedRows } from '../db/graded-items.ts'
import { findReplies } from '../db/replies.ts'
import { findScore, saveGradedAgain } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { gradeAgain } from '../evaluation/grade-again.ts'
import { graderOf } from '../evaluation/grader.ts'
import { gradedBy } from '../evaluation/score-identity.ts'
import { accuracyOf } from '../evaluation/statistics.ts'
import { openMeter } from './budget.ts'
import type { Deps } from './deps.ts'
import type { Activity } from './failures.ts'
import { openGrader } from './graders.ts'
import type { StepRef } from './types.ts'

/**
 * The score of the same stored replies under this version's grader: as it is stored, or graded now.
 * No model is asked for a reply. A judge is asked, within the campaign's budget, about answers
 * whose judge's reply is not stored. Null for a score whose identity this version cannot read.
 */
export async function gradedNow(
  deps: Deps,
  ref: StepRef,
  { recipe, score, activity }: { recipe: Recipe; score: ScoreRecord; activity: Pick<Activity, 'signal' | 'progress'> },
): Promise<ScoreRecord | null> {
  const { db } = deps
  const { benchmark, stepId, checkpointId } = score
  const spec = recipe.benchmarks[benchmark]
  if (!spec) return null
  const ofBenchmark = graderOf(recipe, spec)
  const identity = gradedBy(score.identity, ofBenchmark.identity)
  if (identity === null) return null
  const stored = await findScore(db, { stepId, benchmark, checkpointId, identityHash: identity.hash })
  if (stored) return stored
  const meter = await openMeter(db, ref.campaign, recipe)
  const stop = AbortSignal.any([activity.signal, deps.shutdown])
  const grader = await openGrader(deps, ref, ofBenchmark, { stepId, meter, signal: stop })
  try {
    const { items } = await gradeAgain({
      items: streamGradedRows(db, score.id),
      findReplies: (keys) => findReplies(db, keys),
      grade: grader.grade,
      window: grader.window,
      check() {
        stop.throwIfAborted()
        if (grader.hasPaid()) meter.check()
      },
      onProgress: (graded) => activity.progress({ gradedAgain: benchmark, items: graded.length }),
    })
    return await saveGradedAgain(db, score, { identity, identityHash: identity.hash, ...accuracyOf(items), items })
  } finally {
    await grader.close()
  }
}
