"""Teaches the vision tower what is in each part of a picture, before it is asked to help with text.

Through the text alone the tower hears of its mistakes by way of an untrained language model: that takes hundreds of
steps of the whole model. Told directly, the tower needs dozens of its own, each a tenth of the price.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from hone_trainer.config import BaseConfig


def part_labels(answers: list[str], parts: list[int]) -> list[list[int] | None]:
    """What is where in each row's picture, as numbers; None for an answer that does not say.

    An answer that says it begins with a list, up to the first full stop, of as many items as the picture has image
    tokens, in their order: "top left red circle, top right empty, ...". The place belongs to the label: a token that
    says where it lies is found by the words for the place, and the language model need not learn to reckon positions.
    """
    lists = [
        items if len(items := answer.split(".")[0].split(", ")) == count else None
        for answer, count in zip(answers, parts, strict=True)
    ]
    names = sorted({item for items in lists if items is not None for item in items})
    numbers = {name: number for number, name in enumerate(names)}
    return [None if items is None else [numbers[item] for item in items] for items in lists]


def learn_to_see(
    model: Any,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    classes: int,
    settings: BaseConfig,
) -> None:
    """Trains the vision tower, and it alone, with a linear classifier of each image token that is thrown away.

    A batch is pixels, grids and the labels of all image tokens in their order.
    """
    tower = model.model.visual
    head = torch.nn.Linear(settings.hidden_size, classes)
    weights = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=settings.see_steps)
    tower.train()
    for step in range(1, settings.see_steps + 1):
        pixels, grids, labels = next(batches)
        guesses = head(tower(pixels, grid_thw=grids).pooler_output)
        loss = torch.nn.functional.cross_entropy(guesses, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        if step % settings.log_every_steps == 0 or step == settings.see_steps:
            right = float((guesses.argmax(-1) == labels).float().mean())
            print(f"base model: sees {right:.0%} after step {step} of {settings.see_steps}", flush=True)
