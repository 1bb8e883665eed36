"""Writes a folder of complete weights from a model in training, however the training splits or
wraps the model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from hone_trainer.adapters import merged
from hone_trainer.config import TrainingConfig
from hone_trainer.loading import load_processor


def whole_state(trainer: Any) -> dict[str, torch.Tensor]:
    """All weights by name. Every process must call it: shards (FSDP, DeepSpeed) are gathered on the
    main process.
    """
    return trainer.accelerator.get_state_dict(trainer.model_wrapped)


def save_folder(settings: TrainingConfig, trainer: Any, state: dict[str, torch.Tensor], folder: Path) -> None:
    """Writes model and processor of the main process's `state` into an empty folder. The training
    can go on.

    Weights have the number format of the start weights.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    dtype = stored_dtype(settings.model)
    if settings.lora is not None:
        merged(settings.model, model, state).to(dtype).save_pretrained(folder)
    else:
        model.save_pretrained(folder, state_dict=as_stored(model, state, dtype))
        _tell_dtype(folder, dtype)
    save_processor(settings, folder)


def as_stored(model: Any, state: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """`state` in another number format. Names that share one tensor keep sharing it, else the file
    would hold it twice.
    """
    firsts: dict[int, str] = {}
    same = {name: firsts.setdefault(id(value), name) for name, value in model.named_parameters(remove_duplicate=False)}
    cast: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        first = same.get(name, name)
        if first in cast:
            cast[name] = cast[first]
        else:
            cast[name] = value.detach().to(dtype) if value.is_floating_point() else value.detach()
    return cast


def save_processor(settings: TrainingConfig, folder: Path) -> None:
    """Saves the processor as it was read, without the pixel limits of this job."""
    load_processor(settings.model).save_pretrained(folder)


def stored_dtype(folder: Path) -> torch.dtype:
    """The number format of the start weights, which the trained weights keep."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    name = config.get("dtype") or config.get("torch_dtype") or "float32"
    return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(name, torch.float32)


def _tell_dtype(folder: Path, dtype: torch.dtype) -> None:
    """Writes the number format into the config: `save_pretrained` writes the format of the model in
    training, and a server trusts the file.
    """
    path = folder / "config.json"
    text = path.read_text(encoding="utf-8")
    config = json.loads(text)
    name = str(dtype).removeprefix("torch.")
    if config.get("dtype") != name:
        path.write_text(json.dumps({**config, "dtype": name}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
