"""The content of a checkpoint folder: whether it is complete, its number of processes, and its kind
of weights.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError

from hone_trainer.errors import TrainerError
from hone_trainer.processes import rank, world
from hone_trainer.result import write_json
from hone_trainer.verify import tensor_names

NOTE = "hone.json"
ADAPTERS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Note:
    """The content of `hone.json` in a checkpoint. It is written before the trainer's last file,
    `trainer_state.json`.
    """

    world: int
    lora: bool


class NotedCheckpoints:
    """A mixin before a trainer: records in each checkpoint how many processes wrote it."""

    def _save_rng_state(self, output_dir: str) -> None:
        # Called on every process after weights and optimizer, before the file that marks a
        # checkpoint as complete.
        if rank() == 0:
            lora = hasattr(self.model, "peft_config")  # type: ignore[attr-defined]
            write_json(Path(output_dir) / NOTE, asdict(Note(world(), lora)))
        super()._save_rng_state(output_dir)  # type: ignore[misc]


def world_of(checkpoint: Path) -> int:
    """The number of processes that wrote a checkpoint: by its note, or by its random states for a
    checkpoint of an earlier Hone without a note.
    """
    note = _note(checkpoint)
    if note is not None:
        return note.world
    return max(1, len(_random_states(checkpoint)))


def weights_kind(checkpoint: Path) -> Literal["whole", "adapters", "sharded"]:
    """The kind of weights: complete weights, LoRA's adapters, or shards that only the trainer
    itself can load (FSDP, DeepSpeed).
    """
    if (checkpoint / ADAPTERS).is_file():
        return "adapters"
    return "whole" if any(checkpoint.glob("*.safetensors")) else "sharded"


def resume_point(path: Path | None, lora: bool = False) -> str | None:
    """The checkpoint to resume from, as a string. Raises TrainerError unless it is complete and of
    the same kind.

    The trainer writes `trainer_state.json` last on its main process. The random states of the
    other processes may still be missing then. A cut weights file is visible in its header.
    """
    if path is None:
        return None
    if not (path / "trainer_state.json").is_file():
        raise TrainerError(f"{path} is not a complete checkpoint (no trainer_state.json); give an earlier one or null")
    wrote, states = world_of(path), len(_random_states(path))
    if wrote > 1 and states < wrote:
        raise TrainerError(
            f"{path} is not a complete checkpoint ({states} of {wrote} processes wrote their random state); "
            "give an earlier one or null"
        )
    kind = weights_kind(path)
    if kind == "sharded":
        return str(path)
    if lora != (kind == "adapters"):
        held, wanted = ("adapters", "no lora") if kind == "adapters" else ("whole weights", "lora")
        raise TrainerError(f"checkpoint {path} holds {held} and the settings have {wanted}; resume with equal settings")
    try:
        tensor_names(path)
    except SafetensorError as error:
        raise TrainerError(f"the weights of checkpoint {path} are damaged: {error}; give an earlier one") from error
    return str(path)


def _note(checkpoint: Path) -> Note | None:
    try:
        said: Any = json.loads((checkpoint / NOTE).read_text(encoding="utf-8"))
        return Note(int(said["world"]), bool(said["lora"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _random_states(checkpoint: Path) -> list[Path]:
    """One file for each of several processes, else no file (a single process writes
    `rng_state.pth`).
    """
    return [path for path in checkpoint.glob("rng_state_*.pth") if re.fullmatch(r"rng_state_\d+\.pth", path.name)]
