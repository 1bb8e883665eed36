"""Rewards over HTTP. A failed request is retried, then abstained from or scored 0, and always counted."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from hone_trainer.config import RewardConfig
from hone_trainer.errors import TrainerError
from hone_trainer.processes import rank, world

REFUSALS = (400, 401, 403, 404, 422)  # asking again would be refused again
# The server takes 4,096 items and 64 MiB a request. A chunk stays well below: JSON writes a character in 12 bytes at
# most, and smaller requests spread over the server's threads.
CHUNK_ITEMS = 1024
CHUNK_CHARACTERS = 4 * 1024 * 1024
CHUNKS_AT_A_TIME = 4
FIRST_WAIT_SECONDS = 0.2
OPTIONAL = ("kind", "choices", "precision", "policy", "question", "reward")
COLUMNS = ("id", "answer", *OPTIONAL)  # what the server may see of a row


class _Score(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: str
    overall: float | None
    parts: dict[str, float | None] = {}
    verdict: str | None = None
    judged: dict[str, Any] | None = None
    """What a judge said where rules left the answer open: a `tier`, or why it `abstained`."""


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore")
    scores: list[_Score]


_Answer = tuple[list[_Score] | None, int]
"""The scores of a chunk, or None; and how often it was asked again."""


class RewardClient:
    """Called by the trainer once a generation pass with all completions, which go out in chunks.

    `__name__` is what the trainer's metrics call the reward: `rewards/<name>/mean`.
    """

    def __init__(self, settings: RewardConfig) -> None:
        self.__name__ = settings.name
        self._settings = settings
        self._headers: dict[str, str] = {}
        self._client: httpx.AsyncClient | None = None
        if settings.token_env is not None:
            token = os.environ.get(settings.token_env)
            if not token:
                raise TrainerError(
                    f"the variable {settings.token_env} that holds the reward server's token is not set; set it"
                )
            self._headers = {"Authorization": f"Bearer {token}"}

    async def __call__(
        self,
        prompts: list[Any],
        completions: list[Any],
        log_metric: Callable[[str, float], None],
        trainer_state: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward a completion; None where the verifier could not say or the server could not be asked."""
        # Each process asks for its own share; the place in all of them tells the completions of a group apart.
        first = rank() * len(completions)
        items = [
            _item(first + index, completion, {name: columns[name][index] for name in COLUMNS if name in columns})
            for index, completion in enumerate(completions)
        ]
        step = getattr(trainer_state, "global_step", None)
        reward = {"name": self._settings.name}
        if self._settings.judge is not None:
            reward["judge"] = self._settings.judge
        places = asyncio.Semaphore(CHUNKS_AT_A_TIME)

        async def ask(chunk: list[dict[str, Any]]) -> _Answer:
            async with places:
                return await self._ask({"reward": reward, "stage": "rl", "step": step, "items": chunk})

        chunks = _chunks(items)
        answers = await _all_or_none([ask(chunk) for chunk in chunks])
        _log_count("reward/retries", sum(retries for _, retries in answers), log_metric)
        failed = sum(len(chunk) for chunk, (scores, _) in zip(chunks, answers, strict=True) if scores is None)
        _log_count("reward/failed", failed, log_metric)
        known = [score for scores, _ in answers for score in scores or ()]
        if known or not items or world() > 1:
            self._log_scores(known, log_metric)
        missing = 0.0 if self._settings.on_failure == "zero" else None
        rewards: list[float | None] = []
        for chunk, (scores, _) in zip(chunks, answers, strict=True):
            rewards += [missing] * len(chunk) if scores is None else [score.overall for score in scores]
        return rewards

    def _log_scores(self, scores: list[_Score], log_metric: Callable[[str, float], None]) -> None:
        _log_count("reward/abstained", sum(score.overall is None for score in scores), log_metric)
        self._log_judge(scores, log_metric)
        for part in sorted({name for score in scores for name in score.parts}):
            known = [value for score in scores if (value := score.parts.get(part)) is not None]
            if known:
                log_metric(f"reward/{part}", sum(known) / len(known))

    def _log_judge(self, scores: list[_Score], log_metric: Callable[[str, float], None]) -> None:
        """Answers that a judge graded, and open ones that nobody did, which count as wrong: many of those mislead."""
        open_ = [score.judged for score in scores if score.judged is not None]
        if open_ or self._settings.judge is not None or world() > 1:
            graded = sum("tier" in judged for judged in open_)
            _log_count("reward/judged", graded, log_metric)
            _log_count("reward/unjudged", len(open_) - graded, log_metric)

    async def _ask(self, body: dict[str, Any]) -> _Answer:
        """The scores in the order of the items, or None after the last attempt; and how often it was asked again.

        A refusal (4xx) is not retried. A judge that refuses every case (a wrong key or model) is asked again, since it
        may be starting; then the job ends. Going on without would train on the rows of rules alone and take all others
        for wrong.
        """
        url = self._settings.url.rstrip("/") + "/v1/score"
        # One client for the job, made on the loop that uses it: making one costs as much as a small step.
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._settings.timeout_seconds, headers=self._headers)
        ids = [item["id"] for item in body["items"]]
        refusal = None
        for attempt in range(self._settings.attempts):
            if attempt > 0:
                await asyncio.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            try:
                response = await self._client.post(url, json=body)
                if response.status_code in REFUSALS:
                    raise TrainerError(
                        f"the reward server {url} refused the request with {response.status_code}: "
                        f"{response.text[:300]}. Check the reward's name and the token"
                    )
                refusal = _judge_refusal(response)
                response.raise_for_status()
                scores = _Reply.model_validate_json(response.content).scores
            except (httpx.HTTPError, ValidationError):
                continue
            if [score.id for score in scores] == ids:
                return scores, attempt
        if refusal is not None:
            raise TrainerError(f"the judge behind the reward server {url} refuses every case: {refusal}")
        return None, self._settings.attempts - 1


