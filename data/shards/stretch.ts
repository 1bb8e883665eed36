import type { Row } from '../../domain/rows.ts'

/** A stretch that took so long ends after its second shard, so that a pause is heard. */
const stretchMs = 2 * 60_000

/**
 * Most shards that a lane takes in one activity. Each activity takes about six events of the step's
 * history, which may have 50,000.
 */
const longestStretch = 8

/**
 * How many shards an activity takes in a row. Where shards are few, more than one would leave lanes
 * idle.
 */
export const stretchOf = (shards: number, lanes: number): number =>
  Math.min(longestStretch, Math.max(1, Math.ceil(shards / lanes)))

/** The rows of several shards in a row. */
export interface Stretch {
  /** A batch for each shard that has something left to do. */
  batches: AsyncGenerator<Row[], void>
  /** Rows and shards that were read so far. */
  read(): { rows: number; shards: number }
}

/**
 * Reads the shards from `shard` on, one at a time. `shardRows` gives the rows of a shard that have
 * no outcome yet.
 */
export function readStretch(
  { shard, shards = 1 }: { shard: number; shards?: number },
  shardRows: (shard: number) => Promise<Row[]>,
): Stretch {
  const began = Date.now()
  const done = { rows: 0, shards: 0 }
  async function* batches(): AsyncGenerator<Row[], void> {
    for (let at = 0; at < shards; at++) {
      if (at > 1 && Date.now() - began > stretchMs) return
      const rows = await shardRows(shard + at)
      done.shards += 1
      done.rows += rows.length
      if (rows.length > 0) yield rows
    }
  }
  return { batches: batches(), read: () => ({ ...done }) }
}

/** A stretch's first batch, which was read before, and the rest. */
export async function* followed<Item>(first: Item, rest: AsyncIterable<Item>): AsyncGenerator<Item> {
  yield first
  yield* rest
}
