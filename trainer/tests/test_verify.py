"""The check of trained weights must see each way in which they have been seen to be wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from hone_trainer.verify import verify_folder

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def trained(base: Path, tmp_path: Path) -> Path:
    """The base with every weight moved a little."""
    folder = tmp_path / "trained"
    shutil.copytree(base, folder)
    rewrite(folder, lambda tensors: {name: value + 0.01 for name, value in tensors.items()})
    return folder


def rewrite(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    file = folder / "model.safetensors"
    tensors = {name: value.clone() for name, value in load_file(file).items()}
    save_file(change(tensors), file, metadata={"format": "pt"})


def rename_visual(tensors: Tensors) -> Tensors:
    return {name.replace("visual.", "vision.", 1): value for name, value in tensors.items()}


def drop_first(tensors: Tensors) -> Tensors:
    return dict(list(sorted(tensors.items()))[1:])


def test_trained_weights_pass(base: Path, trained: Path) -> None:
    verdict = verify_folder(trained, base, base)
    assert verdict.passed
    assert verdict.as_dict() == {
        "loads": True,
        "sameKeys": True,
        "finite": True,
        "weightsDiffer": True,
        "generates": True,
    }


def test_unchanged_weights_fail_and_one_changed_value_is_enough(base: Path, trained: Path) -> None:
    same = verify_folder(trained, base, trained)
    assert (same.weightsDiffer, same.sameKeys, same.loads) == (False, True, True)
    assert "nothing was learnt" in same.problems[0]

    def touch_last(tensors: Tensors) -> Tensors:
        tensors[max(tensors)].view(-1)[-1] += 1
        return tensors

    other = trained.with_name("other")
    shutil.copytree(base, other)
    rewrite(other, touch_last)
    assert verify_folder(other, base, base).weightsDiffer


def test_missing_and_renamed_tensors_fail_by_name(base: Path, trained: Path) -> None:
    names = sorted(load_file(base / "model.safetensors"))
    rewrite(trained, lambda tensors: {**tensors, "more.weight": torch.zeros(1)})
    more = verify_folder(trained, base, base)
    assert not more.sameKeys
    assert "1 tensors are not in the base, the first is more.weight" in more.problems
    rewrite(trained, lambda tensors: {name: tensors[name] for name in names})
    rewrite(trained, drop_first)
    missing = verify_folder(trained, base, base)
    assert not missing.sameKeys
    assert not missing.passed
    assert f"1 tensors of the base are missing, the first is {names[0]}" in missing.problems
    rewrite(trained, rename_visual)
    renamed = verify_folder(trained, base, base)
    assert not renamed.sameKeys
    assert any("not in the base" in problem and "vision." in problem for problem in renamed.problems)


@pytest.mark.parametrize("kept", [0.5, 0.001, 0.0])
def test_cut_weights_fail(base: Path, trained: Path, kept: float) -> None:
    file = trained / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    verdict = verify_folder(trained, base, base)
    assert not verdict.passed
    assert not verdict.loads
    assert verdict.problems


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("model.safetensors", "no *.safetensors"),
        ("config.json", "config.json"),
        ("chat_template.jinja", "chat template"),
        ("tokenizer.json", "processor"),
    ],
)
def test_a_missing_file_fails_and_is_told(base: Path, trained: Path, file: str, told: str) -> None:
    (trained / file).unlink()
    verdict = verify_folder(trained, base, base)
    assert not verdict.passed
    assert told in " ".join(verdict.problems)
    assert json.loads(json.dumps(verdict.as_dict()))["problems"]
