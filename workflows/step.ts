import { CancellationScope, setCurrentDetails, setHandler } from '@temporalio/workflow'
import type { EvaluationRef, ScoreSummary, ShardPlan, StepCounts, StepRef, StretchCounts } from '../activities/types.ts'
import { inference, io } from './activities.ts'
import { scoreText } from './details.ts'
import { holdSignal } from './messages.ts'
import { runShardLanes } from './shard-lanes.ts'

/** A data step: open the dataset, run its shards, seal it. */
export async function dataStep(input: StepRef): Promise<StepCounts> {
  return await inShards(input, {
    open: io.openDataStep,
    shard: inference.runDataShard,
    finish: io.sealDataStep,
    say: (counts) =>
      `${counts.rowsIn} rows in, ${counts.kept} kept, ${counts.dropped} dropped, ${counts.failed} failed`,
  })
}

/**
 * An evaluation: ask a checkpoint every item of the benchmarks, then grade and store the results.
 */
export async function evaluation(input: EvaluationRef): Promise<ScoreSummary[]> {
  return await inShards(input, {
    open: io.openEvaluation,
    shard: inference.runEvaluationShard,
    finish: io.finishEvaluation,
    say: (scores) => scores.map(scoreText).join(', '),
  })
}

/** Open, run in lanes, finish; servers that were brought up for the step are always torn down. */
async function inShards<Ref extends StepRef, Result>(
  input: Ref,
  work: {
    open: (input: Ref) => Promise<ShardPlan>
    shard: (input: Ref & { shard: number; shards?: number }) => Promise<StretchCounts>
    finish: (input: Ref) => Promise<Result>
    say: (result: Result) => string
  },
): Promise<Result> {
  let isHeld = false
  setHandler(holdSignal, (hold) => {
    isHeld = hold
  })
  try {
    const plan = await work.open(input)
    if (!plan.isDone)
      await runShardLanes({
        ...plan,
        stretch: plan.stretch ?? 1,
        isHeld: () => isHeld,
        run: (shard, shards) => work.shard({ ...input, shard, ...(shards > 1 && { shards }) }),
        onProgress: (done, counts) =>
          setCurrentDetails(
            `${done} of ${plan.shards} shards · ${counts.kept} kept, ${counts.dropped} dropped, ${counts.failed} failed`,
          ),
      })
    const result = await work.finish(input)
    setCurrentDetails(work.say(result))
    return result
  } finally {
    await CancellationScope.nonCancellable(() => io.releaseEndpoints(input))
  }
}
