"""LoRA: trains small matrices beside the frozen weights, and merges both into complete weights.

Adapters never leave the job. The next step gets plain weights with the base's own tensor names.
So neither the serving nor the next training needs to know about adapters.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

from hone_trainer.config import TrainingConfig
from hone_trainer.errors import TrainerError
from hone_trainer.loading import load_model

TOWERS = ("visual", "vision_tower")
"""What transformers' models call their vision tower."""


def adapter_config(settings: TrainingConfig) -> Any | None:
    """The `peft_config` of the trainers. None without `lora`. A frozen vision tower gets no
    adapters either.
    """
    lora = settings.lora
    if lora is None:
        return None
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise TrainerError(f"lora needs the package peft, which this Python lacks ({error}); install it") from error
    without_vision = lora.exclude_vision or settings.freeze_vision
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.rank,
        lora_alpha=lora.scale_alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.target_modules,
        exclude_modules=rf"(?:.*\.)?(?:{'|'.join(TOWERS)})\..*" if without_vision else None,
    )


def merged(start: Path, trained: Any, state: dict[str, torch.Tensor]) -> Any:
    """The weights in `start` with the adapters of `trained` added, as a separate model (fp32, on
    the CPU).

    `state` holds the complete weights of `trained` by name. `trained` stays as it is, and so do
    the random numbers of its training.
    """
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    adapters = get_peft_model_state_dict(trained, state_dict=state, save_embedding_layers=False)
    with torch.random.fork_rng(devices=[]):  # new adapters begin with random numbers
        model = get_peft_model(load_model(start, "fp32"), copy.deepcopy(trained.peft_config["default"]))
    wanted = set(get_peft_model_state_dict(model, save_embedding_layers=False))
    if wanted != set(adapters):
        odd = sorted(wanted ^ set(adapters))
        raise TrainerError(f"the trained adapters do not fit the weights in {start}: {len(odd)} names, first {odd[0]}")
    set_peft_model_state_dict(model, {name: value.to("cpu", torch.float32) for name, value in adapters.items()})
    return model.merge_and_unload()
