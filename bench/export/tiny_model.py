"""Writes a Qwen2.5-VL with random weights and its processor into a folder.

Runs in the trainer's environment.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from hone_trainer.base.architecture import make_model, make_processor
from hone_trainer.base.tokenizer import learn
from hone_trainer.config import BaseConfig

folder = Path(sys.argv[1])
settings = BaseConfig.model_validate(
    {
        "kind": "base", "output": folder, "metrics": folder, "result": folder, "corpus": folder, "steps": 1,
        "learningRate": 1e-3, "hiddenSize": 32, "layers": 2, "heads": 2, "visionHiddenSize": 32, "visionDepth": 1,
        "vocabularySize": 400,
    }
)  # fmt: skip
torch.manual_seed(7)
words = ["user", "assistant", "system", "How many red circles are there? <think></think> <answer>3</answer>"]
processor = make_processor(learn(words * 5, settings.vocabulary_size), settings)
make_model(processor.tokenizer, settings).save_pretrained(folder)
processor.save_pretrained(folder)
