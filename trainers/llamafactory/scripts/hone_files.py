"""Settings files and the error for input that cannot be used. For run.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Unusable(Exception):
    """Input that the user must mend. Its text is the last line of the job's stderr."""


def read_yaml(path: Path) -> dict[str, Any]:
    """A settings file as LLaMA-Factory reads it. (Plain YAML takes `2e-4` for a word.)"""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[return-value]


def write_yaml(path: Path, config: dict[str, Any]) -> None:
    """One key a line, values as JSON, which is YAML too. The file appears whole."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(f"{key}: {json.dumps(config[key])}\n" for key in sorted(config)), encoding="utf-8")
    draft.rename(path)
