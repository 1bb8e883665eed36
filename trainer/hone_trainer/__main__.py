"""The command line of the trainer:

    python -m hone_trainer sft|grpo|base --config FILE
    python -m hone_trainer launch --processes N sft|grpo --config FILE
    python -m hone_trainer verify --model DIR --base DIR
    python -m hone_trainer serve --model DIR ...
    python -m hone_trainer fetch --repo NAME ...

Each subcommand imports only the modules that it needs. The imports take seconds, and every job
of a campaign pays for them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from hone_trainer import stopping

# Weights and processors always come from a local folder. Only `fetch`, which downloads them, asks
# the hub. Without these two variables a hub client asks the network about missing files, and an
# offline machine waits for its time-outs.
if sys.argv[1:2] != ["fetch"]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# OpenMP threads that wait by spinning starve each other when another program runs on the same
# cores. With the default, decoding on two cores with one busy neighbour was measured 40 times
# slower. A short spin costs nothing on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def parser() -> argparse.ArgumentParser:
    """The command line. Jobs take one JSON file, so that the settings of a job can be kept and
    compared.
    """
    top = argparse.ArgumentParser(prog="hone_trainer", description=__doc__)
    sub = top.add_subparsers(dest="command", required=True)
    for name, text in (
        ("sft", "supervised fine-tuning"),
        ("grpo", "reinforcement learning against a reward server"),
        ("base", "build the demo's base model from nothing"),
    ):
        job = sub.add_parser(name, help=text)
        job.add_argument("--config", type=Path, required=True)
    several = sub.add_parser("launch", help="one of these jobs in several processes of this machine")
    several.add_argument("--processes", type=_count, required=True, help="usually one for each GPU")
    several.add_argument("--accelerate", type=Path, help="a file of `accelerate config`: FSDP, DeepSpeed")
    several.add_argument("job", choices=("sft", "grpo"))
    several.add_argument("--config", type=Path, required=True)
    verify = sub.add_parser("verify", help="check that a folder of weights is complete, changed and able to answer")
    verify.add_argument("--model", type=Path, required=True, help="the folder to check")
    verify.add_argument("--base", type=Path, required=True, help="the folder with the expected tensor names")
    verify.add_argument("--start", type=Path, help="the folder it was trained from (default: --base)")
    verify.add_argument("--result", type=Path, help="write the verdict here too")
    serve = sub.add_parser("serve", help="answer OpenAI chat requests with a folder of weights")
    serve.add_argument("--model", type=Path, required=True)
    serve.add_argument("--name", required=True, help="the model name that requests use")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--max-batch", type=int, default=128, help="most answers decoded together")
    serve.add_argument("--max-tokens", type=int, default=1024, help="longest answer, and the default of a request")
    serve.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    fetch = sub.add_parser("fetch", help="download a model of the Hugging Face hub into a folder")
    fetch.add_argument("--repo", required=True, help="owner/name")
    fetch.add_argument("--revision", help="branch, tag or commit (default: the main branch)")
    fetch.add_argument("--output", type=Path, help="the folder; without it the model is only looked up")
    fetch.add_argument("--result", type=Path, required=True, help="write the outcome here, as JSON")
    return top


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def run(arguments: argparse.Namespace) -> int:
    """Runs one subcommand and returns the exit status."""
    from hone_trainer.errors import TrainerError

    try:
        if arguments.command == "serve":
            from hone_trainer.serving.main import serve

            return serve(arguments)
        if arguments.command == "fetch":
            from hone_trainer.fetch import fetch

            return fetch(arguments.repo, arguments.revision, arguments.output, arguments.result)
        if arguments.command == "verify":
            return run_verify(arguments)
        if arguments.command == "launch":
            from hone_trainer.launch import launch

            return launch(arguments)
        return run_job(arguments.command, arguments.config)
    except TrainerError as error:
        from hone_trainer.launch import report

        print(f"hone_trainer {arguments.command}: {error}", file=sys.stderr, flush=True)
        report(error)
        return 2


def run_verify(arguments: argparse.Namespace) -> int:
    """Returns 0 for good weights and 3 for bad weights. Runs in any server's environment that has
    torch and transformers.
    """
    from hone_trainer.errors import TrainerError
    from hone_trainer.result import write_json

    try:
        from hone_trainer.verify import verify_folder
    except ImportError as error:
        raise TrainerError(
            f"{sys.executable} cannot check weights: {error}. Name an environment with torch, transformers, "
            "safetensors and pillow"
        ) from error
    verdict = verify_folder(arguments.model, arguments.base, arguments.start or arguments.base)
    if arguments.result is not None:
        write_json(arguments.result, verdict.as_dict())
    print(json.dumps(verdict.as_dict()))
    return 0 if verdict.passed else 3


def run_job(command: str, config: Path) -> int:
    """Reads the job's settings before it imports the trainer, so that a mistake in them is reported
    at once.
    """
    from hone_trainer import config as settings

    if command == "sft":
        job = settings.read(config, settings.SftConfig)
        from hone_trainer.sft import train

        return train(job)
    if command == "grpo":
        rl = settings.read(config, settings.GrpoConfig)
        from hone_trainer.grpo import train as train_rl

        return train_rl(rl)
    base = settings.read(config, settings.BaseConfig)
    from hone_trainer.base.build import build

    return build(base)


def main() -> None:
    """Entry point. Ends with `os._exit`: tearing down torch takes most of a second and frees
    nothing that matters.
    """
    try:
        arguments = parser().parse_args()
        # `launch` passes signals on to its workers and waits for them
        if arguments.command != "launch":
            stopping.install()
        status = run(arguments)
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
