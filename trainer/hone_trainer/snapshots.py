"""Weights of single steps, kept beside the final weights: a later evaluation may find that an
earlier step was the best.

A job does not resume from them. (Checkpoints hold the optimizer too, and old checkpoints are
removed during the job.) A snapshot is a complete folder in the layout of Hugging Face under
`step-<n>`, which appears by rename.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from hone_trainer.config import SnapshotConfig
from hone_trainer.result import draft_folder, publish


class SnapshotCallback(TrainerCallback):
    """Saves the weights after each wanted step.

    `take` is called on every process, because weights may be split over the processes. It
    returns a function that writes model and processor into an empty folder. Only the main
    process calls that function.
    """

    def __init__(self, settings: SnapshotConfig, folder: Path, take: Callable[[], Callable[[Path], None]]) -> None:
        self._settings, self._folder, self._take = settings, folder, take

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_kwargs: Any,
    ) -> None:
        """Called by the trainer after each optimizer step. The last step is skipped: its weights
        are the job's output.
        """
        if not wanted(self._settings, state.global_step, state.max_steps):
            return
        write = self._take()
        if not state.is_world_process_zero:
            return
        output = self._folder / f"step-{state.global_step}"
        output.parent.mkdir(parents=True, exist_ok=True)
        draft = draft_folder(output)
        try:
            write(draft)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        publish(draft, output)


def wanted(settings: SnapshotConfig, step: int, last: int) -> bool:
    """Whether to keep a step's weights: every `every` steps, counted back from the end, within the
    last `last` steps.
    """
    return 0 < last - step <= settings.last and (last - step) % settings.every == 0
