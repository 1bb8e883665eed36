"""The demo's base model: the labels for its vision tower, and how rows share a batch."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hone_trainer.base.build import _order
from hone_trainer.base.seeing import part_labels
from hone_trainer.config import BaseConfig


def _settings(folder: Path, **more: int) -> BaseConfig:
    paths = {name: folder / name for name in ("output", "metrics", "result", "corpus")}
    return BaseConfig(kind="base", steps=1, **paths, **more)


def _eight(folder: Path) -> list[list[int]]:
    return list(islice(_order(32, _settings(folder, batch_size=8)), 8))


def test_labels_say_what_is_where() -> None:
    answers = [
        "top left red circle, top right empty.",
        "top left empty, top right red circle. red: 1 top right.",
        "it is 2. <answer>2</answer>",
    ]
    one, two, nothing = part_labels(answers, [2, 2, 2])
    assert one is not None
    assert two is not None
    assert len({*one, *two}) == 4
    assert part_labels([answers[0], answers[0]], [2, 2]) == [[0, 1], [0, 1]]
    assert nothing is None


def test_a_list_of_another_length_says_nothing() -> None:
    assert part_labels(["top left red circle, top right empty."], [4]) == [None]


def test_every_row_comes_once_an_epoch(tmp_path: Path) -> None:
    epoch = list(islice(_order(64, _settings(tmp_path, batch_size=8)), 8))
    assert sorted(pick for batch in epoch for pick in batch) == list(range(64))


def test_the_last_batch_of_an_epoch_is_filled_up(tmp_path: Path) -> None:
    epoch = list(islice(_order(5, _settings(tmp_path, batch_size=4)), 2))
    assert [len(batch) for batch in epoch] == [4, 4]
    assert {pick for batch in epoch for pick in batch} == set(range(5))
    assert len(next(_order(3, _settings(tmp_path, batch_size=8)))) == 8


def test_epochs_have_orders_of_their_own_and_a_seed_repeats_them(tmp_path: Path) -> None:
    first = _eight(tmp_path)
    assert first[:4] != first[4:]
    assert first == _eight(tmp_path)
