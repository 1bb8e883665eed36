"""One job in several processes: the number of this process, which torchrun and `accelerate launch`
put into the environment.

Reading it needs no torch, so that bad settings are refused before any heavy import.
"""

from __future__ import annotations

import os


def world() -> int:
    """The number of processes that train together. 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number, from 0. Process 0 is the main process, the only one that writes and
    publishes.
    """
    return int(os.environ.get("RANK", "0"))
