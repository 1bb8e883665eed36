import { rewardFieldNames, saidOf } from '../../domain/answer-check.ts'
import type { RewardCheck, RewardField } from '../../domain/answer-check.ts'

/** What a reward needs of a row. */
type RewardRow = { id: string; gold: string } & {
  [Field in RewardField]?: RewardCheck[Field] | undefined
}

/**
 * A row as one text, for trainers that give a reward nothing but the reference answer (EasyR1's and
 * verl's `ground_truth`, ms-swift's column `hone_row`). It begins with `{"hone":1,`, by which a
 * reward file tells it from a reference that is JSON itself, such as a box.
 */
export function packGroundTruth(row: RewardRow): string {
  const fields = Object.fromEntries(rewardFieldNames.map((name) => [name, row[name]]))
  return JSON.stringify({ hone: 1, id: row.id, gold: row.gold, ...saidOf(fields) })
}
