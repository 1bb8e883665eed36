"""What happens at SIGTERM: the process ends at once with status 143.

Nothing needs a tidy end. Final weights and results appear by rename, a torn checkpoint is recognised when a job
resumes, metric lines are flushed one by one. Unwinding instead would run whatever `except` and `finally` the
libraries hold, some of which start to save, and a scheduler's grace period is short.

A launcher passes SIGTERM on to its workers. They are in sessions of their own, where a kill of its process group does
not reach them, so they ask to be stopped when it dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType

TERMINATED = 143  # 128 + SIGTERM, what a shell reports for a process that the signal ended


def _stop(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"hone_trainer: stopped by SIGTERM\n")
    os._exit(TERMINATED)


PR_SET_PDEATHSIG = 1  # linux/prctl.h


def install() -> None:
    """Installs the handler for SIGTERM; SIGINT keeps its usual meaning."""
    signal.signal(signal.SIGTERM, _stop)
    if "TORCHELASTIC_RUN_ID" in os.environ and sys.platform == "linux":
        launcher = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # it died before it could be told
            _stop(signal.SIGTERM, None)
