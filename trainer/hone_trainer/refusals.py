"""Refuses rows that would end a job in the middle, before its first step.

Hone leaves such rows out and counts them (trainers/training-rows.ts, docs/pictures.md). This check
is for rows that another program wrote: a job that ends at once with the row's name costs less than
a job that ends after hours with a message about tensors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PIL import Image

from hone_trainer.errors import TrainerError
from hone_trainer.rows import PLACEHOLDER, Message, Row

# `smart_resize` in the image processors of transformers raises ValueError above it.
FLATTEST = 200


def picture_tokens(processor: Any) -> list[str]:
    """The tokens of pictures and videos. In a text they would count as pictures."""
    names = [getattr(processor, name, None) for name in ("image_token", "video_token")]
    return [name for name in names if isinstance(name, str) and name != PLACEHOLDER]


def is_too_flat(processor: Any, width: int, height: int) -> bool:
    """Whether the processor refuses pictures of this shape. Only the processors of the Qwen-VL
    family do, which give a grid of patches.
    """
    names = getattr(getattr(processor, "image_processor", None), "model_input_names", ())
    return "image_grid_thw" in names and max(width, height) > FLATTEST * min(width, height)


def refuse_unusable(rows: Iterable[Row], processor: Any) -> None:
    """Raises TrainerError with the id of the first row that the model's processor would fail on."""
    tokens = picture_tokens(processor)
    for row in rows:
        for message in _texts(row):
            for token in tokens:
                if token in message.content:
                    raise TrainerError(
                        f"row {row.id}: a text of {message.role} holds {token}, which this model's tokenizer takes for "
                        "a picture; remove it from the text or leave the row out"
                    )
        for path in row.images:
            with Image.open(path) as picture:
                width, height = picture.size
            if is_too_flat(processor, width, height):
                raise TrainerError(
                    f"row {row.id}: the picture {path} has {width}x{height} pixels, and this model takes no picture "
                    f"whose one side is over {FLATTEST} times the other; cut it or leave the row out"
                )


def _texts(row: Row) -> list[Message]:
    """All turns: the reply too, which `turns` may leave out."""
    return list(getattr(row, "messages", row.turns()))
