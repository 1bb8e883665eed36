"""How the completions of a generation pass reach the reward server, without a trainer around it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from rewards import Items, RewardServer

from hone_trainer import reward_client
from hone_trainer.config import RewardConfig
from hone_trainer.errors import TrainerError
from hone_trainer.reward import RewardClient

MOST_ITEMS = 4096  # what the server takes in one request


def ask(server: RewardServer, answers: list[str], **settings: Any) -> tuple[list[float | None], dict[str, float]]:
    """Rewards of these completions, one question each, and what was logged."""
    client = RewardClient(RewardConfig.model_validate({"url": server.url, "name": "accuracy", **settings}))
    logged: dict[str, float] = {}
    columns = {"id": [f"q{place}" for place in range(len(answers))], "answer": ["3"] * len(answers)}
    rewards = client([""] * len(answers), answers, logged.__setitem__, **columns)
    return rewards, logged


def by_text(_request: int, items: Items) -> list[float | None]:
    """Each completion is its own reward."""
    return [float(item["answer"]) for item in items]


def test_a_pass_that_is_larger_than_a_request_may_be_goes_out_in_chunks_and_comes_back_in_order(
    rewards: RewardServer,
) -> None:
    def answers(request: int, items: Items) -> list[float | None] | int:
        return 400 if len(items) > MOST_ITEMS else by_text(request, items)

    rewards.answers = answers
    given, logged = ask(rewards, [str(place) for place in range(2 * MOST_ITEMS)])
    assert given == [float(place) for place in range(2 * MOST_ITEMS)]
    assert [len(body["items"]) for body in rewards.bodies] == [1024] * 8
    assert (logged["reward/failed"], logged["reward/retries"], logged["reward/abstained"]) == (0, 0, 0)


def test_long_completions_make_small_chunks(rewards: RewardServer) -> None:
    given, _ = ask(rewards, ["x" * 3_000_000] * 3)
    assert given == [0.0] * 3
    assert [len(body["items"]) for body in rewards.bodies] == [1, 1, 1]


@pytest.mark.parametrize(("policy", "missing"), [("abstain", None), ("zero", 0.0)])
def test_a_chunk_that_fails_costs_its_own_rows_alone(rewards: RewardServer, policy: str, missing: float | None) -> None:
    rewards.answers = lambda request, items: 500 if items[0]["id"] == "q1024#1024" else by_text(request, items)
    given, logged = ask(rewards, ["7"] * 2500, attempts=2, onFailure=policy)
    assert given == [7.0] * 1024 + [missing] * 1024 + [7.0] * 452
    assert (logged["reward/failed"], logged["reward/retries"], logged["reward/accuracy"]) == (1024, 1, 7)


def test_a_refusal_of_one_chunk_ends_the_job_and_what_still_waits(rewards: RewardServer) -> None:
    rewards.answers = lambda request, items: 400 if items[0]["id"] == "q0#0" else 500
    with pytest.raises(TrainerError, match="refused the request with 400"):
        ask(rewards, ["7"] * 20_000)
    assert len(rewards.bodies) < 20


def test_a_pass_of_nothing_asks_nobody(rewards: RewardServer) -> None:
    assert ask(rewards, [])[0] == []
    assert rewards.bodies == []


def test_the_client_is_python_3_8_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(reward_client.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_a_request_that_may_succeed_later_is_asked_again_and_one_that_is_refused_is_not(rewards: RewardServer) -> None:
    for status, asked in ((408, 2), (425, 2), (429, 2), (500, 2), (302, 1), (413, 1)):
        rewards.bodies.clear()
        rewards.answers = lambda _request, _items, status=status: status
        if asked == 1:
            with pytest.raises(TrainerError, match=f"refused the request with {status}"):
                ask(rewards, ["7"], attempts=2)
        else:
            assert ask(rewards, ["7"], attempts=2)[0] == [None]
        assert len(rewards.bodies) == asked
