"""One job, several processes: who this one is, as torchrun and `accelerate launch` say it in the environment.

The reading needs no torch, so that settings are refused before anything heavy is imported.
"""

from __future__ import annotations

import os


def world() -> int:
    """How many processes train together; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number among them, from 0; 0 is the main one, which alone writes and publishes."""
    return int(os.environ.get("RANK", "0"))
