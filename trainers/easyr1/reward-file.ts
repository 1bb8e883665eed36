import type { RewardFile } from '../reward-file/contract.ts'

/** EasyR1: a batch reward, one dict of numbers a completion. */
export const easyr1RewardFile: RewardFile = {
  name: 'EasyR1',
  // Writes the number into a tensor; None is a TypeError.
  abstains: false,
  source: String.raw`
REWARD_NAME = "hone"
REWARD_TYPE = "batch"


def compute_score(reward_inputs, **_kwargs):
    """For EasyR1's batch reward: a dict of numbers a completion, the same keys in each.

    EasyR1 hands over response and ground_truth alone, so the rest of a row is packed into ground_truth.
    """
    if not isinstance(reward_inputs, list):
        raise RewardRefused("EasyR1 called this reward for one completion; it is a batch reward, let it say so")
    rows = [unpacked_row(given["ground_truth"]) for given in reward_inputs]
    results = _scores_of([item_of(place, row, reward_inputs[place]["response"]) for place, row in enumerate(rows)])
    return [{**result, "overall": result["overall"] or 0.0} for result in results]
`,
}
