"""Starts the server: claims the port first, loads, warms up, and reports that it is ready."""

from __future__ import annotations

import argparse
import contextlib
import socket
from collections.abc import Iterator

from hone_trainer.errors import TrainerError


def serve(arguments: argparse.Namespace) -> int:
    """Serves until SIGTERM. Raises TrainerError for a taken port or an unusable folder."""
    listener = socket.socket(socket.AF_INET6 if ":" in arguments.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((arguments.host, arguments.port))
    except OSError as error:
        raise TrainerError(
            f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}. Choose another --port"
        ) from error

    import uvicorn

    from hone_trainer.loading import quiet, use_threads
    from hone_trainer.serving.app import create_app
    from hone_trainer.serving.engine import Engine

    quiet()
    use_threads(None)
    engine = Engine(arguments.model, arguments.precision)
    app = create_app(engine, arguments.name, arguments.model, arguments.max_batch, arguments.max_tokens)

    class Server(uvicorn.Server):
        """Installs no signal handlers: the process's own handler ends it at once instead of waiting
        for open requests.
        """

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            port = listener.getsockname()[1]
            print(f"ready: {arguments.name} on http://{arguments.host}:{port}/v1", flush=True)

    # With a short timeout, an idle connection could be closed while its client sends the next
    # request. That client would see an error.
    settings = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=3600)
    Server(settings).run(sockets=[listener])
    return 0
