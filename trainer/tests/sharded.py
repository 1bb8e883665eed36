"""Run by torchrun in two processes: splits a model over them (FSDP2 on the CPU), and saves it as
the end of a job does.

accelerate supports FSDP only on accelerators, so a complete sharded job cannot run on a CPU.
This script runs Hone's own part of such a job on real shards.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from hone_trainer.loading import load_model
from hone_trainer.weights import save_folder, whole_state


class FakeAccelerator:
    """The real gathering of an Accelerator that shards by FSDP2."""

    distributed_type, is_fsdp2 = None, True

    def get_state_dict(self, model: Any) -> dict[str, torch.Tensor]:
        return Accelerator.get_state_dict(self, model)  # type: ignore[arg-type]

    def unwrap_model(self, model: Any) -> Any:
        return model


def main(base: Path, output: Path) -> None:
    """Adds 1 to every weight of `base`, in shards, and saves the result to `output`."""
    dist.init_process_group("gloo")
    model = load_model(base, "fp32")
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for layer in model.model.language_model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    assert all(isinstance(value, DTensor) for value in model.parameters())
    with torch.no_grad():
        for value in model.parameters():
            value.to_local().add_(1)
    trainer = SimpleNamespace(accelerator=FakeAccelerator(), model=model, model_wrapped=model)
    state = whole_state(trainer)
    if dist.get_rank() == 0:
        settings: Any = SimpleNamespace(model=base, lora=None)
        save_folder(settings, trainer, state, output)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
