"""What SFT and GRPO share: the trainer's general arguments, loading, resuming, and the way to a published folder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from hone_trainer.config import TrainingConfig
from hone_trainer.errors import TrainerError
from hone_trainer.loading import load_model, load_processor, quiet, use_threads
from hone_trainer.result import draft_folder, publish, write_json
from hone_trainer.verify import tensor_names, verify_folder


def start(settings: TrainingConfig) -> tuple[Any, Any]:
    """The model and processor to train. Weights are fp32 whatever the folder holds.

    Mixed precision computes in bf16 from fp32 weights: updates of 1e-6 are lost when added to bf16 weights.

    A resumed job's weights are read from its checkpoint here. The trainer, which restores optimizer, schedule, step
    and data position, compares names without the renaming that `from_pretrained` and `save_pretrained` do: for
    Qwen2.5-VL none match, and it goes on from the start weights with a warning.
    """
    quiet()
    use_threads(settings.threads)
    processor = load_processor(settings.model, settings.image_min_pixels, settings.image_max_pixels)
    model = load_model(settings.resume_from or settings.model, "fp32")
    # By this name GRPO loads its reference model, which stays the one that the job began with.
    model.config._name_or_path = str(settings.model)
    if settings.freeze_vision:
        freeze_vision(model)
    return model, processor


def freeze_vision(model: Any) -> None:
    """Stops gradients of the vision tower, found under the names that transformers' models use for it."""
    towers = [part for name, part in model.named_modules() if name.split(".")[-1] in ("visual", "vision_tower")]
    if not towers:
        raise TrainerError("freezeVision: this model has no part named `visual` or `vision_tower`; set it to false")
    for tower in towers:
        tower.requires_grad_(False)


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
        "warmup_steps": settings.warmup_ratio,  # below 1 it is a share of the steps
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
    """(rows on a device at once, accumulation) with product x devices = batch. The largest divisor up to `wanted`."""
    if batch % world != 0:
        raise TrainerError(f"the batch of {batch} rows cannot be shared by {world} devices; make it a multiple")
    share = batch // world
    micro = min(share, wanted or share)
    while share % micro != 0:
        micro -= 1
    return micro, share // micro


def resume_point(path: Path | None) -> str | None:
    """The checkpoint to go on from, as a string. Raises TrainerError unless it is complete.

    The trainer writes `trainer_state.json` last; a cut weights file shows in its header.
    """
    if path is None:
        return None
    if not (path / "trainer_state.json").is_file():
        raise TrainerError(f"{path} is not a complete checkpoint (no trainer_state.json); give an earlier one or null")
    try:
        tensor_names(path)
    except SafetensorError as error:
        raise TrainerError(f"the weights of checkpoint {path} are damaged: {error}; give an earlier one") from error
    return str(path)


def finish(settings: TrainingConfig, trainer: Any, rows_read: int, began: float) -> int:
    """Saves to a draft, checks it, publishes it, and writes the result last. Returns the exit status.

    A draft that fails its check stays unpublished and the result says why.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.is_world_process_zero():
        draft = draft_folder(settings.output)
        model.to(stored_dtype(settings.model)).save_pretrained(draft)
        save_processor(settings, draft)
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
                "verified": verdict.as_dict(),
            },
        )
        if not verdict.passed:
            raise TrainerError(f"the trained weights in {draft} are not usable: " + "; ".join(verdict.problems))
        print(f"{settings.kind}: {done} steps done, weights in {settings.output}", flush=True)
    return 0


def save_processor(settings: TrainingConfig, draft: Path) -> None:
    """Saves the processor as it was read, without this job's pixel limits: those belong to the job."""
    load_processor(settings.model).save_pretrained(draft)


def stored_dtype(folder: Path) -> torch.dtype:
    """The number format of the start weights, which the trained ones keep."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    name = config.get("dtype") or config.get("torch_dtype") or "float32"
    return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(name, torch.float32)
