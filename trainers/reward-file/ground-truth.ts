import type { AnswerKind, AnswerPolicy, RewardKind } from '../../domain/answer-check.ts'

/** What a reward needs of a row. */
export interface RewardRow {
  id: string
  gold: string
  kind?: AnswerKind | undefined
  choices?: readonly string[] | null | undefined
  precision?: number | null | undefined
  policy?: AnswerPolicy | null | undefined
  /** For a judge, where the reward server has one. */
  question?: string | null | undefined
  /** `rule` keeps the row from the judge. */
  reward?: RewardKind | null | undefined
}

/**
 * A row as one text, for trainers that hand a reward nothing but the reference answer (EasyR1's and
 * verl's `ground_truth`, ms-swift's column `hone_row`). It begins with `{"hone":1,`, by which a
 * reward file tells it from a reference that is JSON itself, such as a box.
 */
export function packGroundTruth({ id, gold, kind, choices, precision, policy, question, reward }: RewardRow): string {
  const optional = { kind, choices, precision, policy, question, reward }
  const said = Object.entries(optional).filter(([, value]) => value !== undefined && value !== null)
  return JSON.stringify({ hone: 1, id, gold, ...Object.fromEntries(said) })
}
