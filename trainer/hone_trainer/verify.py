"""Checks that a folder of weights fits the next step. Exit code 0 of a trainer does not prove it.

Seen in practice: renamed keys that other loaders refuse, merged weights equal to the base
because nothing was saved, a missing chat template, a half-written file, NaN in the weights. Each
has its check here.

This also runs in the serving environment, which may have no TRL and no other training package.
So it imports only torch, safetensors, transformers, pillow and Python's own library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from hone_trainer.errors import TrainerError
from hone_trainer.loading import device, load_model, load_processor


@dataclass
class Verdict:
    """The findings. `problems` describes in words what is wrong."""

    loads: bool = False
    sameKeys: bool = False  # these names are the keys of the result file
    finite: bool = False
    weightsDiffer: bool = False
    generates: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all five checks passed."""
        return self.loads and self.sameKeys and self.finite and self.weightsDiffer and self.generates

    def as_dict(self) -> dict[str, Any]:
        """The verdict in the form of the result file. `problems` is left out when empty."""
        value = asdict(self)
        if not self.problems:
            del value["problems"]
        return value


def verify_folder(
    model: Path, base: Path, start: Path, answers: Callable[[Verdict, Path], None] | None = None
) -> Verdict:
    """Checks `model` against the tensor names of `base` and the values of `start`. Never raises for
    a bad folder.

    Every check runs whatever the others found, so that one run reports all problems. `answers`
    loads the folder, lets the model generate a token, and notes both in the verdict. By default
    transformers does this.
    """
    verdict = Verdict()
    answers = answers or _check_answers
    for check in (
        lambda: _check_names(verdict, model, base),
        lambda: _check_finite(verdict, model),
        lambda: _check_changed(verdict, model, start),
        lambda: answers(verdict, model),
    ):
        # With a bad folder the libraries may raise any exception: a cut JSON, a template with a
        # mistake, a wrong shape, a package that this environment lacks.
        try:
            check()
        except (TrainerError, SafetensorError, OSError) as error:
            told = str(error)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
        else:
            continue
        if told not in verdict.problems:
            verdict.problems.append(told)
    return verdict


def _check_names(verdict: Verdict, model: Path, base: Path) -> None:
    found, wanted = tensor_names(model), tensor_names(base)
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    verdict.sameKeys = not missing and not extra
    if missing:
        verdict.problems.append(f"{len(missing)} tensors of the base are missing, the first is {missing[0]}")
    if extra:
        verdict.problems.append(f"{len(extra)} tensors are not in the base, the first is {extra[0]}")


def _check_finite(verdict: Verdict, model: Path) -> None:
    broken = tensors_without_value(model)
    verdict.finite = not broken
    if broken:
        verdict.problems.append(f"{len(broken)} tensors hold NaN or infinite values, the first is {broken[0]}")


def _check_changed(verdict: Verdict, model: Path, start: Path) -> None:
    verdict.weightsDiffer = weights_differ(model, start)
    if not verdict.weightsDiffer:
        verdict.problems.append(f"all weights equal those of the start {start}: nothing was learnt or saved")


def _check_answers(verdict: Verdict, model: Path) -> None:
    processor, weights = load_processor(model), load_model(model, "auto")
    verdict.loads = True
    verdict.generates = says_a_token(processor, weights)
    if not verdict.generates:
        verdict.problems.append("the weights load, but no token was generated")


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder. Raises TrainerError when there are none."""
    files = sorted(path for path in folder.glob("*.safetensors") if path.is_file())
    if not files:
        raise TrainerError(f"{folder} holds no *.safetensors file")
    return files


def tensor_names(folder: Path) -> set[str]:
    """All tensor names, from the files' headers alone. Raises SafetensorError for a cut file."""
    names: set[str] = set()
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            names.update(file.keys())
    return names


def tensors_without_value(folder: Path) -> list[str]:
    """The names, in order, of tensors with a NaN or an infinity. Reads one tensor at a time."""
    broken = []
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (not a dict)
                value = file.get_tensor(name)
                # Compare as fp32, because 8-bit formats have no arithmetic.
                if value.is_floating_point() and not bool(torch.isfinite(value.float()).all()):
                    broken.append(name)
    return sorted(broken)


def weights_differ(model: Path, start: Path) -> bool:
    """Whether any value differs in a tensor that both folders have. Reads one tensor at a time and
    stops at the first difference.
    """
    places = {}
    for path in weight_files(start):
        with safe_open(path, framework="pt") as file:
            places.update(dict.fromkeys(file.keys(), path))
    for path in weight_files(model):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 (not a dict)
                if name not in places:
                    continue
                with safe_open(places[name], framework="pt") as other:
                    if not torch.equal(file.get_tensor(name), other.get_tensor(name)):
                        return True
    return False


def check_answers(folder: Path) -> dict[str, bool]:
    """Loads the folder as a server would and lets the model answer. Raises TrainerError when it
    does not load.
    """
    return {"loads": True, "generates": says_a_token(load_processor(folder), load_model(folder, "auto"))}


def says_a_token(processor: Any, model: Any) -> bool:
    """Whether the model generates one token about a grey picture."""
    from PIL import Image

    model = model.to(device()).eval()
    side = 112
    messages = [
        {
            "role": "user",
            "content": [
                {"type": "image", "image": Image.new("RGB", (side, side), (128, 128, 128))},
                {"type": "text", "text": "Describe the picture."},
            ],
        }
    ]
    inputs = processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    ).to(model.device)
    with torch.inference_mode():
        output = model.generate(**inputs, do_sample=False, max_new_tokens=1)
    return output.shape[1] > inputs["input_ids"].shape[1]
