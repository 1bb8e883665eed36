"""Reads exports with `datasets` and trains a step on them with TRL.

Usage: trl_loaders.py FOLDER. FOLDER holds the exports `sft`, `rl` and `rows`, and
`hone_reward.py`. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
folder = Path(sys.argv[1])
os.environ["HF_HOME"] = str(folder / "hf")

import datasets  # noqa: E402
import torch  # noqa: E402
import trl  # noqa: E402
from datasets import load_dataset  # noqa: E402

from hone_trainer.base.architecture import make_model, make_processor  # noqa: E402
from hone_trainer.base.tokenizer import learn  # noqa: E402
from hone_trainer.config import BaseConfig  # noqa: E402

datasets.disable_progress_bars()


def tiny_model() -> tuple[Any, Any]:
    """A Qwen2.5-VL with random weights, and its processor."""
    settings = BaseConfig.model_validate(
        {
            "kind": "base", "output": folder, "metrics": folder / "m", "result": folder / "r", "corpus": folder / "c",
            "steps": 1, "learningRate": 1e-3, "hiddenSize": 32, "layers": 2, "heads": 2, "visionHiddenSize": 32,
            "visionDepth": 1, "vocabularySize": 320,
        }
    )  # fmt: skip
    torch.manual_seed(7)
    processor = make_processor(learn(["user", "assistant", "system", "How many?"] * 5, settings.vocabulary_size), settings)
    return make_model(processor.tokenizer, settings), processor


def load(name: str) -> Any:
    """Loads the folder by its card, which must give the same rows as the files alone."""
    by_card = load_dataset(str(folder / name), split="train")
    by_files = load_dataset("parquet", data_files=str(folder / name / "data" / "train-*.parquet"), split="train")
    assert by_card.features == by_files.features, (by_card.features, by_files.features)
    return by_files


def common(name: str) -> dict[str, Any]:
    return {
        "output_dir": str(folder / f"out-{name}"),
        "max_steps": 1,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_steps": 1,
    }


def sft(rows: Any) -> dict[str, Any]:
    """One real step, and the collator's result for the first rows."""
    model, processor = tiny_model()
    arguments = trl.SFTConfig(**common("sft"), max_length=None, per_device_train_batch_size=len(rows))
    trainer = trl.SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=processor)
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.train().training_loss
    learned = [processor.tokenizer.decode(ids[labels != -100]) for ids, labels in zip(batch["input_ids"], batch["labels"])]
    return {"loss": loss, "pictures": len(batch["image_grid_thw"]), "learned": learned}


def grpo(rows: Any) -> dict[str, Any]:
    """One real step, with the reward file of `hone shim`."""
    sys.path.insert(0, str(folder))
    from hone_reward import reward_func

    model, processor = tiny_model()
    arguments = trl.GRPOConfig(
        **common("rl"), per_device_train_batch_size=2 * len(rows), num_generations=2, max_completion_length=4
    )
    trainer = trl.GRPOTrainer(
        model=model, reward_funcs=reward_func, args=arguments, train_dataset=rows, processing_class=processor
    )
    trainer.train()
    [log] = [entry for entry in trainer.state.log_history if "reward" in entry]
    return {"reward": log["reward"]}


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the sizes of its pictures instead of the pictures."""
    return {**row, "images": [picture.size for picture in row["images"]]}


rows = {name: load(name) for name in ("sft", "rl", "rows")}
answer = {
    "versions": {"datasets": datasets.__version__, "trl": trl.__version__},
    "images": {name: repr(data.features["images"].feature) for name, data in rows.items()},
    "rows": {name: [told(row) for row in data] for name, data in rows.items()},
    "sft": sft(rows["sft"]),
    "grpo": grpo(rows["rl"]),
}
print(json.dumps(answer))
