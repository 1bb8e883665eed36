import type { RewardFile } from '../reward-file/contract.ts'

/** verl: `custom_reward_function`, called for one completion or for many. */
export const verlRewardFile: RewardFile = {
  name: 'verl',
  // Writes the number into a tensor; None is a TypeError.
  abstains: false,
  source: String.raw`
def compute_score(
    data_source=None,
    solution_str=None,
    ground_truth=None,
    extra_info=None,
    *,
    data_sources=None,
    solution_strs=None,
    ground_truths=None,
    extra_infos=None,
    **_kwargs,
):
    """For verl's custom_reward_function, called for one completion or, by the batch reward manager, for many.

    Not async on purpose: verl runs it in threads where it can, and its remote and older managers refuse coroutines.
    """
    if solution_strs is not None:
        rows = [_verl_row(gold, info) for gold, info in zip(ground_truths, _each(extra_infos, len(solution_strs)))]
        items = [item_of(place, row, solution_strs[place]) for place, row in enumerate(rows)]
        return [_verl_score(result) for result in _scores_of(items)]
    return _verl_score(_scores_of([item_of(0, _verl_row(ground_truth, extra_info), solution_str)])[0])


def _each(values, count):
    return [None] * count if values is None else values


def _verl_row(gold, info):
    row = unpacked_row(gold)
    index = info.get("index") if isinstance(info, dict) else None
    return row if "id" in row or index is None else {**row, "id": index}


def _verl_score(result):
    """verl averages every number beside the score; acc is the one that it reports of a validation."""
    score = result["overall"] or 0.0
    return {"score": score, "acc": result["accuracy"], "format": result["format"], "failed": result["failed"]}
`,
}
