"""Writes a plain folder of weights. Used by run.py.

The folder holds the start's config and processor, and each tensor in the start's number format.
LLaMA-Factory itself saves bf16 models as fp32, pads on the other side, and turns off the cache
of generation.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hone_files import Unusable

# The files that a folder of weights needs to be servable, besides the weights.
COPIED = (
    "config.json",
    "generation_config.json",
    "chat_template.*",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "*.py",
)


def assemble(weights: Path, start: Path, output: Path) -> None:
    """Joins the weights of one folder and the start's other files in `output`. The folder appears
    only when complete.
    """
    files = sorted(weights.glob("model*.safetensors"))
    if not files:
        raise Unusable(f"{weights} holds no weights in safetensors: the training saved none")
    draft = output.with_name(f".{output.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    formats = tensor_formats(start)
    for path in files:
        place_weights(path, draft / path.name, formats)
    index = weights / "model.safetensors.index.json"
    if index.is_file():
        shutil.copyfile(index, draft / index.name)
    for pattern in COPIED:
        for path in start.glob(pattern):
            if path.is_file() and not (draft / path.name).exists():
                shutil.copyfile(path, draft / path.name)
    shutil.rmtree(output, ignore_errors=True)
    draft.rename(output)
    print(f"hone: weights in {output.absolute()}", flush=True)


def place_weights(source: Path, target: Path, formats: dict[str, Any]) -> None:
    """Places a file of weights with each tensor in the start's number format. It is a link when
    nothing changes.
    """
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(source, framework="pt") as file:
        found = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (no dict)
        if any(formats.get(name, kind) != kind for name, kind in found.items()):
            tensors = {name: in_format(file.get_tensor(name), formats.get(name)) for name in found}
            save_file(tensors, target, metadata={"format": "pt"})
            return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def tensor_formats(folder: Path) -> dict[str, str]:
    """Number format of each tensor of a folder, by its name in safetensors, e.g. BF16."""
    from safetensors import safe_open

    formats = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            formats.update({name: file.get_slice(name).get_dtype() for name in file.keys()})  # noqa: SIM118 (no dict)
    return formats


def in_format(tensor: Any, name: str | None) -> Any:
    """The tensor in a number format of safetensors. Unchanged when the start has no tensor of this
    name.
    """
    import torch

    formats = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "F64": torch.float64}
    return tensor.to(formats[name]) if name in formats else tensor


def number_format(folder: Path) -> str:
    """The format of most tensors of a folder, by its name in LLaMA-Factory."""
    formats = list(tensor_formats(folder).values())
    most = max(set(formats), key=formats.count) if formats else "F32"
    return {"BF16": "bfloat16", "F16": "float16"}.get(most, "float32")
