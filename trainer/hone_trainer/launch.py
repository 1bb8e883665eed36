"""Several processes for one job on one machine: `python -m hone_trainer launch --processes N grpo
--config FILE`.

torchrun and `accelerate launch` end with status 1 whatever the status of their workers, and
their last printed lines are their own. This module starts the same launchers within its process.
It ends with the status and the message of the worker that failed first. So a job of several
processes ends like a job of one process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hone_trainer.errors import TrainerError

USERS_FAULT = 2


def launch(arguments: argparse.Namespace) -> int:
    """Runs the job in `processes` workers and returns the exit status. Raises TrainerError for a
    missing file.

    Without an accelerate file torchrun starts the workers: data-parallel training, on GPUs or on
    a CPU (where `accelerate launch --cpu` would start a single worker). With an accelerate file,
    `accelerate launch` reads it: FSDP, DeepSpeed.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    job = [arguments.job, "--config", str(arguments.config)]
    try:
        if arguments.accelerate is None:
            _torchrun(arguments.processes, job)
        else:
            _accelerate(arguments.accelerate, arguments.processes, job)
    except SignalException as stopped:
        return 128 + int(stopped.sigval)
    except ChildFailedError as error:
        status, words = _told(error.failures)
        print(f"hone_trainer {arguments.job}: {words}", file=sys.stderr, flush=True)
        return status
    return 0


def _torchrun(processes: int, job: list[str]) -> None:
    from torch.distributed.run import get_args_parser, run

    own = ["--standalone", "--nproc-per-node", str(processes), "-m", "hone_trainer", *job]
    run(get_args_parser().parse_args(own))


def _accelerate(file: Path, processes: int, job: list[str]) -> None:
    from accelerate.commands.launch import launch_command, launch_command_parser

    if not file.is_file():
        raise TrainerError(f"there is no accelerate file {file}; make one with `accelerate config --config_file`")
    own = ["--config_file", str(file), "--num_processes", str(processes), "--module", "hone_trainer", *job]
    launch_command(launch_command_parser().parse_args(own))


def _told(failures: Mapping[int, Any]) -> tuple[int, str]:
    """Status and message of the failed workers. A worker with a reason goes before workers that
    only lost their peer.
    """
    ordered = sorted(failures.values(), key=lambda failure: (failure.exitcode != USERS_FAULT, failure.timestamp))
    first = ordered[0]
    status = 128 - first.exitcode if first.exitcode < 0 else first.exitcode
    if first.exitcode == USERS_FAULT:
        return status, str(first.message)
    how = signal.Signals(-first.exitcode).name if first.exitcode < 0 else f"status {first.exitcode}"
    return status, f"process {first.local_rank} of the job ended with {how}; its own words are further up"


def report(error: Exception) -> None:
    """Writes a worker's reason where its launcher looks for it. Does nothing without a launcher."""
    place = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if not place:
        return
    try:
        Path(place).write_text(json.dumps({"message": str(error), "timestamp": int(time.time())}), encoding="utf-8")
    except OSError:
        return  # the reason is on stderr too
