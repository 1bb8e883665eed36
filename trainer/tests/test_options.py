"""A recipe's own arguments for TRL."""

from __future__ import annotations

import pytest
from trl import SFTConfig

from hone_trainer.errors import TrainerError
from hone_trainer.options import with_options

OWN = {"output_dir": "x", "learning_rate": 1e-5}


def test_an_option_of_trl_is_passed_through() -> None:
    assert with_options(SFTConfig, OWN, {"adam_beta2": 0.95}) == {**OWN, "adam_beta2": 0.95}


def test_an_option_that_the_job_sets_itself_is_refused_by_name() -> None:
    with pytest.raises(TrainerError, match=r"options.learning_rate is set by the settings"):
        with_options(SFTConfig, OWN, {"learning_rate": 1.0})


def test_an_option_that_trl_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(TrainerError, match=r"options.lerning_rate: SFTConfig of TRL has no such argument"):
        with_options(SFTConfig, OWN, {"lerning_rate": 1.0})
