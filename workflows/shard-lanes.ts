import { condition } from '@temporalio/workflow'
import type { StepCounts, StretchCounts } from '../activities/types.ts'

/**
 * Runs shards 0 … shards−1 in lanes. Each lane takes the next stretch of shards when its last
 * stretch is done, so a slow shard holds up one lane only. A stretch that takes long comes back
 * before its end, so that a pause need not wait; the lane goes on with the rest of the stretch.
 * History grows with stretches, never with rows.
 */
export async function runShardLanes(input: {
  shards: number
  lanes: number
  stretch: number
  isHeld: () => boolean
  /** Runs at most `shards` from `shard` on. */
  run: (shard: number, shards: number) => Promise<StretchCounts>
  onProgress: (done: number, counts: StepCounts) => void
}): Promise<StepCounts> {
  const total: StepCounts = { rowsIn: 0, kept: 0, dropped: 0, failed: 0 }
  let nextShard = 0
  let done = 0
  const runStretch = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to;) {
      if (at > from && input.isHeld()) await condition(() => !input.isHeld())
      const counts = await input.run(at, to - at)
      const shards = counts.shards ?? 1
      at += shards
      done += shards
      total.rowsIn += counts.rowsIn
      total.kept += counts.kept
      total.dropped += counts.dropped
      total.failed += counts.failed
      input.onProgress(done, total)
    }
  }
  const lane = async (): Promise<void> => {
    for (;;) {
      if (input.isHeld()) await condition(() => !input.isHeld())
      if (nextShard >= input.shards) return
      const from = nextShard
      nextShard = Math.min(input.shards, from + input.stretch)
      await runStretch(from, nextShard)
    }
  }
  await Promise.all(Array.from({ length: Math.min(input.lanes, input.shards) }, lane))
  return total
}
