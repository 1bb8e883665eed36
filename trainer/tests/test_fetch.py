"""Which files of a model are fetched, and from where. tests/client/base-model.test.ts tests
downloads over HTTP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hone_trainer.fetch import choose

COMMIT = "c" * 40
MODEL = {
    "config.json": "{}",
    "model.safetensors": "weights",
    "tokenizer.json": "{}",
    "merges.txt": "a b",
    "chat_template.jinja": "{{ messages }}",
    "pytorch_model.bin": "the weights again",
}


def test_takes_weights_configuration_and_templates_and_no_second_copy_of_the_weights() -> None:
    names = [
        *MODEL, "tokenizer.model", "additional_chat_templates/tools.jinja", "consolidated.safetensors", "README.md",
        ".gitattributes", "onnx/model.json", "original/model.safetensors", "flax_model.msgpack", "model.gguf",
    ]  # fmt: skip
    assert choose(names) == [
        "additional_chat_templates/tools.jinja",
        "chat_template.jinja",
        "config.json",
        "merges.txt",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer.model",
    ]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A hub client's cache with one model: the links of a snapshot lead to files whose names are
    their hashes.
    """
    folder = tmp_path / "hub" / "models--Acme--Tiny"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    (folder / "blobs").mkdir()
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    for place, (name, text) in enumerate(MODEL.items()):
        (folder / "blobs" / str(place)).write_text(text)
        (folder / "snapshots" / COMMIT / name).symlink_to(folder / "blobs" / str(place))
    return tmp_path


def fetch(home: Path, repo: str, output: Path) -> tuple[int, dict[str, Any]]:
    """Runs the subcommand as services/hub.ts does, offline."""
    result = output.with_name("result.json")
    command = [sys.executable, "-m", "hone_trainer", "fetch", "--repo", repo, "--output", output, "--result", result]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)}
    folder = Path(__file__).parent.parent
    ran = subprocess.run(command, env={**environment, "PYTHONPATH": str(folder)}, check=False, capture_output=True)
    return ran.returncode, json.loads(result.read_text(encoding="utf-8"))


def test_offline_by_wish_it_takes_plain_files_from_the_hub_clients_cache(cache: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    status, said = fetch(cache, "Acme/Tiny", output)
    assert (status, said["status"], said["commit"]) == (0, "ok", COMMIT)
    assert sorted(path.name for path in output.iterdir()) == choose(list(MODEL))
    assert not any(path.is_symlink() for path in output.iterdir())
    assert (output / "model.safetensors").read_text() == "weights"


def test_offline_by_wish_a_model_that_the_cache_lacks_is_named_as_that(cache: Path, tmp_path: Path) -> None:
    status, said = fetch(cache, "Acme/Other", tmp_path / "output")
    assert (status, said["kind"]) == (4, "not-cached")
