"""LoRA trains small matrices, and its result is plain weights like the base's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Job, Jobs
from processes import Trainer
from rewards import RewardServer
from safetensors.torch import load_file, save_file

from hone_trainer.checkpoints import resume_point
from hone_trainer.errors import TrainerError
from hone_trainer.verify import verify_folder

SMALL = {"rank": 2, "alpha": 8}
Tensors = dict[str, torch.Tensor]


def weights(folder: Path) -> Tensors:
    return load_file(folder / "model.safetensors")


def changed(before: Tensors, after: Tensors) -> set[str]:
    assert before.keys() == after.keys()
    assert {name: value.dtype for name, value in before.items()} == {name: v.dtype for name, v in after.items()}
    return {name for name, value in before.items() if not value.equal(after[name])}


def assert_equal_weights(one: Tensors, other: Tensors) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-5, atol=1e-7)


def in_bf16(base: Path, folder: Path) -> Path:
    """The base in the format of published weights."""
    shutil.copytree(base, folder)
    file = folder / "model.safetensors"
    save_file({name: value.bfloat16() for name, value in load_file(file).items()}, file, metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "bfloat16"}), encoding="utf-8")
    return folder


def test_lora_leaves_plain_weights_of_which_only_the_text_s_linear_layers_moved(jobs: Jobs) -> None:
    job = jobs.sft(lora=SMALL, saveEverySteps=2)
    assert job.train() == 0
    moved = changed(weights(jobs.base), weights(job.output))
    assert moved
    assert all(name.split(".")[-2] in LINEAR and "visual" not in name for name in moved), moved
    assert not list(job.output.glob("adapter*"))
    assert job.outcome()["verified"] == {
        "loads": True, "sameKeys": True, "finite": True, "weightsDiffer": True, "generates": True,
    }  # fmt: skip
    checkpoint = job.checkpoints / "checkpoint-2"
    assert (checkpoint / "adapter_model.safetensors").is_file()
    assert json.loads((checkpoint / "hone.json").read_text(encoding="utf-8")) == {"world": 1, "lora": True}


LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


@pytest.mark.parametrize(
    ("settings", "freeze", "vision", "text"),
    [
        ({"excludeVision": False}, False, True, LINEAR),
        ({"excludeVision": False}, True, False, LINEAR),
        ({"targetModules": ["q_proj", "v_proj"], "dropout": 0.1}, False, False, {"q_proj", "v_proj"}),
    ],
)
def test_what_gets_adapters_is_what_the_settings_name(
    jobs: Jobs, settings: dict[str, Any], freeze: bool, vision: bool, text: set[str]
) -> None:
    job = jobs.sft(lora={**SMALL, **settings}, freezeVision=freeze)
    assert job.train() == 0
    moved = changed(weights(jobs.base), weights(job.output))
    assert any("visual" in name for name in moved) == vision
    assert {name.split(".")[-2] for name in moved if "visual" not in name} == text


def test_the_merged_weights_answer_as_weights_and_adapters_do_together(jobs: Jobs) -> None:
    from peft import PeftModel

    from hone_trainer.loading import load_model

    job = jobs.sft(lora=SMALL, saveEverySteps=2, maxSteps=2)
    assert job.train() == 0
    words = torch.arange(3, 13).unsqueeze(0)
    apart = PeftModel.from_pretrained(load_model(jobs.base, "fp32"), job.checkpoints / "checkpoint-2").eval()
    with torch.inference_mode():
        expected = apart(input_ids=words).logits
        base = load_model(jobs.base, "fp32").eval()(input_ids=words).logits
        found = load_model(job.output, "fp32").eval()(input_ids=words).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, base, atol=1e-3)


@pytest.mark.parametrize("lora", [SMALL, None])
def test_weights_keep_the_number_format_of_the_start_and_say_so(
    jobs: Jobs, rewards: RewardServer, lora: dict[str, Any] | None
) -> None:
    start = str(in_bf16(jobs.base, jobs.folder / "bf16"))
    snapshots = {"every": 1, "last": 1}
    job = jobs.grpo(rewards.url, lora=lora, model=start, base=start, learningRate=1e-1, snapshots=snapshots)
    assert job.train() == 0
    for folder in (job.output, job.output.with_name("snapshots") / "step-1"):
        assert {value.dtype for value in weights(folder).values()} == {torch.bfloat16}
        assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["dtype"] == "bfloat16"
        assert verify_folder(folder, Path(start), Path(start)).passed


# Four rows, two in each step: step 3 is inside the second epoch.
def test_a_resumed_lora_sft_becomes_the_model_of_an_unbroken_one(jobs: Jobs) -> None:
    settings = {"maxSteps": 6, "lora": {**SMALL, "dropout": 0.1}}
    unbroken = jobs.sft("unbroken", saveEverySteps=3, **settings)
    assert unbroken.train() == 0
    resumed = jobs.sft("resumed", resumeFrom=str(unbroken.checkpoints / "checkpoint-3"), **settings)
    assert resumed.train() == 0
    losses = [line["loss"] for line in unbroken.lines()]
    # it learns, so a restart from the beginning would be visible
    assert losses[3] < losses[0] - 0.05
    assert [line["loss"] for line in resumed.lines()] == pytest.approx(losses[3:], rel=1e-5)
    assert_equal_weights(weights(unbroken.output), weights(resumed.output))


def test_a_lora_sft_that_was_killed_goes_on_from_its_adapters(jobs: Jobs) -> None:
    settings = {"lora": SMALL, "maxSteps": 60, "saveEverySteps": 10}
    unbroken = jobs.sft("unbroken", **settings)
    assert unbroken.train() == 0
    cut = jobs.sft("cut", **settings)
    with Trainer("sft", "--config", str(cut.config)) as trainer:
        checkpoint = _first_checkpoint(cut, trainer)
        os.kill(trainer.process.pid, signal.SIGKILL)
        trainer.wait()
    assert not cut.result.exists()
    assert not cut.output.exists()
    resumed = jobs.sft("cut", resumeFrom=str(checkpoint), **settings)
    assert resumed.train() == 0
    assert resumed.outcome()["stepsDone"] == 60
    assert_equal_weights(weights(unbroken.output), weights(resumed.output))


def _first_checkpoint(job: Job, trainer: Trainer) -> Path:
    deadline = time.monotonic() + 120
    while True:
        for path in sorted(job.checkpoints.glob("checkpoint-*")):
            if (path / "trainer_state.json").is_file():
                return path
        assert trainer.process.poll() is None, trainer.stderr()
        assert time.monotonic() < deadline, trainer.stderr()
        time.sleep(0.02)


def test_a_resumed_lora_grpo_keeps_its_questions_and_its_reference(jobs: Jobs, rewards: RewardServer) -> None:
    settings = {"steps": 4, "promptsPerStep": 1, "klBeta": 0.1, "learningRate": 1e-1, "lora": SMALL}
    unbroken = jobs.grpo(rewards.url, "unbroken", saveEverySteps=2, **settings)
    assert unbroken.train() == 0
    resumed = jobs.grpo(rewards.url, "resumed", resumeFrom=str(unbroken.checkpoints / "checkpoint-2"), **settings)
    assert resumed.train() == 0
    distances = [line["kl"] for line in unbroken.lines()]
    # new adapters add nothing, so the weights still equal the reference, which is the start
    assert distances[0] == 0
    assert min(distances[2:]) > 1e-5
    assert [line["kl"] for line in resumed.lines()] == pytest.approx(distances[2:], rel=1e-3)
    assert_equal_weights(weights(unbroken.output), weights(resumed.output))


def test_snapshots_of_lora_are_whole_weights_and_leave_the_training_alone(jobs: Jobs, rewards: RewardServer) -> None:
    settings = {"steps": 3, "lora": {**SMALL, "dropout": 0.2}, "learningRate": 1e-1}
    plain = jobs.grpo(rewards.url, "plain", **settings)
    kept = jobs.grpo(rewards.url, "kept", snapshots={"every": 1, "last": 2}, **settings)
    assert plain.train() == kept.train() == 0
    assert_equal_weights(weights(plain.output), weights(kept.output))
    folders = sorted(kept.output.with_name("snapshots").iterdir())
    assert [folder.name for folder in folders] == ["step-1", "step-2"]
    for folder in folders:
        assert verify_folder(folder, jobs.base, jobs.base).passed
        assert changed(weights(folder), weights(kept.output))


def test_a_module_that_is_not_there_is_told(jobs: Jobs) -> None:
    with pytest.raises(TrainerError, match=r"lora is .*c_attn"):
        jobs.sft(lora={"rank": 2, "targetModules": ["c_attn"]}).train()


@pytest.mark.parametrize(
    ("lora", "told"),
    [
        ({"alpha": 4}, r"lora\.rank: Field required"),
        ({"rank": 0}, r"lora\.rank: "),
        ({"rank": 4, "dropout": 1}, r"lora\.dropout: "),
        ({"rank": 4, "targetModules": []}, r"name at least one module"),
        ({"rank": 4, "targetModules": ["q_proj", "lm_head"]}, r"lm_head cannot have an adapter"),
        ({"rank": 4, "targetModules": ["model.embed_tokens"]}, r"embed_tokens cannot have an adapter"),
        ({"rank": 4, "target_module": "x"}, r"lora\.target_module: Extra inputs"),
    ],
)
def test_wrong_settings_of_lora_are_told(jobs: Jobs, lora: dict[str, Any], told: str) -> None:
    with pytest.raises(TrainerError, match=told):
        jobs.sft(lora=lora).train()


def test_adapters_and_whole_weights_are_not_resumed_as_each_other(jobs: Jobs) -> None:
    whole, small = jobs.sft("whole", saveEverySteps=2), jobs.sft("small", saveEverySteps=2, lora=SMALL)
    assert whole.train() == small.train() == 0
    with pytest.raises(TrainerError, match="holds whole weights and the settings have lora"):
        resume_point(whole.checkpoints / "checkpoint-2", lora=True)
    with pytest.raises(TrainerError, match="holds adapters and the settings have no lora"):
        resume_point(small.checkpoints / "checkpoint-2")
    torn = small.checkpoints / "checkpoint-2" / "adapter_model.safetensors"
    torn.write_bytes(torn.read_bytes()[:-50])
    with pytest.raises(TrainerError, match="damaged"):
        resume_point(torn.parent, lora=True)
