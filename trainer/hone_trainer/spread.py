"""GRPO's loss over the rows that carry a signal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

# Tensors of a step with one entry for each sequence. They are cut together when groups are dropped.
_BY_ROW = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "advantages", "old_per_token_logps",
           "ref_per_token_logps", "mm_token_type_ids", "token_type_ids", "tool_mask", "importance_sampling_ratio",
           "sampling_per_token_logps")  # fmt: skip
_BY_COMPLETION_TOKEN = ("completion_ids", "completion_mask", "old_per_token_logps", "ref_per_token_logps", "tool_mask",
                        "importance_sampling_ratio", "sampling_per_token_logps")  # fmt: skip

MEAN_OF_ROWS = ("grpo", "dr_grpo")
"""Losses that divide by the number of rows at hand."""
MEAN_OF_ALL_TOKENS = ("dapo", "cispo")
"""Losses that divide by `num_items_in_batch`: the completion tokens of a whole generation pass, over all processes."""


class OnlySpread:
    """A mixin before TRL's trainer: leaves out rows whose advantage is 0.

    When all answers to a question earn the same reward, every advantage is 0. TRL keeps such
    rows. They add nothing to the policy's gradient but count in the mean of the loss, so the
    gradient shrinks as the model gets better. Their forward and backward passes cost as much as
    those of any other row. Here the loss is taken over the other rows (the dynamic sampling of
    DAPO without its resampling). A step without any spread keeps one row of weight 0, so that
    every step is a step.

    The divisor of each loss follows. `grpo` and `dr_grpo` divide by the rows that are left.
    `bnpo` divides by the tokens of these rows, which TRL counts itself. `dapo` and `cispo`
    divide by a number that TRL counts beforehand and that is counted again here.
    """

    loss_type: str
    accelerator: Any
    _metrics: Any

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        kept = self.accelerator.gather((batch["advantages"] != 0).sum()).sum()
        self._metrics["train"]["rows_with_spread"].append(float(kept))
        if self.loss_type in MEAN_OF_ALL_TOKENS:
            batch["num_items_in_batch"] = self.accelerator.gather(tokens_with_advantage(batch)).sum()
        return batch

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        rows = int((inputs["advantages"] != 0).sum())
        kept = without_zero_advantage(inputs)
        processes = self.accelerator.num_processes
        if processes == 1:
            loss = super()._compute_loss(model, kept)  # type: ignore[misc]
        else:
            with _gathers_uneven_rows(self.accelerator):
                loss = super()._compute_loss(model, kept)  # type: ignore[misc]
        if rows == 0 and self.loss_type in MEAN_OF_ALL_TOKENS:
            # The row of weight 0 is not among the counted tokens. So its distance to the reference,
            # divided by as little as one token, would outweigh everything.
            return loss * 0.0
        if processes > 1 and self.loss_type in MEAN_OF_ROWS:
            return loss * self._share(rows)
        return loss

    def _share(self, rows: int) -> float:
        """The factor that makes the mean over the processes equal to the mean over all rows,
        however unevenly the rows are kept.
        """
        counted = torch.tensor(float(rows), device=self.accelerator.device)
        total = float(self.accelerator.gather(counted).sum())
        return rows * self.accelerator.num_processes / total if total > 0 else 1.0


@contextmanager
def _gathers_uneven_rows(accelerator: Any) -> Iterator[None]:
    """Gathers a different number of rows from each process. TRL gathers one number for each row for
    its metrics, and ignores NaN there.
    """
    gather = accelerator.gather
    accelerator.gather = lambda value: gather(
        accelerator.pad_across_processes(value, dim=0, pad_index=float("nan")) if value.dim() > 0 else value
    )
    try:
        yield
    finally:
        del accelerator.gather  # the class's own method is visible again


def tokens_with_advantage(batch: dict[str, Any]) -> torch.Tensor:
    """The number of completion tokens in rows whose advantage is not 0."""
    mask = batch["completion_mask"]
    if batch.get("tool_mask") is not None:
        mask = mask * batch["tool_mask"]
    return mask[batch["advantages"] != 0].sum()


def without_zero_advantage(inputs: dict[str, Any]) -> dict[str, Any]:
    """The step's rows whose advantage is not 0 (at least one row), with their pictures."""
    advantages = inputs["advantages"]
    keep = (advantages != 0).nonzero().flatten()
    if len(keep) == len(advantages):
        return inputs
    if len(keep) == 0:
        keep = torch.zeros(1, dtype=torch.long, device=advantages.device)
    kept = {name: value[keep] if name in _BY_ROW and value is not None else value for name, value in inputs.items()}
    counts = inputs.get("num_images")
    if counts is not None and inputs.get("pixel_values") is not None:
        firsts = torch.tensor([0, *counts]).cumsum(0).tolist()
        chosen = [place for row in keep.tolist() for place in range(firsts[row], firsts[row + 1])]
        grid = inputs["image_grid_thw"]
        patches = grid.prod(-1).tolist()
        pieces = inputs["pixel_values"].split(patches)
        kept["pixel_values"] = torch.cat([pieces[place] for place in chosen])
        kept["image_grid_thw"] = grid[chosen]
        kept["num_images"] = [counts[row] for row in keep.tolist()]
    longest = int(kept["completion_mask"].sum(-1).max())
    for name in _BY_COMPLETION_TOKEN:
        if kept.get(name) is not None:
            kept[name] = kept[name][:, :longest]
    # these tensors cover prompt and completion
    for name in ("mm_token_type_ids", "token_type_ids"):
        if kept.get(name) is not None:
            kept[name] = kept[name][:, : kept["prompt_ids"].shape[1] + longest]
    return kept
