"""Writes a tiny Qwen2.5-VL with random weights, a copy with slightly changed weights, and a copy of
that with renamed vision weights.

Usage: python tiny_weights.py FOLDER; makes FOLDER/base, FOLDER/trained and FOLDER/renamed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from hone_trainer.base.architecture import make_model, make_processor
from hone_trainer.base.tokenizer import learn
from hone_trainer.config import BaseConfig
from safetensors.torch import load_file, save_file


def main(folder: Path) -> None:
    base, trained, renamed = (folder / name for name in ("base", "trained", "renamed"))
    settings = BaseConfig.model_validate(
        {
            "kind": "base", "output": base, "metrics": folder / "m", "result": folder / "r", "corpus": folder / "c",
            "steps": 1, "learningRate": 1e-3, "hiddenSize": 64, "layers": 2, "heads": 2, "visionHiddenSize": 128,
            "visionDepth": 1, "vocabularySize": 320,
        }
    )  # fmt: skip
    torch.manual_seed(7)
    texts = ["user", "assistant", "system", *(f"What colour is it? It is {name}." for name in ("red", "grey", "blue"))]
    processor = make_processor(learn(texts * 5, settings.vocabulary_size), settings)
    make_model(processor.tokenizer, settings).save_pretrained(base)
    processor.save_pretrained(base)
    tensors = load_file(base / "model.safetensors")
    moved = {name: value + 0.01 for name, value in tensors.items()}
    for copy, values in (
        (trained, moved),
        (renamed, {name.replace("visual.", "vision.", 1): value for name, value in moved.items()}),
    ):
        shutil.copytree(base, copy)
        (copy / "model.safetensors").unlink()
        save_file(values, copy / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
