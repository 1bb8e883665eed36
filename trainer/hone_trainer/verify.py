"""Is a folder of weights what the next step needs? Exit code 0 of a trainer does not say so.

Seen in the field: renamed keys that other loaders refuse, merged weights equal to the base because nothing was saved,
a missing chat template, a half-written file. Each has its check here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from hone_trainer.errors import TrainerError
from hone_trainer.loading import device, load_model, load_processor


@dataclass
class Verdict:
    """What was found. `problems` says in words what is wrong, for people."""

    loads: bool = False
    sameKeys: bool = False  # these names are the result file's
    weightsDiffer: bool = False
    generates: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """All four hold."""
        return self.loads and self.sameKeys and self.weightsDiffer and self.generates

    def as_dict(self) -> dict[str, Any]:
        """For the result file; `problems` only when there are any."""
        value = asdict(self)
        if not self.problems:
            del value["problems"]
        return value


def verify_folder(model: Path, base: Path, start: Path) -> Verdict:
    """Checks `model` against the tensor names of `base` and the values of `start`. Never raises for a bad folder."""
    verdict = Verdict()
    try:
        found, wanted = tensor_names(model), tensor_names(base)
        missing, extra = sorted(wanted - found), sorted(found - wanted)
        verdict.sameKeys = not missing and not extra
        if missing:
            verdict.problems.append(f"{len(missing)} tensors of the base are missing, the first is {missing[0]}")
        if extra:
            verdict.problems.append(f"{len(extra)} tensors are not in the base, the first is {extra[0]}")
        verdict.weightsDiffer = weights_differ(model, start)
        if not verdict.weightsDiffer:
            verdict.problems.append(f"all weights equal those of the start {start}: nothing was learnt or saved")
        for name, value in check_answers(model).items():
            setattr(verdict, name, value)
    except (TrainerError, SafetensorError, OSError) as error:
        verdict.problems.append(str(error))
    return verdict


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of a folder. Raises TrainerError when there are none."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise TrainerError(f"{folder} holds no *.safetensors file")
    return files


def tensor_names(folder: Path) -> set[str]:
    """All tensor names, read from the files' headers alone. Raises SafetensorError for a cut file."""
    names: set[str] = set()
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            names.update(file.keys())
    return names


def weights_differ(model: Path, start: Path) -> bool:
    """True when any tensor that both have differs in any value; reads one tensor at a time and stops at the first."""
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
    """Loads the folder as a server would and lets it say one token about a grey picture. Raises TrainerError."""
    from PIL import Image

    processor = load_processor(folder)
    model = load_model(folder, "auto").to(device()).eval()
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
    return {"loads": True, "generates": output.shape[1] > inputs["input_ids"].shape[1]}
