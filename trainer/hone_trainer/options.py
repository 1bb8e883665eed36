"""A recipe's own arguments for TRL, by TRL's names."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hone_trainer.errors import TrainerError


def with_options(shape: type[Any], own: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Adds `options` to `own`. Raises TrainerError for an option that is already set, or that
    `shape` lacks.

    An option never replaces a setting of the job: two places that say different things cannot
    both be right.
    """
    taken = sorted(set(options) & set(own))
    if taken:
        raise TrainerError(f"options.{taken[0]} is set by the settings of the job: leave it out of the options")
    known = {field.name for field in fields(shape) if field.init}
    unknown = sorted(set(options) - known)
    if unknown:
        raise TrainerError(f"options.{unknown[0]}: {shape.__name__} of TRL has no such argument; see TRL's own list")
    return {**own, **options}
