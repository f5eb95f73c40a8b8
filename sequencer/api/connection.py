"""Connections with deadlines of our own: whoever is too slow, in sending or in reading, is ended.

uvicorn waits without end for a head that never comes whole, and for a client that reads no answer;
closing such a connection in order would wait as well, so it is aborted.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""From the opening of a connection, or the end of an answer, to the whole head of a request."""

SEND_SECONDS: Final = 10.0
SEND_BYTES: Final = 65_536
"""A client takes at least so much in that time, or all that it was sent."""


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1 on one connection."""

    head_seconds = HEAD_SECONDS
    send_seconds = SEND_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head: asyncio.TimerHandle | None = None
        self._send: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Every byte that the client does not take counts as waiting."""
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head = _cancelled(self._head)
        self._send = _cancelled(self._send)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A head that has come whole has begun a cycle."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._head = _cancelled(self._head)

    def on_response_complete(self) -> None:
        """The next head is waited for, however little of it has come."""
        super().on_response_complete()
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()

    def pause_writing(self) -> None:
        """The client does not take at once what it was sent."""
        super().pause_writing()
        if self._send is None:
            self._await_reading()

    def resume_writing(self) -> None:
        """It took all of it."""
        self._send = _cancelled(self._send)
        super().resume_writing()

    def _await_head(self) -> None:
        self._head = _cancelled(self._head)
        self._head = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        """Whoever is still being sent the last answer has the other deadline."""
        if self.transport.get_write_buffer_size():
            self._await_head()
        else:
            self._abort()

    def _await_reading(self) -> None:
        """Come again later; by then the client has taken some of what waits now."""
        waiting = self.transport.get_write_buffer_size()
        self._send = self.loop.call_later(self.send_seconds, self._look, waiting)

    def _look(self, before: int) -> None:
        if before - self.transport.get_write_buffer_size() < SEND_BYTES:
            self._abort()
        else:
            self._await_reading()

    def _abort(self) -> None:
        self.transport.abort()


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """No timer, once the one that ran is cancelled."""
    if timer is not None:
        timer.cancel()
    return None
