"""The door: what the API asks of a running venue, and the one thread in which the venue lives.

The venue is no place for two threads. Whoever wants something of it stands in a queue of bounded
length, and is sent away where the queue is full. What is public comes from the last view and
waits for nobody.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from rollup.crypto.answer import ACTION_ANSWER_BYTES, QUESTION_ANSWER_BYTES, seal_answer
from rollup.crypto.envelope import Destination, EnvelopeReason
from rollup.private import Private
from rollup.protocol.receipt import SignedReceipt
from sequencer.api.milestones import Milestones
from sequencer.api.problems import Code, Problem
from sequencer.batches.artefacts import BatchFolder
from sequencer.engine.event import VenueReason
from sequencer.service.answer import Answer
from sequencer.service.answers import Sight, Watch, action_answer
from sequencer.service.daemon import Daemon
from sequencer.service.public_view import PublicView

Result = TypeVar("Result")

QUEUE_MAX: Final = 64
"""Requests that wait for the venue's thread; each brings 64 envelopes at most."""

RECEIVED: Final = "received"
"""The outcome of whatever opened: what became of its action is for its sender alone."""

_NOT_OPENED: Final = (
    EnvelopeReason.SIZE,
    EnvelopeReason.ENCAPSULATION,
    EnvelopeReason.NOT_AUTHENTIC,
    EnvelopeReason.VERSION,
    EnvelopeReason.EXPIRED,
    EnvelopeReason.TOO_EARLY,
    VenueReason.REPLAYED,
)
"""Reasons that do not depend on what is inside."""


@dataclass(frozen=True, slots=True, repr=False)
class Delivered(Private):
    """What an envelope's answer looks like from outside: the outcome; and of one that opened, its
    receipt and what is sealed to whoever sealed the envelope."""

    outcome: str
    receipt: SignedReceipt | None = None
    sealed: bytes | None = None


class Door:
    """A running venue as the API sees it."""

    def __init__(self, daemon: Daemon, queue_max: int = QUEUE_MAX) -> None:
        self._daemon = daemon
        self._queue_max = queue_max
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="venue")
        self.failure: BaseException | None = None
        self.milestones = Milestones(daemon.view.held, daemon.view.proved)

    @property
    def view(self) -> PublicView:
        """What is public, as it was a moment ago."""
        return self._daemon.view

    @property
    def waiting(self) -> int:
        """Requests that wait for the venue."""
        return self._waiting

    @property
    def sealing_key(self) -> bytes:
        """What envelopes of this run are sealed to."""
        return self._daemon.venue.sealing_key.public_bytes

    @property
    def receipt_signer(self) -> bytes:
        """The L1 address whose key signs receipts."""
        return self._daemon.venue.receipt_signer

    def bundle(self, number: int) -> BatchFolder:
        """The files of a batch; only its public ones are anybody's."""
        return self._daemon.venue.batch_folder(number)

    async def submit(self, envelopes: Sequence[bytes]) -> list[Delivered]:
        """What whoever delivers envelopes hears of each, in order."""
        answers = await self._queued(lambda: self._daemon.submit(envelopes))
        if any(answer.reason is VenueReason.BETWEEN_BATCHES for answer in answers):
            raise Problem(Code.BETWEEN_BATCHES, "nothing was opened: send the same again")
        here = Destination(self.view.chain, self.view.venue)
        return await asyncio.to_thread(lambda: [_delivered(each, here) for each in answers])

    async def ask(self, envelope: bytes) -> bytes:
        """A sealed answer to a sealed question."""
        found = await self._queued(lambda: self._daemon.ask(envelope))
        if isinstance(found, str):
            raise Problem(Code.NOT_OPENED, "it was not opened, and not answered", reason=found)
        here = Destination(self.view.chain, self.view.venue)
        return seal_answer(found.data, found.response_key, here, QUESTION_ANSWER_BYTES)

    async def watch(self, envelope: bytes) -> Watch:
        """Who watches an account, by a sealed question."""
        found = await self._queued(lambda: self._daemon.watch(envelope))
        if isinstance(found, str):
            raise Problem(Code.NOT_OPENED, "it was not opened, and not answered", reason=found)
        return found

    def look(self, watch: Watch, cursor: int) -> asyncio.Future[Sight | None]:
        """What a watcher may see, as soon as the venue has time. Whoever calls waits for one look
        before the next: there are as many in the queue as there are streams."""
        return self._start(lambda: self._daemon.look(watch, cursor))

    async def seal(self, data: bytes, watch: Watch) -> bytes:
        """A frame for a watcher."""
        here, key = Destination(self.view.chain, self.view.venue), watch.response_key
        return await asyncio.to_thread(seal_answer, data, key, here, QUESTION_ANSWER_BYTES)

    async def tick(self) -> None:
        """Let the daemon do what is due: never refused, since everything waits for it."""
        await self._start(self._daemon.tick)
        now = self.view
        self.milestones.see(now.now, now.held, now.proved)

    def drain(self) -> None:
        """Tell the daemon that its end is wanted."""
        self._daemon.drain()

    @property
    def is_done(self) -> bool:
        """Whether the drain has come to its end."""
        return self._daemon.is_done

    def close(self) -> None:
        """Let go of the thread; what it does now comes to its end."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _queued(self, work: Callable[[], Result]) -> Result:
        if self.failure is not None:
            raise Problem(Code.STOPPED, "what was received is on disk; a restart goes on")
        if self._waiting >= self._queue_max:
            raise Problem(Code.BUSY, f"{self._queue_max} requests wait already")
        self._waiting += 1
        future = self._start(work)
        future.add_done_callback(self._left)
        return await asyncio.shield(future)  # a client that goes away leaves its work in the queue

    def _left(self, _: asyncio.Future[Result]) -> None:
        self._waiting -= 1

    def _start(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        """In the venue's thread. What fails there is the venue's end, whoever caused it."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, work)
        future.add_done_callback(self._look)
        return future

    def _look(self, future: asyncio.Future[Result]) -> None:
        if not future.cancelled() and future.exception() is not None:
            self.failure = self.failure or future.exception()


def _delivered(answer: Answer, here: Destination) -> Delivered:
    """Whatever was inside, it is sealed alike: to a key that nobody has, if there is none."""
    if answer.receipt is None:
        if answer.reason not in _NOT_OPENED:
            raise TypeError("what opens has a receipt")
        return Delivered(answer.reason.value)
    sealed = seal_answer(action_answer(answer), answer.response_key, here, ACTION_ANSWER_BYTES)
    return Delivered(RECEIVED, answer.receipt, sealed)
