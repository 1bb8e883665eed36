"""Asks Hone's reward server for rewards. Python 3.8 or newer, with its standard library alone.

hone_trainer imports this file, and the reward files of other trainers (`hone shim`) begin with its
text: their environments have pins of their own, and Hone is not installed there.

- A deadline covers a whole request. The time limit of a socket starts anew with every byte, so a
  server that drips could hold a training for ever.
- Redirects are refused, since they would carry the token to another host.
- 4xx replies except 408, 425 and 429 raise RewardRefused. The server would refuse the same request
  again, and a training whose every reward is 0 or missing is worse than one that stops.
"""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any, NamedTuple

# The server takes 4,096 items and 64 MiB a request. A request stays well below: JSON writes a
# character in 12 bytes at most, and smaller requests spread over the server's threads.
MOST_ITEMS = 1024
MOST_CHARACTERS = 4 * 1024 * 1024
MOST_REPLY_BYTES = 64 * 1024 * 1024
PASSING = (408, 425, 429)
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 6.4  # the sixth wait, each twice the last
FIELDS = ("kind", "choices", "precision", "policy", "question", "reward")


class RewardRefused(RuntimeError):
    """The reward server will not take these requests, however often they are sent."""


class _Failed(Exception):
    """An attempt that may succeed when made again. `judge` is the text of a judge that refuses."""

    def __init__(self, reason: str, judge: str | None = None) -> None:
        super().__init__(reason)
        self.judge = judge


class Answer(NamedTuple):
    """The result of one request."""

    items: list[dict[str, Any]]
    scores: list[dict[str, Any]] | None  # one an item, in order; None after the last attempt
    retries: int
    reason: str  # why the last attempt failed


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


class ScoreClient:
    """Scores items by a reward server, `at_a_time` requests at a time.

    A judge may refuse every case through all attempts (a wrong key or model). Such a request raises
    RewardRefused with `judge_must_answer`, and counts as failed without.
    """

    def __init__(
        self,
        url: str,
        reward: str,
        token_env: str | None,
        timeout_seconds: float,
        attempts: int,
        judge: str | None = None,
        at_a_time: int = 1,
        judge_must_answer: bool = False,
    ) -> None:
        self._url = url.rstrip("/") + "/v1/score"
        self._reward = {"name": reward} if judge is None else {"name": reward, "judge": judge}
        self._token_env = token_env
        self._timeout = timeout_seconds
        self._attempts = attempts
        self._at_a_time = at_a_time
        self._judge_must_answer = judge_must_answer
        self._opener = urllib.request.build_opener(_NoRedirect)

    def headers(self) -> dict[str, str]:
        """The headers of a request. Raises RewardRefused where the token's variable is not set."""
        headers = {"Content-Type": "application/json"}
        if self._token_env is not None:
            token = os.environ.get(self._token_env, "").strip()
            if not token:
                raise RewardRefused(
                    f"the variable {self._token_env} that holds the reward server's token is not set; "
                    "set it where the training runs"
                )
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def score(self, items: list[dict[str, Any]], step: int | None = None) -> list[Answer]:
        """One answer a request, in the order of the items. Asks nothing after RewardRefused."""
        chunks = _chunks(items)
        stop = threading.Event()
        if self._at_a_time == 1 or len(chunks) < 2:
            return [self._ask(chunk, step, stop) for chunk in chunks]
        with concurrent.futures.ThreadPoolExecutor(self._at_a_time) as threads:
            asked = [threads.submit(self._ask, chunk, step, stop) for chunk in chunks]
            try:
                concurrent.futures.wait(asked, return_when=concurrent.futures.FIRST_EXCEPTION)
            finally:
                stop.set()
            return [each.result() for each in asked]

    def _ask(self, items: list[dict[str, Any]], step: int | None, stop: threading.Event) -> Answer:
        ids = [item["id"] for item in items]
        body = {"reward": self._reward, "stage": "rl", "step": step, "items": items}
        data = json.dumps(body).encode("utf-8")
        failed = _Failed("not asked")
        judge = None
        for attempt in range(self._attempts):
            wait = 0.0 if attempt == 0 else min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            if stop.wait(wait):
                break
            try:
                return Answer(items, self._attempt(data, ids), attempt, "")
            except _Failed as error:
                failed = error
                judge = error.judge or judge
        else:
            if judge is not None and self._judge_must_answer:
                raise RewardRefused(f"the judge behind the reward server {self._url} refuses every case: {judge}")
        return Answer(items, None, self._attempts - 1, str(failed))

    def _attempt(self, data: bytes, ids: list[str]) -> list[dict[str, Any]]:
        """The scores of one request. Raises _Failed where another attempt may help."""
        until = time.monotonic() + self._timeout
        request = urllib.request.Request(self._url, data=data, headers=self.headers(), method="POST")
        try:
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    text = self._read(response, until)
            except urllib.error.HTTPError as error:
                with error:
                    raise self._refusal(error.code, self._read(error, until)) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise _Failed(f"{type(reason).__name__}: {reason}") from error
        return _scores(text, ids)

    def _read(self, response: Any, until: float) -> bytes:
        text = bytearray()
        while True:
            part = response.read1(65536)
            if not part:
                return bytes(text)
            text += part
            if time.monotonic() > until:
                raise _Failed(f"no whole reply within {self._timeout:g} s")
            if len(text) > MOST_REPLY_BYTES:
                raise _Failed("the reply is too large")

    def _refusal(self, status: int, text: bytes) -> Exception:
        """The error for a reply that is not 2xx."""
        if status in PASSING or status >= 500:
            return _Failed(f"HTTP {status}", _judge_refusal(text) if status == 502 else None)
        said = " ".join(text[:500].decode("utf-8", "replace").split())
        return RewardRefused(
            f"the reward server {self._url} refused the request with {status}: {said}. "
            "Check the reward's name, the token and the rows"
        )


