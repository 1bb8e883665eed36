"""A training that went wrong without an error of its own ends the job and publishes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from conftest import Job, Jobs
from processes import Trainer
from rewards import RewardServer

from hone_trainer import sft
from hone_trainer.errors import TrainerError


def assert_nothing_left(job: Job) -> None:
    assert not job.result.exists()
    assert not job.output.exists()


def test_a_loss_that_became_nan_ends_the_command_with_status_2_and_the_step(jobs: Jobs) -> None:
    job = jobs.sft(maxSteps=50, learningRate=1e30, scheduler="constant")
    with Trainer("sft", "--config", str(job.config)) as trainer:
        assert trainer.wait(300) == 2
        last = trainer.stderr().strip().splitlines()[-1]
    assert last.startswith("hone_trainer sft: the loss became NaN at step 2; lower learningRate")
    assert [line["step"] for line in job.lines()] == [1]
    assert_nothing_left(job)


def test_a_loss_without_value_ends_grpo_too(jobs: Jobs, rewards: RewardServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from hone_trainer.grpo import SpreadTrainer

    real = SpreadTrainer._compute_loss

    def broken(self: Any, model: Any, inputs: Any) -> torch.Tensor:
        loss = real(self, model, inputs)
        return loss * float("inf") + float("inf") if self.state.global_step == 1 else loss

    monkeypatch.setattr(SpreadTrainer, "_compute_loss", broken)
    job = jobs.grpo(rewards.url, klBeta=0.1, steps=3)
    with pytest.raises(TrainerError, match=r"the loss became (NaN|infinite) at step 2;"):
        job.train()
    assert_nothing_left(job)


def test_weights_that_the_last_step_broke_are_not_published(jobs: Jobs) -> None:
    job = jobs.sft(maxSteps=1, learningRate=1e38, scheduler="constant", weightDecay=1e30)
    with pytest.raises(TrainerError, match=r"not usable: .*\d+ tensors hold NaN or infinite values, the first is "):
        job.train()
    assert not job.output.exists()
    assert job.outcome()["verified"]["finite"] is False


def test_a_training_of_no_step_is_an_error(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sft.Trainer, "train", lambda self, **_settings: None)
    job = jobs.sft()
    with pytest.raises(TrainerError, match=r"not one optimizer step was made \(0 of "):
        job.train()
    assert_nothing_left(job)


def test_a_job_that_was_cut_after_its_last_step_is_published_from_its_checkpoint(jobs: Jobs) -> None:
    cut = jobs.sft("cut", saveEverySteps=2)
    assert cut.train() == 0
    resumed = jobs.sft("resumed", resumeFrom=str(cut.checkpoints / "checkpoint-2"))
    assert resumed.train() == 0
    assert (resumed.outcome()["stepsDone"], resumed.outcome()["stepsPlanned"]) == (2, 2)
