"""A tiny Qwen2.5-VL with random weights, pictures, rows of both kinds, and a reward server, made
once for all tests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rewards import RewardServer

# One thread: the model is so small that a second thread would only wait, and sums keep their order.
os.environ.update(HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 30), "blue": (30, 30, 200), "grey": (128, 128, 128)}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One plain picture for each colour, in two sizes, so that batches hold different numbers of
    image tokens.
    """
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for place, (name, colour) in enumerate(COLOURS.items()):
        path = folder / f"{name}.png"
        Image.new("RGB", (56 + 28 * (place % 2), 56), colour).save(path)
        paths.append(path)
    return paths


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights in the layout of Hugging Face, made by the trainer's own
    functions.
    """
    import torch

    from hone_trainer.base.architecture import make_model, make_processor
    from hone_trainer.base.tokenizer import learn
    from hone_trainer.config import BaseConfig

    folder = tmp_path_factory.mktemp("base")
    settings = BaseConfig.model_validate(
        {
            "kind": "base", "output": folder, "metrics": folder / "m", "result": folder / "r", "corpus": folder / "c",
            "steps": 1, "learningRate": 1e-3, "hiddenSize": 32, "layers": 2, "heads": 2, "visionHiddenSize": 32,
            "visionDepth": 1, "vocabularySize": 320,
        }
    )  # fmt: skip
    torch.manual_seed(7)
    texts = ["user", "assistant", "system", *(f"What colour is it? <answer>{name}</answer>" for name in COLOURS)]
    processor = make_processor(learn(texts * 5, settings.vocabulary_size), settings)
    make_model(processor.tokenizer, settings).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL file of rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def sft_rows(pictures: list[Path]) -> list[dict[str, Any]]:
    """One question about each picture."""
    return [
        {
            "id": f"s{place}",
            "images": [str(path)],
            "messages": [
                {"role": "user", "content": "<image>What colour is it?"},
                {"role": "assistant", "content": f"<answer>{path.stem}</answer>"},
            ],
        }
        for place, path in enumerate(pictures)
    ]


GRPO_CHECKS: dict[int, dict[str, Any]] = {
    0: {"reward": "rule"},
    1: {"reward": "judge", "precision": 2, "policy": {"percent": "strict", "width": 640}},
    2: {"policy": {"units": "strict", "width": 0.5}},
}
"""What single rows say about their check, by their place."""


def grpo_rows(pictures: list[Path]) -> list[dict[str, Any]]:
    """The same questions, with their reference answers."""
    return [
        {
            "id": f"g{place}",
            "images": [str(path)],
            "prompt": [{"role": "user", "content": "<image>What colour is it?"}],
            "answer": path.stem,
            "kind": "text",
            "choices": None,
            **GRPO_CHECKS.get(place, {}),
        }
        for place, path in enumerate(pictures)
    ]


class Job:
    """One job's folder: its settings and its results."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.output = folder / "output"
        self.result = folder / "result.json"
        self.metrics = folder / "metrics.jsonl"
        self.checkpoints = folder / "checkpoints"
        self.config = folder / "config.json"
        self.settings = {
            "output": str(self.output), "result": str(self.result), "metrics": str(self.metrics),
            "checkpoints": str(self.checkpoints), "logEverySteps": 1, "seed": 3, "threads": 1, **settings,
        }  # fmt: skip
        self.config.write_text(json.dumps(self.settings), encoding="utf-8")

    def train(self) -> int:
        """Runs the job in this process: importing torch again for each job would take most of the
        time.
        """
        from hone_trainer.__main__ import run_job

        return run_job(self.settings["kind"], self.config)

    def lines(self) -> list[dict[str, Any]]:
        """The metric lines."""
        return [json.loads(line) for line in self.metrics.read_text(encoding="utf-8").splitlines()]

    def outcome(self) -> dict[str, Any]:
        """The result file."""
        return json.loads(self.result.read_text(encoding="utf-8"))


class Jobs:
    """Makes jobs on the tiny model."""

    def __init__(self, folder: Path, base: Path, pictures: list[Path]) -> None:
        self.folder, self.base, self.pictures = folder, base, pictures

    def sft(self, name: str = "sft", **settings: Any) -> Job:
        """An SFT job of two steps of two rows, unless `settings` differ."""
        data = write_rows(self.folder / f"{name}.jsonl", sft_rows(self.pictures))
        given = {"kind": "sft", "batchSize": 2, "maxSteps": 2, "learningRate": 1e-2, **self._common(data), **settings}
        return Job(self.folder / name, {key: value for key, value in given.items() if value is not ...})

    def grpo(self, url: str, name: str = "grpo", reward: dict[str, Any] | None = None, **settings: Any) -> Job:
        """A GRPO job of two steps of two questions with two short answers each, unless `settings`
        differ.
        """
        data = write_rows(self.folder / f"{name}.jsonl", grpo_rows(self.pictures))
        given = {
            "kind": "grpo", "promptsPerStep": 2, "generations": 2, "steps": 2, "maxCompletionTokens": 4,
            "learningRate": 1e-3, "reward": {"url": url, "name": "accuracy", **(reward or {})},
            **self._common(data), **settings,
        }  # fmt: skip
        return Job(self.folder / name, {key: value for key, value in given.items() if value is not ...})

    def _common(self, data: Path) -> dict[str, Any]:
        return {
            "model": str(self.base),
            "base": str(self.base),
            "data": str(data),
            "scheduler": "linear",
            "warmupRatio": 0,
        }


@pytest.fixture
def jobs(tmp_path: Path, base: Path, pictures: list[Path]) -> Jobs:
    """Jobs in this test's folder."""
    return Jobs(tmp_path, base, pictures)


@pytest.fixture
def rewards() -> Iterator[RewardServer]:
    """A reward server that this test may script."""
    with RewardServer() as server:
        yield server
