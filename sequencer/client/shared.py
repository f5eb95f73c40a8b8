"""One watch for all tasks that wait for an order: whatever comes, each looks whether it is done."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from sequencer.client.streams import News


class SharedNews:
    """Watches while somebody listens, over one pair of connections."""

    def __init__(self, watch: Callable[[], AsyncGenerator[News, None]]) -> None:
        self._watch = watch
        self._pulses: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """What waits for the next news, of any kind. It raises what ended the watch."""
        pulse = asyncio.Event()
        self._pulses.add(pulse)
        if self._task is None or self._task.done():
            self._failure = None
            self._task = asyncio.create_task(self._listen())
        try:
            yield lambda: self._next(pulse)
        finally:
            self._pulses.discard(pulse)
            if not self._pulses:
                await self._stop()

    async def _listen(self) -> None:
        try:
            async with aclosing(self._watch()) as watched:
                async for _ in watched:
                    self._wake()
        except Exception as error:
            self._failure = error
            self._wake()

    def _wake(self) -> None:
        for pulse in self._pulses:
            pulse.set()

    async def _next(self, pulse: asyncio.Event) -> None:
        await pulse.wait()
        pulse.clear()
        if self._failure is not None:
            raise self._failure

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
