import type { RewardFile } from '../reward-file/contract.ts'

/** ms-swift: a plugin that registers the reward `hone`. */
export const swiftRewardFile: RewardFile = {
  name: 'ms-swift',
  // Takes None, but sums with nansum: a completion that no function rewards counts as 0 in its
  // group.
  abstains: false,
  source: String.raw`
try:
    from swift.rewards import ORM, orms
except ImportError:  # before ms-swift 4
    from swift.plugin import ORM, orms


class HoneReward(ORM):
    """For ms-swift's GRPO: --external_plugins <this file> --reward_funcs hone.

    The column hone_row holds each row's packed reference: names such as answer would be taken for the response.
    """

    def __call__(self, completions, **kwargs):
        packed = kwargs.get("hone_row")
        if packed is None:
            raise RewardRefused("the data set has no column hone_row that holds the packed references; add it")
        items = [item_of(place, unpacked_row(packed[place]), completion) for place, completion in enumerate(completions)]
        return [result["overall"] or 0.0 for result in _scores_of(items)]


orms["hone"] = HoneReward
`,
}
