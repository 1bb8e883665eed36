"""Completions by vLLM: translates Hone's settings to TRL's names, and checks that the packages are
installed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from hone_trainer.config import GenerationSettings
from hone_trainer.errors import TrainerError
from hone_trainer.processes import world


def generation_arguments(settings: GenerationSettings | None) -> dict[str, Any]:
    """Arguments for TRL's GRPOConfig. Empty without settings. Raises TrainerError when vLLM cannot
    be used.
    """
    if settings is None:
        return {}
    if find_spec("vllm") is None:
        raise TrainerError(
            f"generation.engine is vllm and {sys.executable} has no package vllm. Install it into the environment "
            f"that trains (`{sys.executable} -m pip install 'trl[vllm]'`; TRL 1.16 takes vLLM 0.22 to 0.31), "
            "name an environment that has it, or leave generation out"
        )
    if settings.mode == "server":
        return {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": settings.server_url}
    parallel = settings.tensor_parallel or 1
    if world() % parallel != 0:
        raise TrainerError(
            f"generation.tensorParallel is {parallel} and {world()} processes train: each copy of vLLM needs whole "
            "groups of them; make the number of processes a multiple"
        )
    given = {
        "vllm_gpu_memory_utilization": settings.gpu_memory_share,
        "vllm_tensor_parallel_size": settings.tensor_parallel,
        "vllm_max_model_length": settings.max_model_tokens,
    }
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",
        **{name: value for name, value in given.items() if value is not None},
    }
