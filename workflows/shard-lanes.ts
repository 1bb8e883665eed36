import { condition } from '@temporalio/workflow'
import type { StepCounts } from '../activities/types.ts'

/**
 * Runs shards 0 … shards−1 in a sliding window of lanes: each lane takes the next shard when its last one is done, so a
 * slow shard holds up one lane only. History grows with shards, never with rows.
 */
export async function runShardLanes(input: {
  shards: number
  lanes: number
  isHeld: () => boolean
  run: (shard: number) => Promise<StepCounts>
  onProgress: (done: number, counts: StepCounts) => void
}): Promise<StepCounts> {
  const total: StepCounts = { rowsIn: 0, kept: 0, dropped: 0, failed: 0 }
  let nextShard = 0
  let done = 0
  const lane = async (): Promise<void> => {
    for (;;) {
      if (input.isHeld()) await condition(() => !input.isHeld())
      if (nextShard >= input.shards) return
      const counts = await input.run(nextShard++)
      total.rowsIn += counts.rowsIn
      total.kept += counts.kept
      total.dropped += counts.dropped
      total.failed += counts.failed
      input.onProgress(++done, total)
    }
  }
  await Promise.all(Array.from({ length: Math.min(input.lanes, input.shards) }, lane))
  return total
}
