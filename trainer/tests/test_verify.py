"""The check of trained weights finds each defect that has been seen in practice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from processes import PACKAGE
from safetensors.torch import load_file, save_file

from hone_trainer.__main__ import parser, run
from hone_trainer.verify import verify_folder

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def trained(base: Path, tmp_path: Path) -> Path:
    """The base with a small change in every weight."""
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
        ("processor_config.json", "preprocessor_config.json"),
    ],
)
def test_a_missing_file_fails_and_is_told(base: Path, trained: Path, file: str, told: str) -> None:
    (trained / file).unlink()
    verdict = verify_folder(trained, base, base)
    assert not verdict.passed
    assert told in " ".join(verdict.problems)
    assert json.loads(json.dumps(verdict.as_dict()))["problems"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_fails_by_its_tensor_s_name(base: Path, trained: Path, value: float) -> None:
    name = max(load_file(base / "model.safetensors"))

    def break_last(tensors: Tensors) -> Tensors:
        tensors[name].view(-1)[-1] = value
        return tensors

    rewrite(trained, break_last)
    verdict = verify_folder(trained, base, base)
    assert (verdict.finite, verdict.sameKeys, verdict.loads, verdict.passed) == (False, True, True, False)
    assert f"1 tensors hold NaN or infinite values, the first is {name}" in verdict.problems


Spoil = Callable[[Path], object]


def as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder", encoding="utf-8")


def wrong_shape(folder: Path) -> None:
    name = max(load_file(folder / "model.safetensors"))
    rewrite(folder, lambda tensors: {**tensors, name: torch.zeros(3)})


def folder_of_that_name(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()


SPOILT: dict[str, Spoil] = {
    "away": shutil.rmtree,
    "a file": as_file,
    "config is no JSON": lambda folder: (folder / "config.json").write_text("{", encoding="utf-8"),
    "config is a list": lambda folder: (folder / "config.json").write_text("[1]", encoding="utf-8"),
    "config of another kind": lambda folder: (folder / "config.json").write_text('{"model_type": "x"}'),
    "tokenizer is no JSON": lambda folder: (folder / "tokenizer.json").write_text("{", encoding="utf-8"),
    "template has a mistake": lambda folder: (folder / "chat_template.jinja").write_text("{% if %}"),
    "template says nothing": lambda folder: (folder / "chat_template.jinja").write_text("hello"),
    "processor is no JSON": lambda folder: (folder / "processor_config.json").write_text("[", encoding="utf-8"),
    "weights are words": lambda folder: (folder / "model.safetensors").write_bytes(b"half of a file " * 40),
    "weights are a folder": folder_of_that_name,
    "a tensor has another shape": wrong_shape,
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_whatever_is_wrong_with_a_folder_is_a_verdict_and_no_traceback(
    base: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoilt: str
) -> None:
    SPOILT[spoilt](trained)
    result = tmp_path / "result.json"
    words = ["verify", "--model", str(trained), "--base", str(base), "--result", str(result)]
    assert run(parser().parse_args(words)) == 3
    told = json.loads(result.read_text(encoding="utf-8"))
    assert told["problems"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == told


def test_a_base_that_is_not_there_is_a_verdict_too(trained: Path, tmp_path: Path) -> None:
    verdict = verify_folder(trained, tmp_path / "none", tmp_path / "none")
    assert not verdict.passed
    assert verdict.loads
    assert verdict.finite


WITHOUT_TRAINING = """
import sys
for name in ("trl", "datasets", "peft", "accelerate", "pydantic", "httpx", "fastapi"):
    sys.modules[name] = None
from hone_trainer.__main__ import main
main()
"""


def test_it_runs_in_an_environment_without_the_packages_of_training(base: Path, trained: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    words = ["verify", "--model", str(trained), "--base", str(base), "--result", str(result)]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAINING, *words], env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert all(json.loads(result.read_text(encoding="utf-8")).values())
