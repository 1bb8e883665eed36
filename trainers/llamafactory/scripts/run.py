"""Runs LLaMA-Factory for one job of Hone, in the job's folder: `python scripts/run.py train` or
`... export`.

Hone writes `config.yaml` (keys of LLaMA-Factory) and `plan.json` (facts for the decisions that
only the job's machine can make). This script makes these decisions, writes `resolved.yaml`, and
starts `llamafactory-cli`. The files beside this script choose the template that renders the
checkpoint's own prompts, and write the weights as a plain folder, `output/`, which appears by
rename. Unusable input ends the script with exit status 2 and one line that says why.
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

# This file is in scripts/ of the job's folder.
FOLDER = Path(__file__).absolute().parent.parent
UNUSABLE = 2


def main(arguments: list[str]) -> int:
    """Runs one subcommand in the job's folder and returns the exit status."""
    if arguments not in (["train"], ["export"]):
        print("usage: run.py train|export", file=sys.stderr)
        return UNUSABLE
    os.chdir(FOLDER)
    # LLaMA-Factory starts `torchrun` by name. The PATH must lead to the torchrun of this
    # environment first.
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
    """Trains by `config.yaml`. Full weights go to `output/`. Adapters stay in `train/` until the
    export.
    """
    # The product writes this file last. It exists when an earlier run of this job was ended after
    # its training.
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
    """Merges the adapters of `train/` into the start's weights and writes the complete weights to
    `output/`.
    """
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
        # By default LLaMA-Factory turns fp32 weights into 16 bits on a machine with a GPU.
        "infer_dtype": number_format(Path(plan["model"])),
    }
    write_yaml(Path("export.yaml"), config)
    cli("export", "export.yaml")
    assemble(Path("merged"), Path(plan["model"]), Path("output"))
    shutil.rmtree("merged", ignore_errors=True)


def cli(command: str, config: str) -> None:
    """Runs `llamafactory-cli` in this process, which already has its imports. A failure ends this
    process with the status of the command.
    """
    from llamafactory.cli import main as llamafactory

    sys.argv = ["llamafactory-cli", command, config]
    try:
        llamafactory()
    # with several devices the command ends with the exit status of torchrun
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            raise


def devices(plan: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Keys that depend on this machine. One process runs on each GPU, as many as the batch was
    split for.
    """
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
    """Keys to resume from the newest complete checkpoint of this same job: its scheduler may have
    restarted it.

    LLaMA-Factory would resume by itself, but from the newest checkpoint even if that is
    incomplete. And transformers 5.6 finds no weights in a checkpoint of Qwen2.5-VL, because the
    tensors have other names in files, and goes on from the start's weights. So the weights are
    read from the checkpoint as a model. Adapters have the same names in files and need no such
    step.
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
        # LLaMA-Factory refuses a folder with weights and without a checkpoint.
        for leftover in [*trained.glob("*.safetensors"), *trained.glob("*.safetensors.index.json")]:
            leftover.unlink()
        return {}
    _step, newest = max(whole)
    print(f"hone: goes on from {newest}", flush=True)
    path = str(newest.absolute())
    return {"resume_from_checkpoint": path, **({} if plan["lora"] else {"model_name_or_path": path})}


def follow_row_count(path: Path) -> None:
    """Records the number of rows that transformers' Trainer logs, because LLaMA-Factory may drop
    rows.
    """
    import logging

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            name, _, value = record.getMessage().partition("=")
            if name.strip() == "Num examples" and value.strip().replace(",", "").isdigit():
                path.write_text(json.dumps({"rows": int(value.strip().replace(",", ""))}), encoding="utf-8")

    logging.getLogger("transformers.trainer").addHandler(Counter())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
