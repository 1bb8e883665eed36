"""The model server over real HTTP: all tests of this file share one process, which the last of them
ends.
"""

from __future__ import annotations

import base64
import io
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import Trainer


class Served:
    """A client of the server."""

    def __init__(self, trainer: Trainer, url: str, pictures: list[Path]) -> None:
        self.trainer, self.url = trainer, url
        self._pictures = [base64.b64encode(path.read_bytes()).decode() for path in pictures]
        self.client = httpx.Client(base_url=url, timeout=60)

    def picture(self, place: int) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{self._pictures[place]}"}}

    def ask(self, place: int | None = 0, text: str = "What colour is it?", **settings: Any) -> httpx.Response:
        shown = [] if place is None else [self.picture(place)]
        content = [*shown, {"type": "text", "text": text}]
        body = {"model": "tiny", "messages": [{"role": "user", "content": content}], "max_tokens": 12, **settings}
        return self.client.post("/v1/chat/completions", json=body)

    def texts(self, place: int | None = 0, **settings: Any) -> list[str]:
        reply = self.ask(place, **settings)
        assert reply.status_code == 200, reply.text
        return [choice["message"]["content"] for choice in reply.json()["choices"]]


@pytest.fixture(scope="module")
def served(base: Path, pictures: list[Path]) -> Iterator[Served]:
    arguments = ("--model", str(base), "--name", "tiny", "--port", "0", "--max-tokens", "600", "--precision", "fp32")
    with Trainer("serve", *arguments) as trainer:
        deadline = time.monotonic() + 120
        while (ready := re.search(r"ready: tiny on (http://127\.0\.0\.1:\d+)/v1", trainer.stdout())) is None:
            assert trainer.process.poll() is None, trainer.stderr()
            assert time.monotonic() < deadline, trainer.stderr()
            time.sleep(0.05)
        yield Served(trainer, ready[1], pictures)


def test_it_says_what_it_serves(served: Served, base: Path) -> None:
    (card,) = served.client.get("/v1/models").json()["data"]
    assert (card["id"], card["root"], card["object"]) == ("tiny", str(base), "model")
    assert served.client.get("/health").json()["status"] == "ok"


def test_n_answers_differ_and_a_seed_gives_them_again(served: Served) -> None:
    first = served.texts(n=4, seed=11)
    assert len(set(first)) == 4
    assert served.texts(n=4, seed=11) == first
    assert served.texts(n=4, seed=12) != first
    assert served.texts(n=2, seed=11) == first[:2]
    assert served.texts(n=4) != served.texts(n=4)


def test_a_seeded_answer_does_not_depend_on_its_batch(served: Served) -> None:
    alone = [served.texts(place, seed=place, top_p=0.9, text="So? " * (1 + 3 * place)) for place in range(4)]
    batches = []
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(served.texts, place, seed=place, top_p=0.9, text="So? " * (1 + 3 * place)) for place in range(4)
        ]
        others = [pool.submit(served.texts, None, n=3, text="Something else, with no picture") for _ in range(4)]
        batches = [job.result() for job in jobs]
        for other in others:
            other.result()
    assert batches == alone


def test_greedy_is_always_the_same(served: Served) -> None:
    texts = served.texts(n=3, temperature=0) + served.texts(temperature=0, seed=5)
    assert len(set(texts)) == 1


def test_usage_is_counted_and_a_limit_is_told(served: Served) -> None:
    reply = served.ask(n=2, seed=1, max_tokens=3).json()
    assert [choice["index"] for choice in reply["choices"]] == [0, 1]
    assert {choice["finish_reason"] for choice in reply["choices"]} == {"length"}
    usage = reply["usage"]
    assert usage["completion_tokens"] == 6
    assert usage["total_tokens"] == usage["prompt_tokens"] + 6
    assert usage["prompt_tokens"] > 4  # the picture counts too
    ended = [served.ask(seed=seed, max_tokens=600).json()["choices"][0]["finish_reason"] for seed in range(3)]
    assert "stop" in ended


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,AAAA", "invalid_image"),
        ("data:image/png;base64,%%%", "invalid_image"),
        ("http://127.0.0.1/picture.png", "invalid_image_url"),
        ("file:///etc/hostname", "invalid_image_url"),
    ],
)
def test_a_bad_image_is_refused_in_openais_form(served: Served, url: str, code: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    reply = served.ask(messages=[{"role": "user", "content": content}])
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert (error["code"], error["type"]) == (code, "invalid_request_error")
    assert error["message"]


def test_wrong_requests_are_refused_by_what_is_wrong(served: Served) -> None:
    other = served.ask(model="another")
    assert (other.status_code, other.json()["error"]["code"]) == (404, "model_not_found")
    assert "tiny" in other.json()["error"]["message"]
    for settings, told in (({"n": 0}, "n:"), ({"temperature": -1}, "temperature:"), ({"messages": []}, "messages:")):
        reply = served.ask(**settings)
        assert reply.status_code == 400
        assert told in reply.json()["error"]["message"]
    assert served.ask(stream=True).status_code == 400
    assert served.client.post("/v1/chat/completions", content=b"{").status_code == 400
    assert len(served.texts()) == 1  # no request did harm


def test_a_pictures_token_in_the_text_is_refused_before_it_can_harm_others(served: Served) -> None:
    for place in (0, None):
        reply = served.ask(place, text="What is <|image_pad|> here?")
        assert reply.status_code == 400, reply.text
        assert "<|image_pad|>" in reply.json()["error"]["message"]
    assert served.ask(text="What is an image_pad?").status_code == 200


def test_a_flat_picture_is_refused_before_it_can_harm_others(served: Served) -> None:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (2048, 9)).save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What is it?"}]
    body = {"model": "tiny", "messages": [{"role": "user", "content": content}]}
    reply = served.client.post("/v1/chat/completions", json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "image_too_flat")
    assert "2048x9" in reply.json()["error"]["message"]


def test_sigterm_ends_it_at_once_with_a_request_open(served: Served) -> None:
    def ask_long() -> None:
        with pytest.raises(httpx.HTTPError):
            served.ask(n=64, max_tokens=600)

    asking = threading.Thread(target=ask_long)
    asking.start()
    deadline = time.monotonic() + 20
    while served.client.get("/health").json()["running"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    asked = time.monotonic()
    served.trainer.process.send_signal(signal.SIGTERM)
    assert served.trainer.wait(20) == 143
    assert time.monotonic() - asked < 5
    asking.join()
