"""Supervised fine-tuning with TRL's SFTTrainer. The loss counts only the assistant's last turn."""

from __future__ import annotations

import time
from typing import Any

from datasets import Dataset
from trl import SFTConfig as TrlConfig
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from hone_trainer.adapters import adapter_config
from hone_trainer.checkpoints import NotedCheckpoints, resume_point
from hone_trainer.config import SftConfig
from hone_trainer.images import Pictures, remember_pixels
from hone_trainer.metrics import MetricCallback, MetricFile
from hone_trainer.options import with_options
from hone_trainer.processes import world
from hone_trainer.refusals import refuse_unusable
from hone_trainer.rows import Message, SftRow, parts, read_rows
from hone_trainer.training import common_arguments, finish, micro_batch, refusals_told, start
from hone_trainer.watched import WatchedSteps


class RowCollator(DataCollatorForVisionLanguageModeling):
    """TRL's collator for rows: opens each row's pictures and puts them at its `<image>` marks.

    Rows carry paths instead of pixels, so that a dataset of any size needs no memory and no copy
    on disk.
    """

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Rows to tensors."""
        return super().torch_call([self._open(example) for example in examples])

    def _open(self, example: dict[str, Any]) -> dict[str, Any]:
        images = [self.pictures.get(path) for path in example["images"]]
        turns = [Message(**turn) for turn in example["prompt"]]
        slots: list[Any] = [None] * len(images)
        prompt = [parts(turn, slots) for turn in turns]
        for turn in prompt:
            for part in turn["content"]:
                part.pop("image", None)  # TRL fills empty slots in their order
        return {"images": images, "prompt": prompt, "completion": example["completion"]}


class Trainer(WatchedSteps, NotedCheckpoints, SFTTrainer):
    """TRL's trainer, which ends at a NaN loss and records how many processes wrote a checkpoint."""


def train(settings: SftConfig) -> int:
    """Runs the job. Returns the exit status. Raises TrainerError for unusable input or output."""
    began = time.monotonic()
    rows = read_rows(settings.data, SftRow)
    resume = resume_point(settings.resume_from, settings.lora is not None)
    micro, accumulation = micro_batch(settings.batch_size, settings.micro_batch_size, world())
    length = {"max_steps": settings.max_steps} if settings.max_steps else {"num_train_epochs": settings.epochs}
    own = {
        **common_arguments(settings, micro, accumulation),
        **length,
        # a cut prompt loses image tokens but keeps the image's features, and the model refuses that
        "max_length": None,
        "completion_only_loss": True,
        "remove_unused_columns": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
    }
    arguments = TrlConfig(**with_options(TrlConfig, own, settings.options))
    # After the arguments: where weights are split over devices, loading reads the arguments.
    model, processor = start(settings)
    refuse_unusable(rows, processor)
    remember_pixels(processor)
    collator = RowCollator(processor=processor, completion_only_loss=True)
    collator.pictures = Pictures()
    with refusals_told(settings):
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=_dataset(rows),
            processing_class=processor,
            data_collator=collator,
            peft_config=adapter_config(settings),
            callbacks=[MetricCallback(MetricFile(settings.metrics))],
        )
    trainer.train(resume_from_checkpoint=resume)
    return finish(settings, trainer, len(rows), began)


def _dataset(rows: list[SftRow]) -> Dataset:
    return Dataset.from_list(
        [
            {
                "images": [str(path) for path in row.images],
                "prompt": [message.model_dump() for message in row.messages[:-1]],
                "completion": [row.messages[-1].model_dump()],
            }
            for row in rows
        ]
    )
