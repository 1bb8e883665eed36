"""SIGTERM ends a training within seconds and leaves nothing that looks finished."""

from __future__ import annotations

import signal
import time

from conftest import Jobs
from processes import Trainer


def test_sigterm_ends_a_training_at_once_with_no_result(jobs: Jobs) -> None:
    job = jobs.sft(maxSteps=100_000, learningRate=1e-4, saveEverySteps=5)
    with Trainer("sft", "--config", str(job.config)) as trainer:
        deadline = time.monotonic() + 120
        while not (job.metrics.exists() and len(job.lines()) >= 6):
            assert trainer.process.poll() is None, trainer.stderr()
            assert time.monotonic() < deadline, trainer.stderr()
            time.sleep(0.05)
        asked = time.monotonic()
        trainer.process.send_signal(signal.SIGTERM)
        assert trainer.wait(20) == 143
        assert time.monotonic() - asked < 5
    assert "stopped by SIGTERM" in trainer.stderr()
    assert not job.result.exists()
    assert not job.output.exists()
    assert (job.checkpoints / "checkpoint-5").exists() or len(list(job.checkpoints.glob("checkpoint-*"))) >= 1
