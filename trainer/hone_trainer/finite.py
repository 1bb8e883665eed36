"""A loss that is no number ends the job at once.

The trainer's own answer is to log the mean of earlier losses in its place and to go on with weights that are lost.
"""

from __future__ import annotations

from typing import Any

import torch

from hone_trainer.errors import TrainerError


class FiniteLoss:
    """Mixed in before a trainer."""

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """One forward and backward pass, before the optimizer moves. Raises TrainerError for a loss without value."""
        loss = super().training_step(model, inputs, num_items_in_batch)  # type: ignore[misc]
        if not bool(torch.isfinite(loss).all()):
            what = "NaN" if bool(torch.isnan(loss).any()) else "infinite"
            step = self.state.global_step + 1  # type: ignore[attr-defined]
            raise TrainerError(
                f"the loss became {what} at step {step}; lower learningRate or maxGradNorm, or look at the rows and "
                "rewards of that step. Nothing was published"
            )
        return loss
