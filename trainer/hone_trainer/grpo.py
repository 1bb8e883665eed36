"""Reinforcement learning with TRL's GRPOTrainer against a reward server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from datasets import Dataset
from torch.utils.data import Sampler
from trl import GRPOConfig as TrlConfig
from trl import GRPOTrainer
from trl.trainer.utils import RepeatSampler

from hone_trainer.adapters import adapter_config
from hone_trainer.checkpoints import NotedCheckpoints, resume_point
from hone_trainer.config import GrpoConfig
from hone_trainer.errors import TrainerError
from hone_trainer.generation import generation_arguments
from hone_trainer.images import Pictures, remember_pixels
from hone_trainer.metrics import MetricCallback, MetricFile
from hone_trainer.options import with_options
from hone_trainer.processes import world
from hone_trainer.refusals import refuse_unusable
from hone_trainer.reward import RewardClient
from hone_trainer.rows import PLACEHOLDER, GrpoRow, Message, parts, read_rows
from hone_trainer.snapshots import SnapshotCallback
from hone_trainer.spread import OnlySpread
from hone_trainer.training import common_arguments, finish, micro_batch, refusals_told, start
from hone_trainer.watched import WatchedSteps
from hone_trainer.weights import save_folder, whole_state


class EpochOrder(Sampler[int]):
    """TRL's sampler, with an order that depends only on the seed and the epoch.

    TRL draws each epoch's order from one random stream, which restarts when a job is resumed. So
    a job that stopped in its third epoch would go on at the same place, but in the order of the
    first epoch.
    """

    def __init__(self, sampler: RepeatSampler, epoch: Callable[[], int]) -> None:
        self._sampler, self._epoch = sampler, epoch

    def __iter__(self) -> Iterator[int]:
        if self._sampler.shuffle:
            self._sampler.generator.manual_seed(self._sampler.seed + self._epoch())
        return iter(self._sampler)

    def __len__(self) -> int:
        return len(self._sampler)


class ResumableTrainer(WatchedSteps, NotedCheckpoints, GRPOTrainer):
    """TRL's trainer. A resumed job goes on with the questions that it has not seen yet."""

    def _get_train_sampler(self, dataset: Dataset | None = None) -> EpochOrder:
        # When an epoch begins, `state.epoch` is its number. In a resumed job it is a number within
        # the epoch.
        return EpochOrder(super()._get_train_sampler(dataset), lambda: int(self.state.epoch or 0))


class SpreadTrainer(OnlySpread, ResumableTrainer):
    """The same trainer, with the loss over the rows that carry a signal."""


def train(settings: GrpoConfig) -> int:
    """Runs the job. Returns the exit status. Raises TrainerError for unusable input or output."""
    began = time.monotonic()
    reward = RewardClient(settings.reward)
    rows = read_rows(settings.data, GrpoRow)
    if len(rows) < settings.prompts_per_step:
        raise TrainerError(
            f"promptsPerStep is {settings.prompts_per_step} and {settings.data} has {len(rows)} rows: not one step can "
            "be filled; lower promptsPerStep or give more rows"
        )
    resume = resume_point(settings.resume_from, settings.lora is not None)
    # Before the model: where weights are split over devices, loading reads these arguments.
    arguments = trl_arguments(settings)
    model, processor = start(settings)
    refuse_unusable(rows, processor)
    remember_pixels(processor)
    trainer_class = SpreadTrainer if settings.drop_zero_spread and _splits(processor) else ResumableTrainer
    with refusals_told(settings):
        trainer = trainer_class(
            model=model,
            args=arguments,
            reward_funcs=[reward],
            train_dataset=_dataset(rows),
            processing_class=processor,
            peft_config=adapter_config(settings),
            callbacks=[MetricCallback(MetricFile(settings.metrics))],
        )
    trainer.data_collator = OpenPictures()
    if settings.snapshots is not None:
        folder = settings.output.with_name("snapshots")
        trainer.add_callback(SnapshotCallback(settings.snapshots, folder, lambda: _snapshot(settings, trainer)))
    trainer.train(resume_from_checkpoint=resume)
    return finish(settings, trainer, len(rows), began)


def trl_arguments(settings: GrpoConfig) -> TrlConfig:
    """The settings in TRL's names. Raises TrainerError for impossible settings: a batch that does
    not divide, no vLLM.
    """
    batch = settings.prompts_per_step * settings.generations
    micro, accumulation = micro_batch(batch, settings.micro_batch_size, world())
    own = {
        **common_arguments(settings, micro, accumulation),
        **generation_arguments(settings.generation),
        "max_steps": settings.steps,
        "num_generations": settings.generations,
        "steps_per_generation": accumulation * settings.steps_per_generation,
        "max_completion_length": settings.max_completion_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "beta": settings.kl_beta,
        "epsilon": settings.epsilon_low,
        "epsilon_high": settings.epsilon_high,
        "loss_type": settings.loss,
        "importance_sampling_level": settings.importance_sampling,
        "scale_rewards": settings.scale_rewards,
        "remove_unused_columns": False,
        "log_completions": False,
    }
    return TrlConfig(**with_options(TrlConfig, own, settings.options))


def _snapshot(settings: GrpoConfig, trainer: ResumableTrainer) -> Callable[[Path], None]:
    """Takes the current weights, and returns the function by which the main process writes them."""
    state = whole_state(trainer)
    return lambda folder: save_folder(settings, trainer, state, folder)


class OpenPictures:
    """Turns rows of paths into rows of pictures when the trainer asks for them. A group shares one
    opened picture.
    """

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
                **row.check(),
                "question": _question(row),
            }
            for row in rows
        ]
    )


def _question(row: GrpoRow) -> str | None:
    """The question, for a judge: the last turn of the user without pictures. It includes the
    recipe's suffix.
    """
    texts = [message.content for message in row.prompt if message.role == "user"]
    return texts[-1].replace(PLACEHOLDER, "").strip() if texts else None


def _splits(processor: Any) -> bool:
    """Whether a step's pixels can be split by row, as in the Qwen-VL family."""
    return "image_grid_thw" in getattr(processor.image_processor, "model_input_names", ())
