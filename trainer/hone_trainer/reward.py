"""Rewards for TRL's GRPOTrainer. A completion that could not be scored is left out or gets 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hone_trainer.config import RewardConfig
from hone_trainer.errors import TrainerError
from hone_trainer.processes import rank, world
from hone_trainer.reward_client import FIELDS, RewardRefused, ScoreClient, item_of

REQUESTS_AT_A_TIME = 4
COLUMNS = ("id", *FIELDS)  # what the server may see of a row, beside its answer

LogMetric = Callable[[str, float], None]


class RewardClient:
    """Called by the trainer once a generation pass, with all completions of the pass.

    `__name__` is what the trainer's metrics call the reward: `rewards/<name>/mean`.
    """

    def __init__(self, settings: RewardConfig) -> None:
        """Raises TrainerError where the token's variable is not set."""
        self.__name__ = settings.name
        self._settings = settings
        self._client = ScoreClient(
            settings.url,
            settings.name,
            settings.token_env,
            settings.timeout_seconds,
            settings.attempts,
            judge=settings.judge,
            at_a_time=REQUESTS_AT_A_TIME,
            # Going on without the judge would train on the rows of rules alone and take all
            # others for wrong. The attempts before give a judge the time to start.
            judge_must_answer=True,
        )
        try:
            self._client.headers()
        except RewardRefused as error:
            raise TrainerError(str(error)) from error

    def __call__(
        self,
        prompts: list[Any],
        completions: list[Any],
        log_metric: LogMetric,
        trainer_state: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """One reward a completion; None where the verifier abstained or the server failed."""
        # Each process asks for its own share. The place among the completions of all processes
        # tells the completions of a group apart.
        first = rank() * len(completions)
        items = []
        for index, completion in enumerate(completions):
            row = {name: columns[name][index] for name in COLUMNS if name in columns}
            items.append(item_of(first + index, {**row, "gold": columns["answer"][index]}, completion))
        try:
            answers = self._client.score(items, getattr(trainer_state, "global_step", None))
        except RewardRefused as error:
            raise TrainerError(str(error)) from error
        _log_count("reward/retries", sum(answer.retries for answer in answers), log_metric)
        failed = sum(len(answer.items) for answer in answers if answer.scores is None)
        _log_count("reward/failed", failed, log_metric)
        known = [score for answer in answers for score in answer.scores or ()]
        if known or not items or world() > 1:
            self._log_scores(known, log_metric)
        missing = 0.0 if self._settings.on_failure == "zero" else None
        rewards: list[float | None] = []
        for answer in answers:
            scores = answer.scores
            rewards += [missing] * len(answer.items) if scores is None else [score["overall"] for score in scores]
        return rewards

    def _log_scores(self, scores: list[dict[str, Any]], log_metric: LogMetric) -> None:
        _log_count("reward/abstained", sum(score["overall"] is None for score in scores), log_metric)
        self._log_judge(scores, log_metric)
        for part in sorted({name for score in scores for name in score["parts"]}):
            known = [score["parts"][part] for score in scores if part in score["parts"]]
            log_metric(f"reward/{part}", sum(known) / len(known))

    def _log_judge(self, scores: list[dict[str, Any]], log_metric: LogMetric) -> None:
        """Counts open answers that a judge graded, and open answers that nobody graded.

        The latter count as wrong, so many of them mislead.
        """
        open_ = [score["judged"] for score in scores if score["judged"] is not None]
        if open_ or self._settings.judge is not None or world() > 1:
            graded = sum("tier" in judged for judged in open_)
            _log_count("reward/judged", graded, log_metric)
            _log_count("reward/unjudged", len(open_) - graded, log_metric)


def _log_count(name: str, count: int, log_metric: LogMetric) -> None:
    """Logs the sum over the processes: the trainer takes their mean, so each says as many times."""
    log_metric(name, float(count * world()))
