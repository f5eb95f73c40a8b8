"""WebSockets for the client: streams that are opened anew where they break, in asyncio and without.

As over HTTP no proxy of the environment is asked, and nobody is sent elsewhere; a message has a
bound. Where no connection can be had, the same is asked for by requests, and tried again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Final, Protocol

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, reconnect

from sequencer.client.errors import TransportError, Unreachable, VenueProblem
from sequencer.client.flow import RETRIED_CODES, Flow, Policy
from sequencer.client.http import CONNECT_S
from sequencer.client.session import Session
from sequencer.client.streams import News, Stream

LOOK_S: Final = 0.05
"""How long a blocking client waits at one stream before it looks at the other one."""

CLOSE_S: Final = 1.0
WAITING_MAX: Final = 64
"""News that wait for whoever watches; the venue waits then, and ends who reads nothing for long."""

BROKEN: Final = (OSError, TimeoutError, WebSocketException, TransportError)
RunAsync = Callable[[Flow[Any]], Awaitable[Any]]
Run = Callable[[Flow[Any]], Any]


class _Queue(Protocol):
    async def put(self, item: News | Exception) -> None: ...


def address_of(url: str | None, stream: Stream) -> str:
    """Where a stream is: beside the requests. Unreachable where there is none."""
    if url is None:
        raise Unreachable("streams are not wanted")
    return f"ws{url.removeprefix('http').rstrip('/')}{stream.path}"


class _Straight(connect_async):
    """Follows nobody elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """A redirect is a refusal."""
        return exc


class _StraightBlocking(reconnect):
    """The same for a client that blocks."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """A redirect is a refusal."""
        return exc


async def pump(
    url: str | None, stream: Stream, session: Session, run: RunAsync, queue: _Queue
) -> None:
    """Tell a queue what a stream tells, for as long as the task lives; an error ends it. Without an
    address the venue is asked alone."""
    pause = _Pause(session.policy)
    try:
        while True:
            try:
                await _listen(address_of(url, stream), stream, queue, pause)
            except BROKEN:
                for news in await _asked(stream, session, run):
                    await queue.put(news)
            await asyncio.sleep(pause.next())
    except Exception as error:
        await queue.put(error)


async def _listen(address: str, stream: Stream, queue: _Queue, pause: "_Pause") -> None:
    async with _Straight(
        address,
        proxy=None,
        compression=None,
        open_timeout=CONNECT_S,
        close_timeout=CLOSE_S,
        max_size=stream.most,
        max_queue=4,
    ) as socket:
        first = stream.begin()
        if first is not None:
            await socket.send(first)
        while True:
            async with asyncio.timeout(stream.quiet_s):
                message = await socket.recv()
            for news in stream.take(message):
                await queue.put(news)
            pause.again()


async def _asked(stream: Stream, session: Session, run: RunAsync) -> Sequence[News]:
    """What requests tell instead, and the keys that the venue has by now."""
    try:
        await run(session.load_keys())
        found: Sequence[News] = await run(stream.ask())
    except TransportError:
        return ()
    except VenueProblem as problem:
        _require_passing(problem)
        return ()
    return found


class Feed:
    """One stream of a client that blocks."""

    def __init__(self, url: str | None, stream: Stream, session: Session, run: Run) -> None:
        """Without an address the venue is asked alone."""
        self._url = url
        self._stream, self._session, self._run = stream, session, run
        self._pause = _Pause(session.policy)
        self._socket: ClientConnection | None = None
        self._open_ones = ExitStack()
        self._try_at = self._heard_at = time.monotonic()

    def step(self) -> Sequence[News]:
        """What it tells within LOOK_S."""
        try:
            if self._socket is None:
                return self._open()
            message = self._socket.recv(timeout=LOOK_S)
            news = self._stream.take(message)
        except TimeoutError:
            quiet_s = self._stream.quiet_s
            if quiet_s is None or time.monotonic() - self._heard_at < quiet_s:
                return ()
            return self._broken()
        except BROKEN:
            return self._broken()
        self._heard_at = time.monotonic()
        self._pause.again()
        return news

    def close(self) -> None:
        """Hang up."""
        self._socket = None
        with suppress(*BROKEN):
            self._open_ones.close()

    def _open(self) -> Sequence[News]:
        left = self._try_at - time.monotonic()
        if left > 0:
            time.sleep(min(left, LOOK_S))
            return ()
        try:
            connecting = _StraightBlocking(
                address_of(self._url, self._stream),
                proxy=None,
                compression=None,
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                max_size=self._stream.most,
                max_queue=4,
            )
            self._socket = self._open_ones.enter_context(connecting)
            first = self._stream.begin()
            if first is not None:
                self._socket.send(first)
        except BROKEN:
            return self._broken()
        self._heard_at = time.monotonic()
        return ()

    def _broken(self) -> Sequence[News]:
        self.close()
        self._try_at = time.monotonic() + self._pause.next()
        try:
            self._run(self._session.load_keys())
            found: Sequence[News] = self._run(self._stream.ask())
        except TransportError:
            return ()
        except VenueProblem as problem:
            _require_passing(problem)
            return ()
        return found


class _Pause:
    """Between two connections: it doubles, and begins anew once a frame has come."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._seconds = policy.pause

    def next(self) -> float:
        seconds = self._seconds
        self._seconds = min(2 * seconds, self._policy.pause_max)
        return seconds

    def again(self) -> None:
        self._seconds = self._policy.pause


def _require_passing(problem: VenueProblem) -> None:
    """Raises what no time will mend."""
    if problem.code not in RETRIED_CODES:
        raise problem
