"""One job in two processes on the CPU, started like a job of several GPUs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Job, Jobs
from processes import PACKAGE, Trainer
from rewards import Items, RewardServer, by_turns
from safetensors.torch import load_file

from hone_trainer.checkpoints import resume_point, world_of
from hone_trainer.errors import TrainerError
from hone_trainer.launch import _told
from hone_trainer.training import micro_batch

MINUTES = 60


def launched(job: Job, *options: str) -> Trainer:
    kind = job.settings["kind"]
    return Trainer("launch", "--processes", "2", *options, kind, "--config", str(job.config))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_two_processes_train_the_sft_that_one_trains_and_write_it_once(jobs: Jobs) -> None:
    settings = {"batchSize": 4, "maxSteps": 3, "saveEverySteps": 2}
    alone = jobs.sft("alone", **settings)
    assert alone.train() == 0
    job = jobs.sft("both", **settings)
    with launched(job) as trainer:
        assert trainer.wait(5 * MINUTES) == 0, trainer.stderr()
        assert trainer.stdout().count("steps done, weights in") == 1
    assert [line["step"] for line in job.lines()] == [1, 2, 3]
    # Two processes share the same batch of four rows: losses and weights equal those of one
    # process.
    assert [line["loss"] for line in job.lines()] == pytest.approx([line["loss"] for line in alone.lines()], rel=1e-4)
    one, two = weights(alone.output), weights(job.output)
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5)
    outcome = job.outcome()
    assert (outcome["world"], outcome["stepsDone"], outcome["rowsRead"]) == (2, 3, 4)
    assert all(outcome["verified"].values())
    assert alone.outcome()["world"] == 1
    checkpoint = job.checkpoints / "checkpoint-2"
    assert world_of(checkpoint) == 2
    assert world_of(alone.checkpoints / "checkpoint-2") == 1
    _loses_the_other_process_s_file(checkpoint)
    assert not [path.name for path in job.output.parent.iterdir() if path.name.startswith(".")]


def _loses_the_other_process_s_file(checkpoint: Path) -> None:
    """The main process may write the last file before the other process has written its own file."""
    assert resume_point(checkpoint) == str(checkpoint)
    (checkpoint / "rng_state_1.pth").unlink()
    with pytest.raises(TrainerError, match=r"not a complete checkpoint \(1 of 2 processes"):
        resume_point(checkpoint)


def test_two_processes_ask_for_each_reward_once_and_count_them_together(jobs: Jobs, rewards: RewardServer) -> None:
    # Only the second process's group has spread, so the processes keep different numbers of rows.
    def answers(_request: int, items: Items) -> list[float | None]:
        return [None if item["id"].endswith("#0") else float(int(item["id"].split("#")[1]) == 3) for item in items]

    rewards.answers = answers
    job = jobs.grpo(
        rewards.url, klBeta=0.1, lora={"rank": 2}, learningRate=1e-1, snapshots={"every": 1, "last": 1},
        saveEverySteps=1,
    )  # fmt: skip
    with launched(job) as trainer:
        assert trainer.wait(5 * MINUTES) == 0, trainer.stderr()
    asked = Counter((body["step"], item["id"].split("#")[1]) for body in rewards.bodies for item in body["items"])
    assert asked == Counter({(step, str(place)): 1 for step in (0, 1) for place in range(4)})
    assert len(rewards.bodies) == 4  # each process asks for its own share
    lines = job.lines()
    assert [line["step"] for line in lines] == [1, 2]
    for line in lines:
        assert (line["reward/abstained"], line["reward/failed"], line["rows_with_spread"]) == (1, 0, 2)
        assert line["grad_norm"] > 0
    outcome = job.outcome()
    assert (outcome["world"], outcome["stepsDone"], outcome["rowsRead"]) == (2, 2, 4)
    start, end = weights(jobs.base), weights(job.output)
    between = weights(job.output.with_name("snapshots") / "step-1")
    assert start.keys() == end.keys() == between.keys()
    assert any(not torch.equal(end[name], between[name]) for name in end)
    note = json.loads((job.checkpoints / "checkpoint-2" / "hone.json").read_text(encoding="utf-8"))
    assert note == {"world": 2, "lora": True}


def test_a_refusal_in_one_process_ends_all_with_its_words_and_its_status(jobs: Jobs, rewards: RewardServer) -> None:
    def answers(request: int, items: Items) -> list[float | None] | int:
        return 401 if any(item["id"].endswith("#3") for item in items) else by_turns(request, items)

    rewards.answers = answers
    job = jobs.grpo(rewards.url)
    with launched(job) as trainer:
        assert trainer.wait(5 * MINUTES) == 2, trainer.stderr()
        last = trainer.stderr().strip().splitlines()[-1]
    assert last.startswith("hone_trainer grpo: the reward server ")
    assert "refused the request with 401" in last
    assert not job.result.exists()
    assert not job.output.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_launcher_ends_every_process_soon(jobs: Jobs, number: signal.Signals) -> None:
    job = jobs.sft(batchSize=4, maxSteps=100_000, learningRate=1e-4)
    with launched(job) as trainer:
        deadline = time.monotonic() + 5 * MINUTES
        while not (job.metrics.exists() and len(job.lines()) >= 2):
            assert trainer.process.poll() is None, trainer.stderr()
            assert time.monotonic() < deadline, trainer.stderr()
            time.sleep(0.05)
        workers = _workers_of(job)
        assert len(workers) == 2
        trainer.process.send_signal(number)
        assert trainer.wait(1 * MINUTES) == (143 if number == signal.SIGTERM else -9)
        while _workers_of(job):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert not job.result.exists()
    assert not job.output.exists()


def _workers_of(job: Job) -> list[int]:
    """The processes that train this job, without the launcher."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            alive = bool(words) and (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if alive and str(job.config).encode() in words and b"launch" not in words:
            found.append(int(entry.name))
    return found


