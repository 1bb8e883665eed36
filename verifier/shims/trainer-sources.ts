/** Trainers that Hone writes a reward file for. */
export const shimTrainers = ['trl', 'easyr1', 'verl', 'swift'] as const
export type ShimTrainer = (typeof shimTrainers)[number]

/** What a trainer takes a missing reward for. */
export const abstainsByNone: Record<ShimTrainer, boolean> = {
  // TRL 1.16 leaves a completion out of its group when every reward function returned None for it; before, it was 0.
  trl: true,
  // Writes the number into a tensor; None is a TypeError.
  easyr1: false,
  verl: false,
  // Takes None, but sums with nansum: a completion that no function rewards counts as 0 in its group.
  swift: false,
}

/** Each trainer's own part, in the form that the trainer calls. */
export const trainerSources: Record<ShimTrainer, string> = {
  trl: String.raw`
def reward_func(prompts, completions, completion_ids=None, log_metric=None, **columns):
    """For TRL's GRPOTrainer: one reward a completion, None where there is none to give.

    Columns of the data set: id, answer (the reference), and optionally kind, choices, precision, policy,
    question, which a judge sees where the reward server has one, and reward: "rule" keeps a row from it.
    """
    names = [name for name in ("id", "answer", *_FIELDS) if columns.get(name) is not None]
    if "answer" not in names:
        raise RewardRefused("the data set has no column answer that holds the reference answers; add it")
    items = []
    for place, completion in enumerate(completions):
        row = {name: columns[name][place] for name in names}
        items.append(_item(place, {**row, "gold": row["answer"]}, completion))
    results = _score(items)
    if log_metric is not None:
        log_metric("reward/failed", sum(result["failed"] for result in results))
        log_metric("reward/abstained", float(sum(r["overall"] is None and not r["failed"] for r in results)))
    zero = 0.0 if ON_FAILURE == "zero" else None
    return [zero if result["failed"] else result["overall"] for result in results]
`,
  easyr1: String.raw`
REWARD_NAME = "hone"
REWARD_TYPE = "batch"


def compute_score(reward_inputs, **_kwargs):
    """For EasyR1's batch reward: a dict of numbers a completion, the same keys in each.

    EasyR1 hands over response and ground_truth alone, so the rest of a row is packed into ground_truth.
    """
    if not isinstance(reward_inputs, list):
        raise RewardRefused("EasyR1 called this reward for one completion; it is a batch reward, let it say so")
    rows = [_row(given["ground_truth"]) for given in reward_inputs]
    results = _score([_item(place, row, reward_inputs[place]["response"]) for place, row in enumerate(rows)])
    return [{**result, "overall": result["overall"] or 0.0} for result in results]
`,
  verl: String.raw`
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
        items = [_item(place, row, solution_strs[place]) for place, row in enumerate(rows)]
        return [_verl_score(result) for result in _score(items)]
    return _verl_score(_score([_item(0, _verl_row(ground_truth, extra_info), solution_str)])[0])


def _each(values, count):
    return [None] * count if values is None else values


def _verl_row(gold, info):
    row = _row(gold)
    index = info.get("index") if isinstance(info, dict) else None
    return row if "id" in row or index is None else {**row, "id": index}


def _verl_score(result):
    """verl averages every number beside the score; acc is the one that it reports of a validation."""
    score = result["overall"] or 0.0
    return {"score": score, "acc": result["accuracy"], "format": result["format"], "failed": result["failed"]}
`,
  swift: String.raw`
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
        items = [_item(place, _row(packed[place]), completion) for place, completion in enumerate(completions)]
        return [result["overall"] or 0.0 for result in _score(items)]


orms["hone"] = HoneReward
`,
}