def _log_count(name: str, count: int, log_metric: Callable[[str, float], None]) -> None:
    """The trainer logs the mean of what the processes say; a count of all is the mean of as many times each."""
    log_metric(name, float(count * world()))


async def _all_or_none(asked: list[Coroutine[Any, Any, _Answer]]) -> list[_Answer]:
    """The answers in order. The first refusal ends the others, so that nothing is asked behind the job's back."""
    tasks = [asyncio.ensure_future(each) for each in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _chunks(items: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The items in order, cut where a request would grow too large. A single item is never cut."""
    chunks: list[list[dict[str, Any]]] = []
    characters = 0
    for item in items:
        size = sum(_characters(value) for value in item.values())
        if not chunks or len(chunks[-1]) == CHUNK_ITEMS or characters + size > CHUNK_CHARACTERS:
            chunks.append([])
            characters = 0
        chunks[-1].append(item)
        characters += size
    return chunks


def _characters(value: Any) -> int:
    return len(value) if isinstance(value, str) else sum(map(len, value)) if isinstance(value, list) else 0


def _judge_refusal(response: httpx.Response) -> str | None:
    """The judge's words on one line where a reply says that it refuses. Any other reply, a proxy's 502 say: None."""
    if response.status_code != 502:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    if not isinstance(body, dict) or body.get("code") != "judge-refuses":
        return None
    return " ".join(str(body.get("error", "")).split())[:500]


def _item(index: int, completion: Any, columns: dict[str, Any]) -> dict[str, Any]:
    """One completion in the server's form. Ids repeat within a group, so the place is part of them."""
    text = completion if isinstance(completion, str) else completion[-1]["content"]
    item = {"id": f"{columns.get('id', '')}#{index}", "gold": columns["answer"], "answer": text}
    for name in OPTIONAL:
        if columns.get(name) is not None:
            item[name] = json.loads(columns[name]) if name == "policy" else columns[name]
    return item
