/**
 * What one trainer adds to the reward file: its own part of the Python, and what that part can say.
 */
export interface RewardFile {
  /** The trainer as people write it. */
  name: string
  /**
   * Whether the trainer leaves a completion out when its reward is None, rather than counting it as
   * 0.
   */
  abstains: boolean
  /**
   * Python ≥ 3.8 in the form that the trainer calls. It stands below the common part
   * (client-source.ts) and calls that one's `_score`, `_item` and `_row`.
   */
  source: string
}
