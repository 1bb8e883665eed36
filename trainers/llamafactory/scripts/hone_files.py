"""Settings files, and the error for unusable input. Used by run.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Unusable(Exception):
    """Input that the user must mend. Its text is the last line of the job's stderr."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Reads a settings file as LLaMA-Factory does. (Plain YAML reads `2e-4` as a word.)"""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[return-value]


def write_yaml(path: Path, config: dict[str, Any]) -> None:
    """Writes one key in each line, with values as JSON, which is also YAML. A reader never sees
    half a file.
    """
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(f"{key}: {json.dumps(config[key])}\n" for key in sorted(config)), encoding="utf-8")
    draft.rename(path)
