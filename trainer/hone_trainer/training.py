"""The parts that SFT and GRPO share: general arguments, loading, and publishing the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.utils import broadcast_object_list

from hone_trainer.adapters import TOWERS
from hone_trainer.checkpoints import weights_kind
from hone_trainer.config import TrainingConfig
from hone_trainer.errors import TrainerError
from hone_trainer.loading import load_model, load_processor, quiet, use_threads
from hone_trainer.processes import world
from hone_trainer.result import draft_folder, publish, write_json
from hone_trainer.verify import verify_folder
from hone_trainer.weights import save_folder, save_processor, stored_dtype, whole_state


def start(settings: TrainingConfig) -> tuple[Any, Any]:
    """The model and processor to train. Trained weights are fp32, whatever the format of the
    folder.

    Mixed precision computes in bf16 from fp32 weights: updates of 1e-6 are lost when added to
    bf16 weights. With LoRA the frozen weights may stay in bf16, because the adapters themselves
    are fp32.

    For a resumed job this function reads the weights from the checkpoint. The trainer restores
    optimizer, schedule, step and data position. It would also restore the weights, but it
    compares names without the renaming of `from_pretrained` and `save_pretrained`. For
    Qwen2.5-VL no name matches, and the trainer goes on from the start weights with a warning.
    The trainer does restore adapters, whose names never change, and shards.
    """
    quiet()
    use_threads(settings.threads)
    processor = load_processor(settings.model, settings.image_min_pixels, settings.image_max_pixels)
    resumed = settings.resume_from
    whole = resumed is not None and weights_kind(resumed) == "whole"
    frozen_halved = settings.lora is not None and torch.cuda.is_available()
    model = load_model(resumed if whole else settings.model, settings.precision if frozen_halved else "fp32")
    # GRPO loads its reference model by this name: the reference stays the model that the job began
    # with.
    model.config._name_or_path = str(settings.model)
    if settings.freeze_vision:
        freeze_vision(model)
    return model, processor


def freeze_vision(model: Any) -> None:
    """Stops gradients of the vision tower, which has different names in transformers' models."""
    towers = [part for name, part in model.named_modules() if name.split(".")[-1] in TOWERS]
    if not towers:
        raise TrainerError("freezeVision: this model has no part named `visual` or `vision_tower`; set it to false")
    for tower in towers:
        tower.requires_grad_(False)


@contextmanager
def refusals_told(settings: TrainingConfig) -> Iterator[None]:
    """A context for making a trainer: a refusal of TRL, peft or vLLM becomes an error of the
    settings.
    """
    optional = settings.lora is not None or getattr(settings, "generation", None) is not None
    if settings.lora is not None:
        # adapters begin with random numbers, before the trainer sets its seed
        torch.manual_seed(settings.seed)
    try:
        yield
    except (ValueError, ImportError, ConnectionError) as error:
        if not optional:
            raise
        given = {"lora": settings.lora, "generation": getattr(settings, "generation", None)}
        told = "; ".join(f"{name} is {value!r}" for name, value in given.items() if value is not None)
        raise TrainerError(f"the trainer cannot be made with these settings ({told}): {error}") from error


def common_arguments(settings: TrainingConfig, micro: int, accumulation: int) -> dict[str, Any]:
    """Arguments that SFTConfig and GRPOConfig have in common."""
    mixed = torch.cuda.is_available() and settings.precision != "fp32"
    on_gpu = torch.cuda.is_available()
    checkpointing = on_gpu if settings.gradient_checkpointing == "auto" else settings.gradient_checkpointing == "on"
    return {
        "output_dir": str(settings.checkpoints),
        "seed": settings.seed,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.scheduler,
        "warmup_steps": settings.warmup_ratio,  # a value below 1 is a share of the steps
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": accumulation,
        "logging_steps": settings.log_every_steps,
        "logging_first_step": True,
        "save_strategy": "no" if settings.save_every_steps is None else "steps",
        "save_steps": settings.save_every_steps or 500,
        "save_total_limit": 2,
        "bf16": mixed,
        "use_cpu": not on_gpu,
        "gradient_checkpointing": checkpointing,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": on_gpu,
    }


def micro_batch(batch: int, wanted: int | None, world: int) -> tuple[int, int]:
    """(rows on a device at once, accumulation steps). Their product with the number of devices is
    the batch. The rows are the largest divisor up to `wanted`.
    """
    if batch % world != 0:
        raise TrainerError(f"the batch of {batch} rows cannot be shared by {world} devices; make it a multiple")
    share = batch // world
    micro = min(share, wanted or share)
    while share % micro != 0:
        micro -= 1
    return micro, share // micro


def finish(settings: TrainingConfig, trainer: Any, rows_read: int, began: float) -> int:
    """Saves to a draft, checks it, publishes it, and writes the result last. Returns the exit
    status.

    Every process must call it. The main process writes after all processes have trained to the
    end, and no process leaves before the main process is done. A draft that fails its check
    stays unpublished, and the result says why.
    """
    trainer.check_progress()
    trainer.accelerator.wait_for_everyone()
    split = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
    state = whole_state(trainer) if split or settings.lora is not None else None
    refusal: list[str | None] = [None]
    if trainer.is_world_process_zero():
        refusal[0] = _publish_checked(settings, trainer, state, rows_read, began)
    refusal = broadcast_object_list(refusal)  # the other processes wait here
    if refusal[0] is not None:
        raise TrainerError(refusal[0])
    return 0


def _publish_checked(
    settings: TrainingConfig, trainer: Any, state: dict[str, torch.Tensor] | None, rows_read: int, began: float
) -> str | None:
    """The main process's part of the end. Returns the reason when the weights are not usable, or
    None.
    """
    draft = draft_folder(settings.output)
    if state is None:
        model = trainer.accelerator.unwrap_model(trainer.model)
        model.to(stored_dtype(settings.model)).save_pretrained(draft)
        save_processor(settings, draft)
    else:
        save_folder(settings, trainer, state, draft)
    verdict = verify_folder(draft, settings.base, settings.model)
    done = trainer.state.global_step
    if verdict.passed:
        publish(draft, settings.output)
    write_json(
        settings.result,
        {
            "stepsPlanned": trainer.state.max_steps,
            "stepsDone": done,
            "rowsRead": rows_read,
            "seconds": round(time.monotonic() - began, 3),
            "world": world(),
            "verified": verdict.as_dict(),
        },
    )
    if not verdict.passed:
        return f"the trained weights in {draft} are not usable: " + "; ".join(verdict.problems)
    print(f"{settings.kind}: {done} steps done, weights in {settings.output}", flush=True)
    return None
