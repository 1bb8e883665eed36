"""Failures of a training that must not stay silent: a NaN loss, and a training without a single
step.

For a NaN loss, the trainer itself logs the mean of earlier losses instead and goes on with
broken weights. Without a single step, the trainer itself ends as if all were well.
"""

from __future__ import annotations

from typing import Any

import torch

from hone_trainer.errors import TrainerError


class WatchedSteps:
    """A mixin before a trainer."""

    passes = 0
    """Forward and backward passes made by this process."""

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """One forward and backward pass, before the optimizer step. Raises TrainerError for a loss
        that is not finite.
        """
        loss = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        if not bool(torch.isfinite(loss).all()):
            what = "NaN" if bool(torch.isnan(loss).any()) else "infinite"
            step = self.state.global_step + 1  # type: ignore[attr-defined]
            raise TrainerError(
                f"the loss became {what} at step {step}; lower learningRate or maxGradNorm, or look at the rows and "
                "rewards of that step. Nothing was published"
            )
        self.passes += 1
        return loss

    def check_progress(self) -> None:
        """Called at the end. Raises TrainerError when nothing was trained although steps were left."""
        state = self.state  # type: ignore[attr-defined]
        # A job that stopped after its last checkpoint resumes without any step left, and that is
        # correct.
        if self.passes == 0 and state.global_step < max(state.max_steps, 1):
            raise TrainerError(
                f"not one optimizer step was made ({state.global_step} of {state.max_steps} steps are done); look at "
                "the number of rows, the batch and the steps. Nothing was published"
            )
