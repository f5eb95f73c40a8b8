"""The venue's two streams without input or output: what to say first, and what each frame tells.

A stream goes on where it was when its connection broke. Own facts are numbered, so none is lost and
none is told twice; of what is public a snapshot says all that is, and what did not change since is
not told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from rollup.crypto.answer import QUESTION_ANSWER_BYTES, ResponseKey
from rollup.crypto.hpke import OVERHEAD_BYTES
from rollup.private import Private
from sequencer.client import wire
from sequencer.client.amounts import price_of
from sequencer.client.errors import ConnectionBroken, OrderRefused, WrongAnswer
from sequencer.client.flow import Flow
from sequencer.client.records import BatchInfo, Fact, Page, PublicFrame, Status
from sequencer.client.session import PAGES_MAX, Account, Session

PUBLIC_BYTES_MAX: Final = 1 << 17
BATCHES_KEPT: Final = 64
"""More than a snapshot tells of."""


@dataclass(frozen=True, slots=True, repr=False)
class News(Private):
    """Something that `watch` tells: `own` facts, or a `status`, `prices` by symbol, or a `batch`,
    each in the member of its name; `quiet` if nothing happened. With `has_gap` the venue no longer
    tells some of the facts before these."""

    kind: str
    facts: tuple[Fact, ...] = ()
    has_gap: bool = False
    status: Status | None = None
    prices: dict[str, Decimal] | None = None
    batch: BatchInfo | None = None


class Stream(Protocol):
    """One of the streams. `most` is the longest message, in bytes; `quiet_s` how long it may say
    nothing, None for any time."""

    path: str
    most: int
    quiet_s: float | None

    def begin(self) -> bytes | None:
        """What to send on a connection that was opened."""

    def take(self, message: str | bytes) -> Sequence[News]:
        """What a message tells. ConnectionBroken if messages before it are missing; WrongAnswer,
        NotForUs."""

    def ask(self) -> Flow[Sequence[News]]:
        """The same, asked for, where no connection can be had."""


class OwnStream:
    """What happens to the account's own orders, from what was read of them until now."""

    path = "/v1/private/stream"
    most = QUESTION_ANSWER_BYTES + OVERHEAD_BYTES
    quiet_s: float | None = 10.0

    def __init__(self, session: Session) -> None:
        self._session = session
        self._run, self._told = session.book.run, session.book.cursor
        self._key = ResponseKey.generate()
        self._frame = 0
        self._account: Account | None = None

    def begin(self) -> bytes:
        """A question with a key of its own, from where the last frame ended."""
        self._key, self._frame, self._account = ResponseKey.generate(), 0, None
        return self._session.question(self._told, self._key)

    def take(self, message: str | bytes) -> Sequence[News]:
        """What a frame tells. OrderRefused where the account is not the asker's, or not any more;
        ConnectionBroken where a frame is missing or came twice."""
        if isinstance(message, str):
            raise WrongAnswer("a binary frame is wanted")
        session = self._session
        frame = wire.read(session.opened(self._key, message), "frame", wire.own_frame)
        if frame.number != self._frame:
            raise ConnectionBroken(f"frame {self._frame} is wanted, {frame.number} came")
        self._frame += 1
        if frame.is_refused:
            raise OrderRefused("question-refused")
        if frame.page is None:
            return ()
        if frame.account != session.owner.account:
            raise WrongAnswer("a frame about another account than was asked about")
        session.hear_time(frame.time)
        news = self._learn(frame.run, frame.page)
        if frame.holding is None and self._account is None:
            raise WrongAnswer("the first frame says what the account holds")
        if frame.holding is not None:
            self._account = Account(frame.time, *frame.holding)
            news = news or (News("own"),)
        session.account = self._account
        return news

    def ask(self) -> Flow[Sequence[News]]:
        """By questions, to the end of the history."""
        found: list[News] = []
        for _ in range(PAGES_MAX):
            answer = yield from self._session.read(self._told)
            found += self._news(answer.run, answer.page)
            if not answer.page.more:
                return found
        raise WrongAnswer(f"a history of more than {PAGES_MAX} pages")

    def _learn(self, run: str, page: Page) -> Sequence[News]:
        session = self._session
        session.book.learn(run, page, self._told if run == self._run else 0, session.markets)
        return self._news(run, page)

    def _news(self, run: str, page: Page) -> Sequence[News]:
        """Facts that this stream has not told yet, whoever else has read them meanwhile."""
        is_anew = self._run is not None and run != self._run
        if is_anew:
            self._told = page.first
        facts = page.facts[max(0, self._told - page.first) :]
        has_gap = is_anew or page.first > self._told
        self._run, self._told = run, max(self._told, page.next)
        return (News("own", facts, has_gap),) if facts or has_gap else ()


class PublicStream:
    """What anybody may know, as it changes."""

    path = "/v1/stream"
    most = PUBLIC_BYTES_MAX
    quiet_s: float | None = None

    def __init__(self, session: Session) -> None:
        self._session = session
        self._batches: dict[int, BatchInfo] = {}
        self._prices: dict[int, int] = {}
        self._status: Status | None = None

    def begin(self) -> None:
        """Nothing is wanted of whoever listens."""

    def take(self, message: str | bytes) -> Sequence[News]:
        """What a frame tells that is new. WrongAnswer."""
        if isinstance(message, bytes):
            raise WrongAnswer("a frame in text is wanted")
        return self._news(wire.read(message.encode("utf-8"), "frame", wire.public_frame))

    def ask(self) -> Flow[Sequence[News]]:
        """By requests: status and prices; of batches the status tells how far they have come."""
        status = yield from self._session.load_status()
        prices = yield from self._session.get("/v1/prices", wire.prices)
        return self._news(PublicFrame(status, prices))

    def _news(self, frame: PublicFrame) -> Sequence[News]:
        found = []
        if frame.status is not None and frame.status != self._status:
            self._status = frame.status
            self._session.hear_status(frame.status)
            found.append(News("status", status=frame.status))
        if frame.prices is not None and frame.prices != self._prices:
            self._prices = frame.prices
            found.append(News("prices", prices=_by_symbol(self._session, frame.prices)))
        for batch in frame.batches:
            if self._batches.pop(batch.number, None) != batch:
                found.append(News("batch", batch=batch))
            self._batches[batch.number] = batch
        while len(self._batches) > BATCHES_KEPT:
            del self._batches[next(iter(self._batches))]
        return found


def streams_of(session: Session) -> list[Stream]:
    """All that a client can hear: with an account its own, too."""
    public = PublicStream(session)
    return [public] if session.key is None else [public, OwnStream(session)]


def _by_symbol(session: Session, ticks: dict[int, int]) -> dict[str, Decimal]:
    return {
        market.symbol: price_of(ticks[number], market)
        for number, market in enumerate(session.markets)
        if number in ticks
    }
