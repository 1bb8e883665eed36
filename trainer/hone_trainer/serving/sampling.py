"""Chooses the next token of each row by the row's own settings and its own random numbers.

Hugging Face's `generate` has one temperature and one random stream for a whole batch, so an
answer would depend on its neighbours. Here `generate` only runs the model and its cache. A
logits processor makes each row's choice and leaves that token as the only possible token. Greedy
rows keep their scores. This works for every model that `generate` supports.
"""

from __future__ import annotations

import torch
from transformers import LogitsProcessor

from hone_trainer.serving.protocol import Sampling


class RowSampler(LogitsProcessor):
    """The sampler of one batch. It draws its random numbers beforehand, one for each token, from a
    generator that depends only on the row's seed.
    """

    def __init__(self, rows: list[Sampling], prompt_length: int, end_token: int, device: torch.device) -> None:
        self._prompt_length = prompt_length
        self._end_token = end_token
        steps = max(row.max_tokens for row in rows)
        draws = torch.zeros(len(rows), steps, dtype=torch.float64)
        for place, row in enumerate(rows):
            if row.temperature > 0:
                generator = torch.Generator().manual_seed(row.seed)
                draws[place, : row.max_tokens] = torch.rand(row.max_tokens, generator=generator, dtype=torch.float64)
        self._draws = draws.to(device)
        self._limits = torch.tensor([row.max_tokens for row in rows], device=device)
        warm = torch.tensor([row.temperature for row in rows], device=device)
        self._warm = warm > 0
        self._temperature = torch.where(self._warm, warm, 1.0).unsqueeze(1)
        self._top_p = torch.tensor([row.top_p for row in rows], device=device).unsqueeze(1)
        self._cuts = bool((self._top_p < 1).any())
        self._any_warm = bool(self._warm.any())

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores in which the chosen token is the greatest. After a row's limit the chosen token is
        the end token.
        """
        step = input_ids.shape[1] - self._prompt_length
        choice = scores.argmax(-1)
        if self._any_warm:
            choice = torch.where(self._warm, self._draw(scores, step), choice)
        choice = torch.where(self._limits <= step, self._end_token, choice)
        chosen = torch.full_like(scores, float("-inf"))
        return chosen.scatter_(1, choice.unsqueeze(1), 0.0)

    def _draw(self, scores: torch.Tensor, step: int) -> torch.Tensor:
        """Inverse of the distribution function over tokens in the order of their ids.

        The order of probability was rejected: rounding could swap two nearly equal tokens, and
        so change the answer. It uses double precision, so that the sum over a large vocabulary
        stays exact enough.
        """
        probabilities = torch.softmax(scores.double() / self._temperature, dim=-1)
        if self._cuts:
            ordered, order = probabilities.sort(-1, descending=True)
            outside = ordered.cumsum(-1) - ordered >= self._top_p
            probabilities = probabilities.masked_fill(outside.scatter(1, order, outside), 0.0)
        mass = probabilities.cumsum(-1)
        target = self._draws[:, min(step, self._draws.shape[1] - 1)].unsqueeze(1) * mass[:, -1:]
        return torch.searchsorted(mass, target, right=True).squeeze(1).clamp(max=scores.shape[1] - 1)
