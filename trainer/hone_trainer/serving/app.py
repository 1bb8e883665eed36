"""The HTTP side: OpenAI's two routes, and a health route."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from hone_trainer.serving.engine import Engine
from hone_trainer.serving.protocol import ChatRequest, RequestError, conversation, samplings
from hone_trainer.serving.queue import BatchQueue


def create_app(engine: Engine, name: str, root: Path, max_batch: int, max_tokens: int) -> FastAPI:
    """An app that serves one model under one name."""
    queue = BatchQueue(engine, max_batch)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        queue.start()
        yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.exception_handler(RequestError)
    async def refuse(_request: Request, error: RequestError) -> JSONResponse:
        return JSONResponse(error.body(), error.status)

    @app.exception_handler(Exception)
    async def fail(_request: Request, error: Exception) -> JSONResponse:
        message = f"the model failed: {type(error).__name__}: {error}"
        return JSONResponse({"error": {"message": message, "type": "server_error", "code": None, "param": None}}, 500)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "waiting": queue.waiting, "running": queue.running}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        card = {"id": name, "object": "model", "created": 0, "owned_by": "hone", "root": str(root)}
        return {"object": "list", "data": [card]}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> dict[str, Any]:
        wanted = parse(await request.body(), name)
        prompt = engine.prepare(*conversation(wanted))
        asked = await asyncio.gather(*(queue.ask(prompt, one) for one in samplings(wanted, max_tokens)))
        return reply(wanted.model, asked)

    return app


def parse(body: bytes, name: str) -> ChatRequest:
    """Raises RequestError: 400 for a wrong body, 404 for another model's name."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise RequestError(400, "invalid_request", f"{where}: {first['msg']}") from error
    if request.model != name:
        raise RequestError(404, "model_not_found", f"the model `{request.model}` is not served here; this is `{name}`")
    if request.stream:
        raise RequestError(400, "unsupported", "streaming is not supported; send stream: false")
    return request


def reply(model: str, asked: list[Any]) -> dict[str, Any]:
    """OpenAI's completion object. The prompt counts once, for any n."""
    completion = sum(answer.tokens for answer, _length in asked)
    prompt = asked[0][1]
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": index,
                "message": {"role": "assistant", "content": answer.text},
                "finish_reason": answer.finish_reason,
                "logprobs": None,
            }
            for index, (answer, _length) in enumerate(asked)
        ],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }
