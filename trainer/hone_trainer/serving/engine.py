"""The model and a batch: takes prompts with pictures, gives texts. Knows nothing about HTTP or
queues.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import LogitsProcessorList

from hone_trainer.images import remember_pixels
from hone_trainer.loading import device, load_model, load_processor
from hone_trainer.refusals import FLATTEST, is_too_flat, picture_tokens
from hone_trainer.serving.protocol import RequestError, Sampling
from hone_trainer.serving.sampling import RowSampler

KEPT_PICTURES = 2048


@dataclass(frozen=True)
class Prompt:
    """A request after the chat template: its text and its pictures."""

    text: str
    pictures: tuple[Image.Image, ...]

    @property
    def size(self) -> int:
        """A measure of length for sorting, in characters. A picture counts as its share of a usual
        page.

        Tokens were rejected: a fast tokenizer stores its padding settings in itself. Counting
        here, while the model's thread makes a batch, would break that batch.
        """
        return len(self.text) + sum(image.width * image.height // 256 for image in self.pictures)


@dataclass(frozen=True)
class Answer:
    """One text, its length in tokens (with the end token), and whether it ended by itself."""

    text: str
    tokens: int
    finish_reason: str


class Engine:
    """Loads the folder once. `prepare` may run on any thread, `answer` on one thread at a time."""

    def __init__(self, folder: Path, precision: str) -> None:
        self.processor = load_processor(folder)
        self.processor.tokenizer.padding_side = "left"
        remember_pixels(self.processor)
        self.model: Any = load_model(folder, precision).to(device()).eval()
        ends = self.model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        self._ends = {end for end in [*listed, self.processor.tokenizer.eos_token_id] if end is not None}
        self._pictures: OrderedDict[bytes, Image.Image] = OrderedDict()

    def prepare(self, messages: list[dict[str, Any]], pictures: list[tuple[bytes, Image.Image]]) -> Prompt:
        """Applies the chat template. Equal pictures become one object, so that the model's
        processor prepares them only once.
        """
        self._refuse_marks(messages)
        self._refuse_flat(pictures)
        try:
            text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates raise any exception about roles and their order
            raise RequestError(400, "invalid_messages", f"the chat template refuses the messages: {error}") from error
        images = tuple(self._same(raw, image) for raw, image in pictures)
        return Prompt(text, images)

    def _refuse_marks(self, messages: list[dict[str, Any]]) -> None:
        """Refuses picture tokens in a text: they would count as pictures, and the whole batch would
        fail.
        """
        texts = [part.get("text", "") for message in messages for part in message["content"]]
        for mark in picture_tokens(self.processor):
            if any(mark in text for text in texts):
                raise RequestError(
                    400, "invalid_messages", f"the text holds {mark}, which is the mark of a picture; remove it"
                )

    def _refuse_flat(self, pictures: list[tuple[bytes, Image.Image]]) -> None:
        """Refuses pictures that the processor refuses: there the whole batch would fail."""
        for _raw, image in pictures:
            if is_too_flat(self.processor, image.width, image.height):
                raise RequestError(
                    400,
                    "image_too_flat",
                    f"the image has {image.width}x{image.height} pixels, and this model takes no image whose one side "
                    f"is over {FLATTEST} times the other; cut it",
                )

    def _same(self, raw: bytes, image: Image.Image) -> Image.Image:
        key = sha256(raw).digest()
        kept = self._pictures.setdefault(key, image)
        self._pictures.move_to_end(key)
        if len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)
        return kept

    def answer(self, prompts: list[Prompt], samplings: list[Sampling]) -> tuple[list[Answer], list[int]]:
        """Answers and prompt lengths in tokens, in the order of the prompts."""
        images = [list(prompt.pictures) for prompt in prompts]
        inputs = self.processor(
            text=[prompt.text for prompt in prompts],
            images=images if any(images) else None,
            padding=True,
            return_tensors="pt",
        ).to(self.model.device)
        length = inputs["input_ids"].shape[1]
        end = self.processor.tokenizer.eos_token_id
        sampler = RowSampler(samplings, length, end, self.model.device)
        with torch.inference_mode():
            output = self.model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=max(sampling.max_tokens for sampling in samplings),
                logits_processor=LogitsProcessorList([sampler]),
                pad_token_id=self.processor.tokenizer.pad_token_id,
                eos_token_id=sorted(self._ends),
            )
        used = inputs["attention_mask"].sum(1).tolist()
        rows = output[:, length:].tolist()
        return [self._cut(row, sampling) for row, sampling in zip(rows, samplings, strict=True)], used

    def _cut(self, row: list[int], sampling: Sampling) -> Answer:
        """Cuts a row at its end or its limit. Stop tokens count, but are not part of the text."""
        for place, token in enumerate(row[: sampling.max_tokens]):
            if token in self._ends:
                text = self.processor.tokenizer.decode(row[:place], skip_special_tokens=True)
                return Answer(text, place + 1, "stop")
        kept = row[: sampling.max_tokens]
        return Answer(self.processor.tokenizer.decode(kept, skip_special_tokens=True), len(kept), "length")
