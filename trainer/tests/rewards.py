"""A reward server on a free port. A test chooses its answers, and it records the requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Items = list[dict[str, Any]]


def by_turns(_request: int, items: Items) -> list[float | None]:
    """Rewards 0, 1, 0, 1, …: every group has spread."""
    return [float(place % 2) for place in range(len(items))]


class RewardServer:
    """`answers(request number from 0, items)` gives the rewards, or an HTTP status to fail with.
    `codes` gives the code of that failure.
    """

    def __init__(self) -> None:
        self.answers: Callable[[int, Items], list[float | None] | int] = by_turns
        self.codes: dict[int, str] = {}
        self.judged: dict[str, Any] | None = None  # the judge's part of every score
        self.bodies: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                number = len(server.bodies)
                server.bodies.append({"path": self.path, **body})
                server.tokens.append(self.headers.get("Authorization"))
                answer = server.answers(number, body["items"])
                if isinstance(answer, int):
                    self._send(answer, {"error": "as the test\n  wants it", "code": server.codes.get(answer)})
                else:
                    self._send(200, {"version": "1", "scores": _scores(body["items"], answer, server.judged)})

            def _send(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: object) -> None:
                """Logs nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> RewardServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()


def _scores(items: Items, rewards: list[float | None], judged: dict[str, Any] | None) -> Items:
    return [
        {
            "id": item["id"],
            "overall": reward,
            "parts": {"accuracy": reward, "format": 1.0},
            "verdict": "unsure" if reward is None else "right" if reward else "wrong",
            "reason": "",
            "extracted": None,
            **({} if judged is None else {"judged": judged}),
        }
        for item, reward in zip(items, rewards, strict=True)
    ]
