"""The requests that this server understands, and its errors, in OpenAI's form."""

from __future__ import annotations

import base64
import binascii
import io
import random
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from hone_trainer.seen import as_seen

MAX_IMAGE_PIXELS = 64 * 1024 * 1024


class RequestError(Exception):
    """A request that cannot be answered: HTTP status, OpenAI error code and a sentence that says
    what to change.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def body(self) -> dict[str, Any]:
        """OpenAI's error object."""
        return {"error": {"message": str(self), "type": "invalid_request_error", "code": self.code, "param": None}}


class ImageUrl(BaseModel):
    """Takes only data URLs: a model server that fetches any address in a request is a security
    hole.
    """

    url: str


class ImagePart(BaseModel):
    """A picture in a message."""

    type: Literal["image_url"]
    image_url: ImageUrl


class TextPart(BaseModel):
    """Text in a message."""

    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """One turn."""

    role: Literal["system", "user", "assistant"]
    content: str | list[Annotated[ImagePart | TextPart, Field(discriminator="type")]]


class ChatRequest(BaseModel):
    """POST /v1/chat/completions. Ignores unknown keys, because OpenAI's clients send many of them."""

    model_config = ConfigDict(extra="ignore")
    model: str
    messages: list[ChatMessage] = Field(min_length=1)
    n: int = Field(default=1, ge=1, le=256)
    seed: int | None = None
    temperature: float = Field(default=1.0, ge=0, le=10)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stream: bool = False


@dataclass(frozen=True)
class Sampling:
    """How to draw one answer. `seed` is the answer's own: from the request's seed and the answer's
    place in the request.
    """

    temperature: float
    top_p: float
    max_tokens: int
    seed: int


def samplings(request: ChatRequest, limit: int) -> list[Sampling]:
    """The sampling of each answer. Without a seed it draws one. The answers of one request always
    have different seeds.
    """
    seed = random.getrandbits(48) if request.seed is None else request.seed
    tokens = min(request.max_completion_tokens or request.max_tokens or limit, limit)
    return [
        # 2**61 - 1 is prime and 1_000_003 is odd, so places and neighbouring seeds do not collide
        # for any usual n.
        Sampling(request.temperature, request.top_p, tokens, (seed * 1_000_003 + place) % (2**61 - 1))
        for place in range(request.n)
    ]


def conversation(request: ChatRequest) -> tuple[list[dict[str, Any]], list[tuple[bytes, Image.Image]]]:
    """The messages in the form of chat templates, and the pictures in order, with their original
    bytes.
    """
    messages: list[dict[str, Any]] = []
    pictures: list[tuple[bytes, Image.Image]] = []
    for message in request.messages:
        if isinstance(message.content, str):
            messages.append({"role": message.role, "content": [{"type": "text", "text": message.content}]})
            continue
        content: list[dict[str, Any]] = []
        for part in message.content:
            if isinstance(part, TextPart):
                content.append({"type": "text", "text": part.text})
            else:
                pictures.append(decode_image(part.image_url.url))
                content.append({"type": "image"})
        messages.append({"role": message.role, "content": content})
    return messages, pictures


def decode_image(url: str) -> tuple[bytes, Image.Image]:
    """The bytes of a data URL, and its picture as the model sees it. Raises RequestError 400 for
    anything else.
    """
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise RequestError(400, "invalid_image_url", "images must be data URLs: data:image/png;base64,...")
    try:
        raw = base64.b64decode(data, validate=True)
        image = Image.open(io.BytesIO(raw))
        if image.width * image.height > MAX_IMAGE_PIXELS:
            raise RequestError(
                400, "image_too_large", f"the image has {image.width}x{image.height} pixels; resize it before sending"
            )
        return raw, as_seen(image)
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RequestError(
            400, "invalid_image", f"the image cannot be read ({error}); send a whole PNG or JPEG"
        ) from error
