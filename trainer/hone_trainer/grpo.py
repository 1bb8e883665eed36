"""Reinforcement learning with TRL's GRPOTrainer against a reward server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import Sampler
from trl import GRPOConfig as TrlConfig
from trl import GRPOTrainer
from trl.trainer.utils import RepeatSampler

from hone_trainer.config import GrpoConfig
from hone_trainer.errors import TrainerError
from hone_trainer.images import Pictures, remember_pixels
from hone_trainer.metrics import MetricCallback, MetricFile
from hone_trainer.reward import RewardClient
from hone_trainer.rows import PLACEHOLDER, GrpoRow, Message, dump, parts, read_rows
from hone_trainer.snapshots import SnapshotCallback
from hone_trainer.training import (
    common_arguments,
    finish,
    micro_batch,
    resume_point,
    save_processor,
    start,
    stored_dtype,
)

# Per-sequence tensors of a step, which are cut together when groups are dropped.
_BY_ROW = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "advantages", "old_per_token_logps",
           "ref_per_token_logps", "mm_token_type_ids", "token_type_ids", "tool_mask")  # fmt: skip


class EpochOrder(Sampler[int]):
    """TRL's sampler, with an order that depends on the seed and the epoch alone.

    TRL draws each epoch's order from one stream, which starts anew when a job is resumed: a job cut in its third epoch
    would go on at the place where it stopped, but in the order of the first.
    """

    def __init__(self, sampler: RepeatSampler, epoch: Callable[[], int]) -> None:
        self._sampler, self._epoch = sampler, epoch

    def __iter__(self) -> Iterator[int]:
        if self._sampler.shuffle:
            self._sampler.generator.manual_seed(self._sampler.seed + self._epoch())
        return iter(self._sampler)

    def __len__(self) -> int:
        return len(self._sampler)


class ResumableTrainer(GRPOTrainer):
    """TRL's trainer, going on with the questions that a job cut short has not yet seen."""

    def _get_train_sampler(self, dataset: Dataset | None = None) -> EpochOrder:
        # When an epoch begins `state.epoch` is its number, or lies within it where a job is resumed.
        return EpochOrder(super()._get_train_sampler(dataset), lambda: int(self.state.epoch or 0))


class SpreadTrainer(ResumableTrainer):
    """TRL's trainer without the rows that carry no signal.

    Where all answers to a question earn the same, every advantage is 0. TRL keeps those rows: they add nothing to the
    policy's gradient but count in the loss's mean, so that the step shrinks as the model gets better, and their
    forward and backward passes cost as much as any. Here the loss is taken over the rest (the dynamic sampling of
    DAPO without its resampling). A step with no spread at all keeps one row of weight 0, so that every step is a step.
    """

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch = super()._generate_and_score_completions(inputs)
        kept = int((batch["advantages"] != 0).sum())
        self._metrics["train"]["rows_with_spread"].append(float(kept))
        return batch

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        return super()._compute_loss(model, without_zero_advantage(inputs))


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
    for name in ("completion_ids", "completion_mask", "old_per_token_logps", "ref_per_token_logps", "tool_mask"):
        if kept.get(name) is not None:
            kept[name] = kept[name][:, :longest]
    for name in ("mm_token_type_ids", "token_type_ids"):  # these run over prompt and completion
        if kept.get(name) is not None:
            kept[name] = kept[name][:, : kept["prompt_ids"].shape[1] + longest]
    return kept


def train(settings: GrpoConfig) -> int:
    """Runs the job. Returns the exit status; raises TrainerError for unusable input or output."""
    began = time.monotonic()
    reward = RewardClient(settings.reward)
    rows = read_rows(settings.data, GrpoRow)
    if len(rows) < settings.prompts_per_step:
        raise TrainerError(
            f"promptsPerStep is {settings.prompts_per_step} and {settings.data} has {len(rows)} rows: not one step can "
            "be filled; lower promptsPerStep or give more rows"
        )
    resume = resume_point(settings.resume_from)
    model, processor = start(settings)
    remember_pixels(processor)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    batch = settings.prompts_per_step * settings.generations
    micro, accumulation = micro_batch(batch, settings.micro_batch_size, world)
    arguments = TrlConfig(
        **common_arguments(settings, micro, accumulation),
        max_steps=settings.steps,
        num_generations=settings.generations,
        steps_per_generation=accumulation * settings.steps_per_generation,
        max_completion_length=settings.max_completion_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        beta=settings.kl_beta,
        epsilon=settings.epsilon_low,
        epsilon_high=settings.epsilon_high,
        loss_type="grpo",
        scale_rewards="group",
        remove_unused_columns=False,
        log_completions=False,
    )
    trainer_class = SpreadTrainer if settings.drop_zero_spread and _splits(processor) else ResumableTrainer
    trainer = trainer_class(
        model=model,
        args=arguments,
        reward_funcs=[reward],
        train_dataset=_dataset(rows),
        processing_class=processor,
        callbacks=[MetricCallback(MetricFile(settings.metrics)), *_snapshots(settings)],
    )
    trainer.data_collator = OpenPictures()
    trainer.train(resume_from_checkpoint=resume)
    return finish(settings, trainer, len(rows), began)


def _snapshots(settings: GrpoConfig) -> list[SnapshotCallback]:
    if settings.snapshots is None:
        return []
    dtype = stored_dtype(settings.model)

    def save(model: Any, folder: Path) -> None:
        # The weights under training stay as they are; the copy has the number format of the start weights.
        weights = {name: value.detach().to(dtype) for name, value in model.state_dict().items()}
        model.save_pretrained(folder, state_dict=weights)
        save_processor(settings, folder)

    return [SnapshotCallback(settings.snapshots, settings.output.with_name("snapshots"), save)]


class OpenPictures:
    """Turns rows of paths into rows of pictures as the trainer asks for them. A group shares one opened picture."""

    def __init__(self) -> None:
        self._pictures = Pictures()

    def __call__(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of one generation pass."""
        return [self._row(row) for row in rows]

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        images = [self._pictures.get(path) for path in row["images"]]
        slots: list[Any] = [None] * len(images)
        prompt = [parts(Message(**turn), slots) for turn in row["prompt"]]
        for turn in prompt:
            for part in turn["content"]:
                part.pop("image", None)  # TRL fills empty slots in their order
        return {**row, "images": images, "prompt": prompt}


def _dataset(rows: list[GrpoRow]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "id": row.id,
                "images": [str(path) for path in row.images],
                "prompt": [message.model_dump() for message in row.prompt],
                "answer": row.answer,
                "kind": row.kind,
                "choices": row.choices,
                "precision": row.precision,
                # As text: columns of dicts get every key of every row, with null where a row has none.
                "policy": None if row.policy is None else dump(row.policy),
                "question": _question(row),
                "reward": row.reward,
            }
            for row in rows
        ]
    )


def _question(row: GrpoRow) -> str | None:
    """What was asked, for a judge: the last turn of the user, pictures left out. It has the recipe's own words too."""
    texts = [message.content for message in row.prompt if message.role == "user"]
    return texts[-1].replace(PLACEHOLDER, "").strip() if texts else None


def _splits(processor: Any) -> bool:
    """Whether a step's pictures can be told apart by row, as in the Qwen-VL family."""
    return "image_grid_thw" in getattr(processor.image_processor, "model_input_names", ())
