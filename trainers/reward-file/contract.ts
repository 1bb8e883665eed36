/** What one trainer adds to the reward file: its own Python, and what that Python can say. */
export interface RewardFile {
  /** The trainer as people write it. */
  name: string
  /**
   * Whether the trainer leaves a completion out when its reward is None, rather than counting it as
   * 0.
   */
  abstains: boolean
  /**
   * Python ≥ 3.8 in the form that the trainer calls. It follows the reward client
   * (trainer/hone_trainer/reward_client.py) and the settings of the file. It calls `_scores_of` for
   * results, and `item_of`, `unpacked_row` and `FIELDS` of the client.
   */
  source: string
}
