"""The demo's base model: the order of its rows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hone_trainer.base.build import _order
from hone_trainer.config import BaseConfig


def _settings(folder: Path, **more: int) -> BaseConfig:
    paths = {name: folder / name for name in ("output", "metrics", "result", "corpus")}
    return BaseConfig(kind="base", steps=1, **paths, **more)


def _eight(folder: Path) -> list[list[int]]:
    return list(islice(_order(32, _settings(folder, batch_size=8)), 8))


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
