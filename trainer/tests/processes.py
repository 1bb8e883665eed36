"""Runs `python -m hone_trainer …` as the jobs run it, and ends it with the test in any case."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

PACKAGE = Path(__file__).resolve().parents[1]


class Trainer:
    """A running trainer. Its output goes to files, so that no pipe can fill up."""

    def __init__(self, *arguments: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        out, err = (Path(self._folder.name, name) for name in ("out", "err"))
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONUNBUFFERED": "1"}
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hone_trainer", *arguments], env=environment, stdout=stdout, stderr=stderr
            )
        self._out, self._err = out, err

    def wait(self, seconds: float = 60) -> int:
        """Waits for the exit status. Raises TimeoutExpired."""
        return self.process.wait(seconds)

    def stdout(self) -> str:
        """The standard output so far."""
        return self._out.read_text(encoding="utf-8")

    def stderr(self) -> str:
        """The standard error so far."""
        return self._err.read_text(encoding="utf-8")

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._kept = self.stderr()
        self.stderr = lambda: self._kept  # type: ignore[method-assign]
        self._folder.cleanup()
