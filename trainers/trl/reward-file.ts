import type { RewardFile } from '../reward-file/contract.ts'

/** TRL: a function for `reward_funcs`. */
export const trlRewardFile: RewardFile = {
  name: 'TRL',
  // TRL 1.16 leaves a completion out of its group when every reward function returned None for it.
  // Before, None was 0.
  abstains: true,
  source: String.raw`
def reward_func(prompts, completions, completion_ids=None, log_metric=None, **columns):
    """For TRL's GRPOTrainer: one reward a completion, None where there is none to give.

    Columns of the data set: id, answer (the reference), and optionally kind, choices, precision, policy,
    question, which a judge sees where the reward server has one, and reward: "rule" keeps a row from it.
    """
    names = [name for name in ("id", "answer", *FIELDS) if columns.get(name) is not None]
    if "answer" not in names:
        raise RewardRefused("the data set has no column answer that holds the reference answers; add it")
    items = []
    for place, completion in enumerate(completions):
        row = {name: columns[name][place] for name in names}
        items.append(item_of(place, {**row, "gold": row["answer"]}, completion))
    results = _scores_of(items)
    if log_metric is not None:
        log_metric("reward/failed", sum(result["failed"] for result in results))
        log_metric("reward/abstained", float(sum(r["overall"] is None and not r["failed"] for r in results)))
    zero = 0.0 if ON_FAILURE == "zero" else None
    return [zero if result["failed"] else result["overall"] for result in results]
`,
}
