"""vLLM's settings reach TRL under TRL's names. A missing package is reported with its installation."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from conftest import Jobs

from hone_trainer import generation
from hone_trainer.config import GrpoConfig, read
from hone_trainer.errors import TrainerError
from hone_trainer.grpo import trl_arguments

NOWHERE = "http://127.0.0.1:1"


def settings_of(jobs: Jobs, given: dict[str, Any]) -> GrpoConfig:
    return read(jobs.grpo(NOWHERE, generation={"engine": "vllm", **given}).config, GrpoConfig)


@pytest.fixture
def as_if_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM itself needs a GPU or a special build. The mapping of its settings does not."""
    monkeypatch.setattr(generation, "find_spec", lambda name: name)


@pytest.mark.usefixtures("as_if_installed")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"mode": "server", "serverUrl": "http://gpu7:8000"},
            {"vllm_mode": "server", "vllm_server_base_url": "http://gpu7:8000"},
        ),
        (
            {"mode": "colocate", "gpuMemoryShare": 0.45, "tensorParallel": 2, "maxModelTokens": 4096},
            {
                "vllm_mode": "colocate",
                "vllm_gpu_memory_utilization": 0.45,
                "vllm_tensor_parallel_size": 2,
                "vllm_max_model_length": 4096,
            },
        ),
        ({"mode": "colocate"}, {"vllm_mode": "colocate", "vllm_gpu_memory_utilization": 0.3}),
    ],
)
def test_the_settings_are_trl_s(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    monkeypatch.setattr(generation, "world", lambda: 2)
    arguments = trl_arguments(settings_of(jobs, given))
    assert arguments.use_vllm is True
    assert {name: getattr(arguments, name) for name in expected} == expected


def test_without_the_package_the_job_ends_with_where_to_install_it(jobs: Jobs) -> None:
    with pytest.raises(TrainerError, match=r"no package vllm") as caught:
        jobs.grpo(NOWHERE, generation={"engine": "vllm", "mode": "colocate"}).train()
    assert f"{sys.executable} -m pip install 'trl[vllm]'" in str(caught.value)


@pytest.mark.usefixtures("as_if_installed")
def test_copies_of_vllm_that_do_not_fit_the_processes_are_told(jobs: Jobs) -> None:
    with pytest.raises(TrainerError, match=r"tensorParallel is 2 and 1 processes train"):
        trl_arguments(settings_of(jobs, {"mode": "colocate", "tensorParallel": 2}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mode": "server"}, "mode server needs it"),
        ({"mode": "colocate", "serverUrl": "http://a:1"}, "serverUrl belongs to mode server"),
        ({"mode": "server", "serverUrl": "gpu7:8000"}, r"generation\.serverUrl: "),
        ({"mode": "server", "serverUrl": "http://a:1", "tensorParallel": 2}, "belong to mode colocate"),
        ({"mode": "colocate", "gpuMemoryShare": 45}, r"generation\.gpuMemoryShare: "),
        ({"mode": "apart"}, r"generation\.mode: "),
    ],
)
def test_settings_that_do_not_fit_together_are_told(jobs: Jobs, given: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainerError, match=told):
        settings_of(jobs, given)