def test_weights_split_over_processes_are_saved_whole(jobs: Jobs) -> None:
    output = jobs.folder / "whole"
    script = Path(__file__).with_name("sharded.py")
    own = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [*own, str(jobs.base), str(output)], env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True,
        text=True, timeout=5 * MINUTES, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    start, end = weights(jobs.base), weights(output)
    assert start.keys() == end.keys()
    for name, value in start.items():
        torch.testing.assert_close(end[name], value + 1)


def test_a_batch_is_shared_by_the_processes_or_refused() -> None:
    assert micro_batch(8, None, 2) == (4, 1)
    assert micro_batch(8, 3, 2) == (2, 2)
    with pytest.raises(TrainerError, match="6 rows cannot be shared by 4 devices"):
        micro_batch(6, None, 4)


class FakeFailure:
    """The object by which torch describes a worker that ended."""

    def __init__(self, local_rank: int, exitcode: int, timestamp: int, message: str = "") -> None:
        self.local_rank, self.exitcode, self.timestamp, self.message = local_rank, exitcode, timestamp, message


@pytest.mark.parametrize(
    ("failures", "status", "words"),
    [
        ([FakeFailure(0, 1, 5), FakeFailure(1, 2, 5, "the loss became NaN")], 2, "the loss became NaN"),
        ([FakeFailure(0, 143, 7), FakeFailure(1, -9, 5)], 137, "process 1 of the job ended with SIGKILL"),
        ([FakeFailure(0, 1, 5)], 1, "process 0 of the job ended with status 1"),
    ],
)
def test_the_worker_with_a_reason_speaks_for_all(failures: list[Any], status: int, words: str) -> None:
    told = _told(dict(enumerate(failures)))
    assert told[0] == status
    assert told[1].startswith(words)


def test_a_launch_without_its_accelerate_file_is_told(jobs: Jobs) -> None:
    with launched(jobs.sft(), "--accelerate", "/nowhere/fsdp.yaml") as trainer:
        assert trainer.wait(2 * MINUTES) == 2
        assert "there is no accelerate file /nowhere/fsdp.yaml" in trainer.stderr()
