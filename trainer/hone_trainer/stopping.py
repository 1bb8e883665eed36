"""What happens at SIGTERM: the process ends at once with status 143.

Nothing needs a tidy end. Final weights and results appear by rename, a torn checkpoint is recognised when a job
resumes, metric lines are flushed one by one. Unwinding instead would run whatever `except` and `finally` the
libraries hold, some of which start to save, and a scheduler's grace period is short.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

TERMINATED = 143  # 128 + SIGTERM, what a shell reports for a process that the signal ended


def _stop(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"hone_trainer: stopped by SIGTERM\n")
    os._exit(TERMINATED)


def install() -> None:
    """Installs the handler for SIGTERM; SIGINT keeps its usual meaning."""
    signal.signal(signal.SIGTERM, _stop)
