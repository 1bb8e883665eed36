"""Wrong settings are reported by key before anything is loaded."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Jobs
from processes import Trainer

from hone_trainer.config import GrpoConfig, SftConfig, read
from hone_trainer.errors import TrainerError


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"learningRat": 1e-5}, r"learningRat: Extra inputs"),
        ({"learningRate": 0}, r"learningRate: .*greater than 0 \(got 0\)"),
        ({"batchSize": ...}, r"batchSize: Field required"),
        ({"seed": "first"}, r"seed: .*integer.*'first'"),
        ({"maxSteps": ...}, r"exactly one of maxSteps and epochs"),
        ({"epochs": 1}, r"exactly one of maxSteps and epochs"),
        ({"kind": "grpo"}, r"kind: "),
        ({"learningRate": "x", "batchSize": 0}, r"learningRate: .*; batchSize: "),
    ],
)
def test_a_wrong_setting_is_named(jobs: Jobs, change: dict[str, Any], told: str) -> None:
    job = jobs.sft(**change)
    with pytest.raises(TrainerError, match=told):
        read(job.config, SftConfig)


def test_a_wrong_setting_of_the_reward_is_named_with_its_path(jobs: Jobs) -> None:
    job = jobs.grpo("http://127.0.0.1:1", reward={"onFailure": "ignore"})
    with pytest.raises(TrainerError, match=r"reward\.onFailure: .*'abstain' or 'zero'"):
        read(job.config, GrpoConfig)


def test_the_command_ends_with_status_2_and_one_line_at_once(jobs: Jobs) -> None:
    job = jobs.sft(epochz=1)
    before = time.monotonic()
    with Trainer("sft", "--config", str(job.config)) as trainer:
        assert trainer.wait() == 2
    assert time.monotonic() - before < 10  # no torch was imported
    (line,) = trainer.stderr().splitlines()
    assert line.startswith("hone_trainer sft: the settings ")
    assert "epochz: Extra inputs" in line


def test_a_file_that_is_not_there_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"cannot read the settings .*none\.json"):
        read(tmp_path / "none.json", SftConfig)
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"kind": "sft"})[:-1], encoding="utf-8")
    with pytest.raises(TrainerError, match=r"broken\.json .*Invalid JSON"):
        read(broken, SftConfig)
