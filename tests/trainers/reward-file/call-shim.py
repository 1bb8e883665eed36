"""Loads a generated shim from its path as its trainer does, and calls it with the trainer's own
signature.

Reads {"shim", "call", "arguments"} from standard input. Prints the result, or the error's name
and text.
"""

import importlib.util
import json
import sys


def load(path):
    spec = importlib.util.spec_from_file_location("custom_reward_fn", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["custom_reward_fn"] = module
    spec.loader.exec_module(module)
    return module


def trl(module, rows, completions):
    """GRPOTrainer._calculate_rewards: all arguments by keyword, extra columns as lists."""
    logged = {}
    rewards = module.reward_func(
        prompts=[[{"role": "user", "content": "q"}] for _ in completions],
        completions=[[{"role": "assistant", "content": text}] for text in completions],
        completion_ids=[[1] for _ in completions],
        trainer_state=object(),
        log_extra=lambda name, values: None,
        log_metric=logged.__setitem__,
        **{name: [row.get(name) for row in rows] for name in sorted({key for row in rows for key in row})},
    )
    return {"rewards": rewards, "logged": logged}


def easyr1(module, packed, completions):
    """BatchFunctionRewardManager.compute_reward: a list of dicts. The keys beside overall become
    metrics.
    """
    assert module.REWARD_TYPE == "batch"
    return module.compute_score(
        [
            {"response": text, "response_length": len(text), "ground_truth": gold}
            for gold, text in zip(packed, completions)
        ]
    )


def verl(module, packed, completions):
    """The run_single of the reward loop: one completion in each call, with the arguments that it
    adds for reward models.
    """
    return [
        module.compute_score(
            data_source="hone",
            solution_str=text,
            ground_truth=gold,
            extra_info={"index": place},
            reward_router_address=None,
            reward_model_tokenizer=None,
        )
        for place, (gold, text) in enumerate(zip(packed, completions))
    ]


def verl_batch(module, packed, completions):
    """BatchRewardManager.verify."""
    return module.compute_score(
        data_sources=["hone"] * len(packed),
        solution_strs=completions,
        ground_truths=packed,
        extra_infos=[None] * len(packed),
    )


def swift(module, packed, completions):
    """GRPOTrainer._compute_rewards_per_func: an instance from the registry, completions as text,
    columns as lists.
    """
    from swift.rewards import orms

    reward_func = orms["hone"]()
    return reward_func(completions, trainer_state=object(), hone_row=packed, messages=[[] for _ in completions])


def main():
    given = json.load(sys.stdin)
    calls = {"trl": trl, "easyr1": easyr1, "verl": verl, "verl-batch": verl_batch, "swift": swift}
    try:
        module = load(given["shim"])
        said = {"value": calls[given["call"]](module, *given["arguments"])}
    except Exception as error:
        said = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(said))


main()
