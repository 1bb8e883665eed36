import type { Database } from '../../db/database.ts'
import { shardInputs } from '../../db/shards.ts'
import type { Row } from '../../domain/rows.ts'

/** A stretch that took so long ends after its second shard, so that a pause is heard. */
const stretchMs = 2 * 60_000

/** A lane's shards in one activity: each activity takes about six events of the step's history, of which there are 50,000. */
const longestStretch = 8

/** How many shards an activity takes in a row: more than one of few would leave lanes idle. */
export const stretchOf = (shards: number, lanes: number): number =>
  Math.min(longestStretch, Math.max(1, Math.ceil(shards / lanes)))

/** The rows of a stretch, a shard at a time; shards without anything left to do are passed over. */
export function readStretch(
  db: Database,
  { shard, shards = 1 }: { shard: number; shards?: number },
  query: Omit<Parameters<typeof shardInputs>[1], 'shard'>,
) {
  const began = Date.now()
  const done = { rows: 0, shards: 0 }
  async function* batches(): AsyncGenerator<Row[], void> {
    for (let at = 0; at < shards; at++) {
      if (at > 1 && Date.now() - began > stretchMs) return
      const rows = await shardInputs(db, { ...query, shard: shard + at })
      done.shards += 1
      done.rows += rows.length
      if (rows.length > 0) yield rows
    }
  }
  return { batches: batches(), read: () => ({ ...done }) }
}

export async function* followed<Item>(first: Item, rest: AsyncIterable<Item>): AsyncGenerator<Item> {
  yield first
  yield* rest
}
