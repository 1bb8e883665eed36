"""Dynamic batching: when the model becomes free, all waiting requests are answered together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hone_trainer.serving.engine import Answer, Engine, Prompt
from hone_trainer.serving.protocol import Sampling

# A client that keeps many requests open sends the next requests within this time of the last
# answers. Waiting for them fills the batch. On an empty server a single request pays this time.
GATHER_SECONDS = 0.008


@dataclass
class Waiting:
    """One answer that a client waits for."""

    prompt: Prompt
    sampling: Sampling
    done: asyncio.Future[tuple[Answer, int]]


class BatchQueue:
    """Holds the waiting requests and feeds the engine from one thread."""

    def __init__(self, engine: Engine, max_batch: int) -> None:
        self._engine = engine
        self._max_batch = max_batch
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._pump: asyncio.Task[None] | None = None
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many answers wait for the next batch."""
        return len(self._waiting)

    def start(self) -> None:
        """Begins to answer. Call it inside the event loop."""
        self._pump = asyncio.create_task(self._run())

    async def ask(self, prompt: Prompt, sampling: Sampling) -> tuple[Answer, int]:
        """Waits for one answer. A request that is cancelled before its batch begins leaves the
        queue.
        """
        item = Waiting(prompt, sampling, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        self._arrived.set()
        return await item.done

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await self._gather()
            batch = self._next()
            if not self._waiting:
                self._arrived.clear()
            if batch:
                await self._answer(batch)

    async def _gather(self) -> None:
        """Waits as long as requests keep arriving and the batch is not full."""
        before = -1
        while before != len(self._waiting) < self._max_batch:
            before = len(self._waiting)
            await asyncio.sleep(GATHER_SECONDS)

    def _next(self) -> list[Waiting]:
        """The oldest waiting request and the requests nearest to it in length, so that no row pays
        for a much longer neighbour.

        The oldest request is always taken, so no request waits forever.
        """
        self._waiting = [item for item in self._waiting if not item.done.done()]
        if not self._waiting:
            return []
        first = self._waiting[0]
        near = sorted(
            self._waiting,
            key=lambda item: (
                abs(item.prompt.size - first.prompt.size) // 64,
                abs(item.sampling.max_tokens - first.sampling.max_tokens),
            ),
        )
        chosen = near[: self._max_batch]
        if first not in chosen:
            chosen[-1] = first
        taken = {id(item) for item in chosen}
        self._waiting = [item for item in self._waiting if id(item) not in taken]
        return sorted(chosen, key=lambda item: item.prompt.size)

    async def _answer(self, batch: list[Waiting]) -> None:
        self.running = len(batch)
        loop = asyncio.get_running_loop()
        prompts, samplings = [item.prompt for item in batch], [item.sampling for item in batch]
        try:
            answers, lengths = await loop.run_in_executor(self._thread, self._engine.answer, prompts, samplings)
        except Exception as error:
            for item in batch:
                if not item.done.done():
                    item.done.set_exception(error)
        else:
            for item, answer, length in zip(batch, answers, lengths, strict=True):
                if not item.done.done():
                    item.done.set_result((answer, length))
        finally:
            self.running = 0
