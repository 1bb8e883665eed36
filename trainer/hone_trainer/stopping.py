"""Handling of SIGTERM: the process ends at once with status 143.

Nothing needs a tidy end. Final weights and results appear by rename, a resumed job recognises a
torn checkpoint, and metric lines are flushed one by one. Unwinding was rejected: it would run
every `except` and `finally` of the libraries, some of which start to save, and a scheduler's
grace period is short.

A launcher passes SIGTERM on to its workers. Workers have sessions of their own, so a kill of the
launcher's process group does not reach them. So each worker asks the kernel for a signal when
its launcher dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType

# 128 + SIGTERM, the status that a shell reports for a process that the signal ended
TERMINATED = 143


def _stop(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"hone_trainer: stopped by SIGTERM\n")
    os._exit(TERMINATED)


PR_SET_PDEATHSIG = 1  # linux/prctl.h


def install() -> None:
    """Installs the handler for SIGTERM. SIGINT keeps its usual meaning."""
    signal.signal(signal.SIGTERM, _stop)
    if "TORCHELASTIC_RUN_ID" in os.environ and sys.platform == "linux":
        launcher = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # the launcher died before the kernel could be asked
            _stop(signal.SIGTERM, None)
