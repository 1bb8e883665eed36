"""Runs LLaMA-Factory for one job of Hone: `python scripts/run.py train` or `... export`, in its folder.

Hone writes `config.yaml` (keys of LLaMA-Factory) and `plan.json` (what only the job's machine can settle). This script
settles that, writes `resolved.yaml`, and hands over to `llamafactory-cli`. What it adds is in the files beside it: the
template that renders the checkpoint's own prompts, and weights as a plain folder, `output/`, which appears by rename.
What cannot be used ends with exit status 2 and one line that says why.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hone_files import Unusable, read_yaml, write_yaml
from hone_prompts import choose_template, sample_rows
from hone_weights import assemble, number_format

# This file lies in scripts/ of the job's folder.
FOLDER = Path(__file__).absolute().parent.parent
UNUSABLE = 2


def main(arguments: list[str]) -> int:
    """Runs one subcommand in the job's folder and returns the exit status."""
    if arguments not in (["train"], ["export"]):
        print("usage: run.py train|export", file=sys.stderr)
        return UNUSABLE
    os.chdir(FOLDER)
    # LLaMA-Factory starts `torchrun` by name: the one of this environment must be found first.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    try:
        if arguments == ["train"]:
            train(plan)
        else:
            export(plan)
    except Unusable as error:
        sys.stdout.flush()
        print(f"hone: {error}", file=sys.stderr, flush=True)
        return UNUSABLE
    return 0


def train(plan: dict[str, Any]) -> None:
    """Trains by `config.yaml`. Full weights go to `output/`; adapters stay in `train/` until the export."""
    # The product writes this file last. It is there when an earlier run of this job was ended after its training.
    if not Path("train/trainer_state.json").is_file():
        config = read_yaml(Path("config.yaml"))
        config |= devices(plan, config)
        rows = sample_rows(Path("train.jsonl"))
        config |= choose_template(config, rows, plan["ownImageLimits"])
        config |= resume_here(Path("train"), plan)
        write_yaml(Path("resolved.yaml"), config)
        follow_row_count(Path("rows.json"))
        cli("train", "resolved.yaml")
    if not plan["lora"]:
        assemble(Path("train"), Path(plan["model"]), Path("output"))
    shutil.rmtree("cache", ignore_errors=True)


def export(plan: dict[str, Any]) -> None:
    """Merges the adapters of `train/` into the start's weights and leaves the whole in `output/`."""
    trained = read_yaml(Path("resolved.yaml"))
    if not Path("train/adapter_model.safetensors").is_file():
        raise Unusable("train/ holds no adapter_model.safetensors: the training left no adapters to merge")
    shutil.rmtree("merged", ignore_errors=True)
    config = {key: trained[key] for key in ("template", "default_system", "trust_remote_code") if key in trained}
    config |= {
        "model_name_or_path": plan["model"],
        "adapter_name_or_path": "train",
        "finetuning_type": "lora",
        "export_dir": "merged",
        "export_size": 5,
        "export_device": "cpu",
        # Left to itself it halves fp32 weights on a machine with a GPU.
        "infer_dtype": number_format(Path(plan["model"])),
    }
    write_yaml(Path("export.yaml"), config)
    cli("export", "export.yaml")
    assemble(Path("merged"), Path(plan["model"]), Path("output"))
    shutil.rmtree("merged", ignore_errors=True)


def cli(command: str, config: str) -> None:
    """`llamafactory-cli` in this process, whose imports are paid for already. A failure ends this process as it would
    end that one."""
    from llamafactory.cli import main as llamafactory

    sys.argv = ["llamafactory-cli", command, config]
    try:
        llamafactory()
    except SystemExit as leaving:  # with several devices it ends by the exit status of torchrun
        if leaving.code not in (None, 0):
            raise


def devices(plan: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Keys that depend on what this machine has. One process a GPU, as many as the batch was cut for."""
    import torch

    there = torch.cuda.device_count()
    if plan["gpus"] > max(1, there):
        raise Unusable(f"the step asks for {plan['gpus']} GPUs and this job sees {there}; ask for as many as there are")
    if there > 1:
        os.environ["FORCE_TORCHRUN"] = "1"
        os.environ["NPROC_PER_NODE"] = str(plan["gpus"])
    settled: dict[str, Any] = {"bf16": there > 0 and plan["precision"] != "fp32"}
    if "disable_gradient_checkpointing" not in config:
        settled["disable_gradient_checkpointing"] = there == 0
    return settled


def resume_here(trained: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Keys to go on from the newest whole checkpoint of this very job, which its scheduler may have started again.

    LLaMA-Factory would do so itself, from the newest one, whole or not. And transformers 5.6 finds no weights in a
    checkpoint of Qwen2.5-VL, whose tensors have other names in files, and goes on from the start's: the weights are
    therefore read from the checkpoint as a model. Adapters have the same names.
    """
    whole = []
    for folder in trained.glob("checkpoint-*"):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if folder.name[11:].isdigit():
            whole.append((int(folder.name[11:]), folder))
    if not whole:
        # The product refuses a folder with weights and no checkpoint.
        for leftover in [*trained.glob("*.safetensors"), *trained.glob("*.safetensors.index.json")]:
            leftover.unlink()
        return {}
    _step, newest = max(whole)
    print(f"hone: goes on from {newest}", flush=True)
    path = str(newest.absolute())
    return {"resume_from_checkpoint": path, **({} if plan["lora"] else {"model_name_or_path": path})}


def follow_row_count(path: Path) -> None:
    """Keeps the number of rows that transformers' Trainer says it trains on: LLaMA-Factory drops rows it dislikes."""
    import logging

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            name, _, value = record.getMessage().partition("=")
            if name.strip() == "Num examples" and value.strip().replace(",", "").isdigit():
                path.write_text(json.dumps({"rows": int(value.strip().replace(",", ""))}), encoding="utf-8")

    logging.getLogger("transformers.trainer").addHandler(Counter())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
