"""A job that is stopped and resumed gives the same model as an unbroken job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Jobs
from rewards import RewardServer
from safetensors.torch import load_file
from trl.trainer.utils import RepeatSampler

from hone_trainer.checkpoints import resume_point
from hone_trainer.config import GrpoConfig, read
from hone_trainer.errors import TrainerError
from hone_trainer.grpo import EpochOrder
from hone_trainer.training import start


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def assert_equal_weights(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(
            other[name], value, rtol=1e-5, atol=1e-7, msg=lambda text, name=name: f"{name} {text}"
        )


def curve(lines: list[dict[str, Any]], name: str, after: int = 0) -> list[float]:
    return [line[name] for line in lines if line["step"] > after and name in line]


# Four rows, two in each step: step 3 is inside the second epoch, step 4 is its end.
@pytest.mark.parametrize("cut", [3, 4])
def test_a_resumed_sft_has_the_losses_and_the_weights_of_an_unbroken_one(jobs: Jobs, cut: int) -> None:
    unbroken = jobs.sft("unbroken", maxSteps=6, saveEverySteps=cut)
    assert unbroken.train() == 0
    resumed = jobs.sft("resumed", maxSteps=6, resumeFrom=str(unbroken.checkpoints / f"checkpoint-{cut}"))
    assert resumed.train() == 0
    losses = curve(unbroken.lines(), "loss")
    assert len(losses) == 6
    # it learns, so a restart from the beginning would be visible
    assert losses[cut] < losses[0] - 0.1
    assert [line["step"] for line in resumed.lines()] == list(range(cut + 1, 7))
    assert curve(resumed.lines(), "loss") == pytest.approx(losses[cut:], rel=1e-5)
    rates = curve(unbroken.lines(), "learning_rate", after=cut)
    assert curve(resumed.lines(), "learning_rate") == pytest.approx(rates)
    assert_equal_weights(weights(unbroken.output), weights(resumed.output))
    assert resumed.outcome()["stepsDone"] == resumed.outcome()["stepsPlanned"] == 6


# Four questions, one in each step: inside the first epoch, its end, inside the second epoch.
@pytest.mark.parametrize("cut", [2, 4, 5])
def test_a_resumed_grpo_goes_on_with_its_weights_its_questions_and_its_reference(
    jobs: Jobs, rewards: RewardServer, cut: int
) -> None:
    settings = {"steps": cut + 2, "promptsPerStep": 1, "klBeta": 0.1, "learningRate": 1e-2}
    unbroken = jobs.grpo(rewards.url, "unbroken", saveEverySteps=cut, **settings)
    assert unbroken.train() == 0
    asked = [item["id"] for body in rewards.bodies for item in body["items"]]
    checkpoint = unbroken.checkpoints / f"checkpoint-{cut}"
    resumed = jobs.grpo(rewards.url, "resumed", resumeFrom=str(checkpoint), **settings)
    assert resumed.train() == 0
    again = [item["id"] for body in rewards.bodies for item in body["items"]][len(asked) :]
    assert again == asked[2 * cut :]
    # The distance is to the weights of the job's start. Measured from the checkpoint it would begin
    # at 0 again.
    distances = curve(unbroken.lines(), "kl", after=cut)
    assert min(distances) > 1e-4
    assert curve(resumed.lines(), "kl") == pytest.approx(distances, rel=1e-4)
    losses = curve(unbroken.lines(), "loss", after=cut)
    assert curve(resumed.lines(), "loss") == pytest.approx(losses, rel=1e-4, abs=1e-6)
    assert_equal_weights(weights(unbroken.output), weights(resumed.output))


def test_the_weights_at_the_start_of_a_resumed_job_are_the_checkpoints(jobs: Jobs, rewards: RewardServer) -> None:
    first = jobs.grpo(rewards.url, "first", saveEverySteps=1, steps=1)
    assert first.train() == 0
    checkpoint = first.checkpoints / "checkpoint-1"
    second = jobs.grpo(rewards.url, "second", resumeFrom=str(checkpoint))
    model, _processor = start(read(second.config, GrpoConfig))
    model.save_pretrained(jobs.folder / "loaded")
    loaded, began = weights(jobs.folder / "loaded"), weights(jobs.base)
    assert_equal_weights(weights(checkpoint), loaded)
    assert any(not torch.equal(loaded[name], value) for name, value in began.items())


def test_a_checkpoint_that_is_not_whole_is_refused(tmp_path: Path, jobs: Jobs) -> None:
    with pytest.raises(TrainerError, match=r"not a complete checkpoint.*trainer_state\.json"):
        resume_point(tmp_path)
    job = jobs.sft(saveEverySteps=2)
    job.train()
    checkpoint = job.checkpoints / "checkpoint-2"
    assert resume_point(checkpoint) == str(checkpoint)
    file = checkpoint / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(TrainerError, match="damaged"):
        resume_point(checkpoint)


def test_nothing_is_resumed_when_nothing_is_named() -> None:
    assert resume_point(None) is None


def test_each_epoch_has_its_own_order_which_depends_on_the_seed_and_the_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return list(EpochOrder(RepeatSampler(range(8), mini_repeat_count=2, batch_size=2, seed=seed), lambda: epoch))

    assert sorted(order(1, 0)) == sorted([*range(8), *range(8)])
    assert order(1, 1) == order(1, 1)
    assert len({tuple(order(seed, epoch)) for seed in (1, 11) for epoch in range(3)}) == 6
