"""How results appear: whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Writes JSON beside its final name, forces it to disk, then renames: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def draft_folder(output: Path) -> Path:
    """An empty folder beside `output`, on the same file system, for weights that are not yet known to be good."""
    draft = output.with_name(f".{output.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def publish(draft: Path, output: Path) -> None:
    """Puts a verified draft in its place. An earlier attempt's folder there is replaced."""
    if output.exists():
        old = output.with_name(f".{output.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        output.rename(old)
        draft.rename(output)
        shutil.rmtree(old, ignore_errors=True)
        return
    draft.rename(output)
