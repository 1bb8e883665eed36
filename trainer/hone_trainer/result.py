"""Makes results appear completely or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Writes JSON beside its final name, forces it to disk, then renames it. So a reader never sees
    half a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def draft_folder(output: Path) -> Path:
    """Makes an empty folder beside `output`, on the same file system, for weights that are not
    checked yet.
    """
    draft = output.with_name(f".{output.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def publish(draft: Path, output: Path) -> None:
    """Moves a verified draft to its final path. Replaces the folder of an earlier attempt."""
    if output.exists():
        old = output.with_name(f".{output.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        output.rename(old)
        draft.rename(output)
        shutil.rmtree(old, ignore_errors=True)
        return
    draft.rename(output)
