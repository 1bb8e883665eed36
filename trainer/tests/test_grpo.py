"""Two steps of GRPO against a reward server on this machine."""

from __future__ import annotations

import pytest
import torch
from conftest import GRPO_CHECKS, Jobs
from rewards import Items, RewardServer, by_turns
from safetensors.torch import load_file

from hone_trainer.config import SnapshotConfig
from hone_trainer.errors import TrainerError
from hone_trainer.snapshots import wanted
from hone_trainer.spread import without_zero_advantage
from hone_trainer.verify import verify_folder


def test_grpo_asks_with_its_token_and_leaves_metrics_and_a_result(
    jobs: Jobs, rewards: RewardServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REWARD_TOKEN_OF_THIS_TEST", "s3cret")
    job = jobs.grpo(rewards.url, reward={"tokenEnv": "REWARD_TOKEN_OF_THIS_TEST"})
    assert job.train() == 0
    assert rewards.tokens == ["Bearer s3cret", "Bearer s3cret"]
    assert "s3cret" not in job.config.read_text(encoding="utf-8")
    for step, body in enumerate(rewards.bodies):
        assert body["path"] == "/v1/score"
        assert (body["reward"], body["stage"], body["step"]) == ({"name": "accuracy"}, "rl", step)
        assert len(body["items"]) == 4
        for item in body["items"]:
            row = int(item["id"].split("#")[0][1:])
            assert item["gold"] == jobs.pictures[row].stem
            assert item["kind"] == "text"
            assert item["question"] == "What colour is it?"
            assert isinstance(item["answer"], str)
            assert "choices" not in item
            said = {name: item[name] for name in ("precision", "policy", "reward") if name in item}
            assert said == GRPO_CHECKS.get(row, {})
    lines = job.lines()
    assert [line["step"] for line in lines] == [1, 2]
    for line in lines:
        assert line["totalSteps"] == 2
        assert line["reward"] == line["rewards/accuracy/mean"] == line["reward/accuracy"] == 0.5
        assert line["reward/failed"] == line["reward/abstained"] == line["reward/retries"] == 0
        assert line["rows_with_spread"] == 4
        assert line["completions/mean_length"] <= 4
    outcome = job.outcome()
    assert (outcome["stepsPlanned"], outcome["stepsDone"], outcome["rowsRead"]) == (2, 2, 4)
    assert all(outcome["verified"].values())
    assert (job.output / "model.safetensors").is_file()


def test_a_token_that_is_not_set_and_a_refusal_end_the_job_with_what_to_do(jobs: Jobs, rewards: RewardServer) -> None:
    with pytest.raises(TrainerError, match="NO_SUCH_VARIABLE"):
        jobs.grpo(rewards.url, reward={"tokenEnv": "NO_SUCH_VARIABLE"}).train()
    rewards.answers = lambda _request, _items: 401
    with pytest.raises(TrainerError, match=r"refused the request with 401.*token"):
        jobs.grpo(rewards.url).train()
    assert len(rewards.bodies) == 1


def test_a_server_that_fails_for_a_while_is_asked_again(jobs: Jobs, rewards: RewardServer) -> None:
    def answers(request: int, items: Items) -> list[float | None] | int:
        return 500 if request < 2 else [float(place % 2) for place in range(len(items))]

    rewards.answers = answers
    job = jobs.grpo(rewards.url, steps=1)
    assert job.train() == 0
    assert len(rewards.bodies) == 3
    assert rewards.bodies[0]["items"] == rewards.bodies[2]["items"]
    (line,) = job.lines()
    assert (line["reward/retries"], line["reward/failed"], line["reward"]) == (2, 0, 0.5)


def test_a_recipe_s_judge_is_named_in_each_request_and_its_grades_are_counted(
    jobs: Jobs, rewards: RewardServer
) -> None:
    rewards.judged = {"tier": "mostly", "score": 0.5, "version": "judge-1/big"}
    job = jobs.grpo(rewards.url, steps=1, reward={"judge": "judge-0123"})
    assert job.train() == 0
    assert [body["reward"] for body in rewards.bodies] == [{"name": "accuracy", "judge": "judge-0123"}]
    (line,) = job.lines()
    assert (line["reward/judged"], line["reward/unjudged"]) == (4, 0)


def test_answers_that_no_judge_graded_are_counted(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.judged = {"abstained": "outage"}
    job = jobs.grpo(rewards.url, steps=1)
    assert job.train() == 0
    (line,) = job.lines()
    assert (line["reward/judged"], line["reward/unjudged"]) == (0, 4)


def test_a_judge_that_refuses_ends_the_job_with_its_words(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.answers = lambda _request, _items: 502
    rewards.codes = {502: "judge-refuses"}
    with pytest.raises(TrainerError, match=r"judge .* refuses every case: as the test wants it$"):
        jobs.grpo(rewards.url, reward={"attempts": 2}).train()
    assert len(rewards.bodies) == 2


def test_a_proxy_s_502_is_an_outage_and_no_refusal(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.answers = lambda request, items: 502 if request > 0 else by_turns(request, items)
    job = jobs.grpo(rewards.url, reward={"attempts": 1})
    assert job.train() == 0
    assert [line["reward/failed"] for line in job.lines()] == [0, 4]


def test_a_row_that_names_nobody_known_to_reward_it_is_refused_by_id(jobs: Jobs, rewards: RewardServer) -> None:
    job = jobs.grpo(rewards.url)
    path = jobs.folder / "grpo.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"rule"', '"rules"'), encoding="utf-8")
    with pytest.raises(TrainerError, match=r"line 1 \(row g0\): reward .*'rule' or 'judge'"):
        job.train()


@pytest.mark.parametrize("policy", ["abstain", "zero"])
def test_a_server_that_stays_away_is_abstained_from_or_scored_zero_and_counted(
    jobs: Jobs, rewards: RewardServer, policy: str
) -> None:
    def answers(request: int, items: Items) -> list[float | None] | int:
        return 500 if request > 0 else [float(place % 2) for place in range(len(items))]

    rewards.answers = answers
    job = jobs.grpo(rewards.url, reward={"attempts": 1, "onFailure": policy})
    assert job.train() == 0
    first, second = job.lines()
    assert (first["reward/failed"], second["reward/failed"]) == (0, 4)
    assert second.get("reward") == (0 if policy == "zero" else None)
    assert second["rows_with_spread"] == 0


def test_an_answer_that_the_verifier_abstains_from_pulls_neither_way(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.answers = lambda _request, _items: [0.0, 1.0, None]
    job = jobs.grpo(rewards.url, promptsPerStep=1, generations=3)
    assert job.train() == 0
    for line in job.lines():
        assert line["reward/abstained"] == 1
        # the mean over the judged completions
        assert line["reward"] == line["reward/accuracy"] == 0.5
        assert line["rows_with_spread"] == 2


def test_a_group_without_spread_is_dropped(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.answers = lambda _request, _items: [0.0, 1.0, 1.0, 1.0]
    norms = []
    for drop in (True, False):
        job = jobs.grpo(rewards.url, f"drop-{drop}", dropZeroSpread=drop)
        assert job.train() == 0
        norms.append(job.lines()[0]["grad_norm"])
        for line in job.lines():
            assert line["frac_reward_zero_std"] == 0.5
            assert line.get("rows_with_spread") == (2 if drop else None)
    # With both groups kept, the mean of the loss runs over twice as many rows, so its gradient is
    # half as long.
    assert norms[0] == pytest.approx(2 * norms[1], rel=1e-3)


def test_dropping_rows_keeps_each_row_with_its_own_pictures() -> None:
    counts = [1, 2, 0, 1]
    grid = torch.tensor([[1, 2, 2], [1, 2, 4], [1, 2, 2], [1, 4, 4]])
    pixels = torch.arange(4 + 8 + 4 + 16).unsqueeze(1).float()
    inputs = {
        "advantages": torch.tensor([0.0, -1.0, 0.0, 1.0]),
        "prompt_ids": torch.arange(12).view(4, 3),
        "completion_ids": torch.arange(16).view(4, 4),
        "completion_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]),
        "mm_token_type_ids": torch.arange(28).view(4, 7),
        "ref_per_token_logps": None,
        "num_images": counts,
        "image_grid_thw": grid,
        "pixel_values": pixels,
        "num_items_in_batch": torch.tensor(8),
    }
    kept = without_zero_advantage(inputs)
    assert kept["advantages"].tolist() == [-1.0, 1.0]
    assert kept["prompt_ids"].tolist() == [[3, 4, 5], [9, 10, 11]]
    assert kept["num_images"] == [2, 1]
    assert kept["image_grid_thw"].tolist() == grid[[1, 2, 3]].tolist()
    assert kept["pixel_values"].flatten().tolist() == list(range(4, 32))
    # Columns that only the dropped rows needed are removed too. Prompt and completion stay joined.
    assert kept["completion_ids"].tolist() == [[4, 5], [12, 13]]
    assert kept["mm_token_type_ids"].tolist() == [[7, 8, 9, 10, 11], [21, 22, 23, 24, 25]]
    none = without_zero_advantage({**inputs, "advantages": torch.zeros(4)})
    assert none["advantages"].tolist() == [0.0]
    assert none["num_images"] == [1]
    everything = {**inputs, "advantages": torch.ones(4)}
    assert without_zero_advantage(everything) is everything


def test_more_questions_a_step_than_there_are_rows_is_an_error_that_names_the_key(
    jobs: Jobs, rewards: RewardServer
) -> None:
    with pytest.raises(TrainerError, match="promptsPerStep"):
        jobs.grpo(rewards.url, promptsPerStep=5).train()
    assert rewards.bodies == []


def test_weights_that_did_not_move_are_not_published(jobs: Jobs, rewards: RewardServer) -> None:
    rewards.answers = lambda _request, items: [0.0] * len(items)
    job = jobs.grpo(rewards.url)
    with pytest.raises(TrainerError, match="nothing was learnt"):
        job.train()
    assert not job.output.exists()
    assert job.outcome()["verified"]["weightsDiffer"] is False


def test_weights_of_the_last_steps_are_kept_whole_and_differ_from_the_end(jobs: Jobs, rewards: RewardServer) -> None:
    job = jobs.grpo(rewards.url, steps=3, snapshots={"every": 1, "last": 2})
    assert job.train() == 0
    snapshots = job.output.with_name("snapshots")
    assert sorted(folder.name for folder in snapshots.iterdir()) == ["step-1", "step-2"]
    end = load_file(job.output / "model.safetensors")
    for folder in snapshots.iterdir():
        assert verify_folder(folder, jobs.base, jobs.base).passed
        weights = load_file(folder / "model.safetensors")
        assert weights.keys() == end.keys()
        assert any(not torch.equal(weights[name], end[name]) for name in end)


def test_which_steps_are_kept() -> None:
    kept = [step for step in range(1, 101) if wanted(SnapshotConfig(every=5, last=50), step, 100)]
    assert kept == [50, 55, 60, 65, 70, 75, 80, 85, 90, 95]
    assert [step for step in range(1, 4) if wanted(SnapshotConfig(every=2, last=10), step, 3)] == [1]
