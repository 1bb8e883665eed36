"""Each loss that a recipe may name trains, and divides by the rows or tokens that are left after
dropping.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import Jobs
from rewards import RewardServer

from hone_trainer.config import GrpoConfig, read
from hone_trainer.errors import TrainerError
from hone_trainer.grpo import trl_arguments
from hone_trainer.spread import tokens_with_advantage

LOSSES = ("grpo", "dr_grpo", "dapo", "bnpo", "cispo")


def own_numbers(loss: str) -> dict[str, float]:
    return {"epsilonHigh": 5} if loss == "cispo" else {}


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_trains_and_dropping_rows_without_spread_makes_the_mean_that_of_the_rest(
    jobs: Jobs, rewards: RewardServer, loss: str
) -> None:
    rewards.answers = lambda _request, _items: [0.0, 1.0, 1.0, 1.0]
    norms = []
    for drop in (True, False):
        job = jobs.grpo(rewards.url, f"drop-{drop}", loss=loss, dropZeroSpread=drop, **own_numbers(loss))
        assert job.train() == 0
        assert job.outcome()["stepsDone"] == 2
        first = job.lines()[0]
        # equal lengths, so tokens count like rows
        assert first["completions/min_length"] == first["completions/max_length"]
        norms.append(first["grad_norm"])
    # Half of the rows have spread: over these rows alone the gradient is twice as long.
    assert norms[0] == pytest.approx(2 * norms[1], rel=1e-3)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_without_any_spread_moves_nothing_by_its_reference(jobs: Jobs, rewards: RewardServer, loss: str) -> None:
    rewards.answers = lambda request, items: [float(request == 0 and place % 2) for place in range(len(items))]
    settings = {"klBeta": 0.5, "microBatchSize": 2, "stepsPerGeneration": 1, **own_numbers(loss)}
    job = jobs.grpo(rewards.url, loss=loss, learningRate=1e-2, **settings)
    assert job.train() == 0
    first, second = job.lines()
    assert (first["rows_with_spread"], second["rows_with_spread"]) == (4, 0)
    assert second["kl"] > 0
    if loss in ("dapo", "cispo"):
        assert second["grad_norm"] == 0
    else:
        assert second["grad_norm"] < first["grad_norm"]


@pytest.mark.parametrize(
    "settings",
    [
        {"importanceSampling": "sequence", "stepsPerGeneration": 2},
        {"scaleRewards": "batch"},
        {"scaleRewards": "none", "loss": "dr_grpo"},
        {"loss": "dapo", "stepsPerGeneration": 2, "microBatchSize": 2},
    ],
)
def test_the_other_choices_train_too(jobs: Jobs, rewards: RewardServer, settings: dict[str, Any]) -> None:
    job = jobs.grpo(rewards.url, **settings)
    assert job.train() == 0
    assert all(job.outcome()["verified"].values())


def test_the_defaults_are_those_of_before(jobs: Jobs) -> None:
    arguments = trl_arguments(read(jobs.grpo("http://127.0.0.1:1").config, GrpoConfig))
    assert (arguments.loss_type, arguments.importance_sampling_level, arguments.scale_rewards, arguments.use_vllm) == (
        "grpo", "token", "group", False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"loss": "ppo"}, r"loss: .*'grpo', 'dr_grpo', 'dapo', 'bnpo' or 'cispo'"),
        ({"importanceSampling": "word"}, r"importanceSampling: "),
        ({"scaleRewards": True}, r"scaleRewards: "),
        ({"loss": "cispo"}, r"epsilonHigh is the largest ratio itself.*0\.2"),
    ],
)
def test_a_wrong_choice_is_told(jobs: Jobs, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainerError, match=told):
        read(jobs.grpo("http://127.0.0.1:1", **settings).config, GrpoConfig)


def test_the_tokens_that_count_are_those_of_the_rows_that_are_kept() -> None:
    batch = {
        "advantages": torch.tensor([0.0, -1.0, 1.0]),
        "completion_mask": torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0]]),
        "tool_mask": None,
    }
    assert int(tokens_with_advantage(batch)) == 3
    assert int(tokens_with_advantage({**batch, "tool_mask": torch.tensor([[1, 1, 1], [1, 0, 1], [1, 1, 1]])})) == 2
