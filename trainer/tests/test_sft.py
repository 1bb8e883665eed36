"""Two steps of supervised fine-tuning, and their results."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from conftest import Jobs, sft_rows, write_rows
from safetensors.torch import load_file

from hone_trainer.errors import TrainerError
from hone_trainer.metrics import MetricFile


def test_sft_leaves_metrics_weights_and_a_result(jobs: Jobs) -> None:
    job = jobs.sft()
    before = time.time()
    assert job.train() == 0
    lines = job.lines()
    assert [line["step"] for line in lines] == [1, 2]
    for line in lines:
        assert line["totalSteps"] == 2
        assert before - 1 < line["time"] < time.time() + 1
        assert {"loss", "grad_norm", "learning_rate"} <= line.keys()
        assert all(isinstance(value, (int, float)) for value in line.values())
    written = {path.name for path in job.output.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= written
    assert written & {"preprocessor_config.json", "processor_config.json"}
    assert load_file(job.output / "model.safetensors").keys() == load_file(jobs.base / "model.safetensors").keys()
    outcome = job.outcome()
    assert outcome.pop("seconds") > 0
    assert outcome == {
        "stepsPlanned": 2,
        "stepsDone": 2,
        "rowsRead": 4,
        "world": 1,
        "verified": {"loads": True, "sameKeys": True, "finite": True, "weightsDiffer": True, "generates": True},
    }
    assert job.result.stat().st_mtime_ns >= (job.output / "model.safetensors").stat().st_mtime_ns
    assert not [path.name for path in job.output.parent.iterdir() if path.name.startswith(".")]


def test_epochs_and_small_micro_batches_give_the_steps_of_the_whole_batch(jobs: Jobs) -> None:
    whole = jobs.sft("whole", maxSteps=..., epochs=1, batchSize=4)
    parts = jobs.sft("parts", maxSteps=..., epochs=1, batchSize=4, microBatchSize=2)
    assert whole.train() == parts.train() == 0
    assert whole.outcome()["stepsDone"] == parts.outcome()["stepsDone"] == 1
    assert parts.lines()[0]["loss"] == pytest.approx(whole.lines()[0]["loss"], rel=1e-4)


def test_a_frozen_vision_tower_stays_as_it_was(jobs: Jobs) -> None:
    job = jobs.sft(freezeVision=True)
    assert job.train() == 0
    before, after = load_file(jobs.base / "model.safetensors"), load_file(job.output / "model.safetensors")
    changed = {name for name, value in before.items() if not value.equal(after[name])}
    assert changed
    assert not any("visual" in name for name in changed)


def test_a_metric_line_can_be_read_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "metrics.jsonl"
    file = MetricFile(path)
    file.write(1, 2, {"loss": 0.5, "step": 9, "nan": float("nan"), "words": "no number"})
    (line,) = path.read_text(encoding="utf-8").splitlines()
    read = json.loads(line)
    assert read.pop("time") > 0
    assert read == {"step": 1, "totalSteps": 2, "loss": 0.5}


@pytest.mark.parametrize("text", ["What colour is it?", "<image><image>Which is red?"])
def test_a_row_whose_marks_do_not_match_its_images_is_refused_by_its_id(jobs: Jobs, text: str) -> None:
    job = jobs.sft()
    rows = sft_rows(jobs.pictures)
    rows[2]["messages"][0]["content"] = text
    write_rows(Path(job.settings["data"]), rows)
    with pytest.raises(TrainerError, match=rf"line 3.*s2.*{text.count('<image>')} <image> marks but 1 images"):
        job.train()
    assert not job.result.exists()


def test_a_row_without_its_picture_or_its_answer_is_refused_by_its_id(jobs: Jobs) -> None:
    job = jobs.sft()
    data = Path(job.settings["data"])
    rows = sft_rows(jobs.pictures)
    rows[1]["images"] = ["/nowhere/at/all.png"]
    write_rows(data, rows)
    with pytest.raises(TrainerError, match=r"line 2 .*s1.*all\.png does not exist"):
        job.train()
    rows = sft_rows(jobs.pictures)
    rows[3]["messages"].pop()
    write_rows(data, rows)
    with pytest.raises(TrainerError, match=r"line 4 .*s3.*the last message must be the assistant's"):
        job.train()
    data.write_text('{"id": "s9", "images"\n', encoding="utf-8")
    with pytest.raises(TrainerError, match=r"line 1: Invalid JSON"):
        job.train()
    write_rows(data, [])
    with pytest.raises(TrainerError, match="has no rows"):
        job.train()


@pytest.mark.parametrize("turn", [0, 1])
def test_a_picture_token_in_a_text_ends_the_job_before_its_first_step(jobs: Jobs, turn: int) -> None:
    job = jobs.sft()
    rows = sft_rows(jobs.pictures)
    rows[2]["messages"][turn]["content"] += " <|image_pad|>"
    write_rows(Path(job.settings["data"]), rows)
    with pytest.raises(TrainerError, match=r"row s2: a text of (user|assistant) holds <\|image_pad\|>"):
        job.train()


def test_a_flat_picture_ends_the_job_before_its_first_step(jobs: Jobs, tmp_path: Path) -> None:
    from PIL import Image

    job = jobs.sft()
    for side, refused in ((200, False), (201, True)):
        flat = tmp_path / f"{side}.png"
        Image.new("RGB", (side, 1), (200, 30, 30)).save(flat)
        write_rows(Path(job.settings["data"]), sft_rows([flat, *jobs.pictures[1:]]))
        if refused:
            with pytest.raises(TrainerError, match=r"row s0: the picture .* has 201x1 pixels"):
                job.train()
        else:
            assert job.train() == 0