def _scores(text: bytes, ids: list[str]) -> list[dict[str, Any]]:
    """The scores of a reply. `judged` is a judge's word, or None where rules decided."""
    try:
        scores = [
            {
                "id": score["id"],
                "overall": None if score["overall"] is None else float(score["overall"]),
                "parts": {name: float(part) for name, part in (score.get("parts") or {}).items() if part is not None},
                "judged": None if score.get("judged") is None else dict(score["judged"]),
            }
            for score in json.loads(text)["scores"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Failed("the reply has no scores") from error
    if [score["id"] for score in scores] != ids:
        raise _Failed("the reply has scores of other items")
    return scores


def _judge_refusal(text: bytes) -> str | None:
    """The judge's words on one line; None where no judge refuses, as in a proxy's 502."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict) or body.get("code") != "judge-refuses":
        return None
    return " ".join(str(body.get("error", "")).split())[:500]


def _chunks(items: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The items in order, cut where a request would grow too large. A single item is never cut."""
    chunks: list[list[dict[str, Any]]] = []
    characters = 0
    for item in items:
        size = sum(len(str(value)) for value in item.values())
        if not chunks or len(chunks[-1]) == MOST_ITEMS or characters + size > MOST_CHARACTERS:
            chunks.append([])
            characters = 0
        chunks[-1].append(item)
        characters += size
    return chunks


def item_of(place: int, row: dict[str, Any], completion: Any) -> dict[str, Any]:
    """One completion in the server's form. Ids repeat in a group, so the id holds the place."""
    item = {"id": f"{row.get('id', '')}#{place}", "gold": row["gold"], "answer": _text(completion)}
    for name in FIELDS:
        value = row.get(name)
        if name == "policy" and isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, dict):
            # Tables fill every key.
            value = {key: said for key, said in value.items() if said is not None}
        if value is not None:
            item[name] = value
    return item


def _text(completion: Any) -> str:
    """A completion is text, messages whose last is the model's, or the parts of a message."""
    if isinstance(completion, str):
        return completion
    if isinstance(completion, dict):
        return _text(completion.get("content") or "")
    if completion and isinstance(completion[-1], dict) and "role" in completion[-1]:
        return _text(completion[-1])
    return "".join(part.get("text") or "" for part in completion if isinstance(part, dict))


def unpacked_row(gold: Any) -> dict[str, Any]:
    """The row that Hone packed into a reference answer. Any other text is the reference itself."""
    text = gold if isinstance(gold, str) else str(gold)
    if text.startswith('{"hone":1,'):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return {"gold": text}


class CountedScores:
    """Scores for a reward file. A failure is counted and does not stop the training.

    The count is a JSON line in the file of HONE_REWARD_FAILURES, else beside the reward file.
    """

    def __init__(self, client: ScoreClient, reward_file: str, trainer: str, reward: str, on_failure: str) -> None:
        self._client = client
        self._beside = os.path.join(os.path.dirname(os.path.abspath(reward_file)), "reward-failures.jsonl")
        self._about = {"trainer": trainer, "reward": reward}
        self._did = on_failure

    def score(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One result an item. `overall` is None where no reward can be given."""
        results = []
        for answer in self._client.score(items):
            size = len(answer.items)
            if answer.scores is None:
                attempts = answer.retries + 1
                self._count(event="failed", items=size, attempts=attempts, reason=answer.reason, did=self._did)
                results += [{"overall": None, "accuracy": 0.0, "format": 0.0, "failed": 1.0} for _ in answer.items]
                continue
            for score in answer.scores:
                accuracy, form = (score["parts"].get(name, 0.0) for name in ("accuracy", "format"))
                results.append({"overall": score["overall"], "accuracy": accuracy, "format": form, "failed": 0.0})
            unscored = sum(score["overall"] is None for score in answer.scores)
            if unscored > 0:
                self._count(event="abstained", items=unscored)
        return results

    def _count(self, **event: Any) -> None:
        line = json.dumps({"time": round(time.time(), 3), **self._about, **event})
        print(f"hone reward: {line}", file=sys.stderr, flush=True)
        path = os.environ.get("HONE_REWARD_FAILURES") or self._beside
        try:
            # One write of one line: processes that append at one time do not mix their lines.
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(file, (line + "\n").encode("utf-8"))
            finally:
                os.close(file)
        except OSError as error:
            print(f"hone reward: cannot write the line: {error}", file=sys.stderr, flush=True)
