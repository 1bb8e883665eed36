"""The metric file: one flat JSON object for each log step, appended and flushed, so that a reader
can follow a running job.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class MetricFile:
    """Appends lines. A resumed job appends to the same file. Readers key lines by step, and a later
    line wins.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, step: int, total: int, values: dict[str, Any]) -> None:
        """Writes one line. Leaves out values that are not finite, because JSON has no NaN."""
        line: dict[str, Any] = {"step": step, "totalSteps": total, "time": round(time.time(), 3)}
        line.update(
            (name, value)
            for name, value in values.items()
            if isinstance(value, (int, float)) and math.isfinite(value) and name not in line
        )
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


class MetricCallback(TrainerCallback):
    """Writes logged values under the trainer's own names. The reader maps them to Hone's names."""

    def __init__(self, file: MetricFile) -> None:
        self._file = file

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Called by the trainer on every process. Only the main process writes."""
        if state.is_world_process_zero and logs is not None and "train_runtime" not in logs:
            self._file.write(state.global_step, state.max_steps, logs)
