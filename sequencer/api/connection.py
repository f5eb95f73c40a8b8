"""Connections with deadlines of our own: whoever is too slow, in sending or in reading, is ended.

uvicorn waits without end for a head that never comes whole, and for a client that reads nothing;
closing such a connection in order would wait as well, so it is aborted.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.protocol import State

HEAD_SECONDS: Final = 10.0
"""From the opening of a connection, or the end of an answer, to the whole head of a request."""

SEND_SECONDS: Final = 10.0
SEND_BYTES: Final = 65_536
"""A client takes at least so much in that time, or all that it was sent."""

WAITING_BYTES_MAX: Final = 1 << 18
"""More than the largest frame that a stream sends; it sends one at a time."""

PARTS_MAX: Final = 16
"""Parts of one message."""


class ReadingDeadline(asyncio.Protocol):
    """A connection whose client has to read: it is aborted where it does not. `send_seconds` long
    it may take for SEND_BYTES, or for all that waits."""

    send_seconds = SEND_SECONDS
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _send: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Every byte that the client does not take counts as waiting."""
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._send = _cancelled(self._send)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take at once what it was sent."""
        super().pause_writing()
        if self._send is None:
            self._await_reading()

    def resume_writing(self) -> None:
        """It took all of it."""
        self._send = _cancelled(self._send)
        super().resume_writing()

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


class DeadlineProtocol(ReadingDeadline, H11Protocol):
    """HTTP/1.1 on one connection."""

    head_seconds = HEAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A head is waited for."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head = _cancelled(self._head)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A head that has come whole has begun a cycle."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._head = _cancelled(self._head)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """From now on the connection is another protocol's, with a deadline of its own."""
        self._head = _cancelled(self._head)
        self._send = _cancelled(self._send)
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """The next head is waited for, however little of it has come."""
        super().on_response_complete()
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()

    def _await_head(self) -> None:
        self._head = _cancelled(self._head)
        self._head = self.loop.call_later(self.head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        """Whoever is still being sent the last answer has the other deadline."""
        if self.transport.get_write_buffer_size():
            self._await_head()
        else:
            self._abort()


class SocketProtocol(ReadingDeadline, WebSocketsSansIOProtocol):
    """A WebSocket on one connection, after its handshake over HTTP/1.1.

    uvicorn answers pings however many wait unread, keeps every part of a message that comes in
    parts, empty ones too, and logs what is no UTF-8: all of that is ended here.
    """

    def handle_ping(self) -> None:
        """Whoever does not read its pongs is ended before they fill the memory."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > WAITING_BYTES_MAX:
            self._abort()

    def handle_cont(self, event: Frame) -> None:
        """A message in a few parts is a message still; one in parts without end is none."""
        super().handle_cont(event)
        if len(self.frames) > PARTS_MAX:
            self._end(CloseCode.POLICY_VIOLATION, "a message in fewer parts is wanted")

    def handle_text(self, event: Frame) -> None:
        """No text is wanted on any stream."""
        self._end(CloseCode.UNSUPPORTED_DATA, "a binary message is wanted")

    def shutdown(self) -> None:
        """The server ends: it is going away."""
        if self.handshake_complete and not self.close_sent:
            self._end(CloseCode.GOING_AWAY, "the venue ends")
        super().shutdown()

    def _end(self, code: CloseCode, reason: str) -> None:
        """Say why, and hang up once that was read."""
        if self.close_sent or self.conn.state is not State.OPEN:
            return
        self.conn.send_close(code, reason)
        self.handle_parser_exception()


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """No timer, once the one that ran is cancelled."""
    if timer is not None:
        timer.cancel()
    return None
