"""WebSockets: how many there are, who may open one, and how each comes to its end.

A stream runs until its client leaves, says what it should not, or takes too long to read
(sequencer/api/connection.py). There is no queue in it: a stream looks at what is, and tells what is
new since it told something last.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from sequencer.api.handlers import Context
from sequencer.api.limits import LOG
from sequencer.api.metrics import Metrics
from sequencer.api.problems import Code, Problem

STREAMS_MAX: Final = 64
"""Streams at once, of both kinds; a private one costs four sealed frames a second."""

STREAMS_OF_PEER_MAX: Final = 16
"""Of one address: a few pages and programs, and three addresses cannot keep all others out."""

UNSUPPORTED: Final = 1003
POLICY: Final = 1008
FAILED: Final = 1011
TRY_AGAIN: Final = 1013

_OF_PROBLEM: Final = {Code.BUSY: TRY_AGAIN, Code.STOPPED: FAILED}

Stream = Callable[[WebSocket, Context], Awaitable[None]]


class Ended(Exception):
    """A stream that we end: the code of RFC 6455, and a reason that holds nothing private."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Places:
    """How many streams are open, of all together and of each peer."""

    def __init__(self, most: int = STREAMS_MAX, of_peer: int = STREAMS_OF_PEER_MAX) -> None:
        self._most, self._of_peer = most, of_peer
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, peer: str, metrics: Metrics) -> Iterator[None]:
        """One of them, while the block runs. Raises Problem where there is none left."""
        if self._taken[peer] >= self._of_peer:
            metrics.streams_refused.labels("peer").inc()
            detail = f"{self._of_peer} streams of one address are open"
            raise Problem(Code.TOO_MANY_STREAMS, detail)
        if self._taken.total() >= self._most:
            metrics.streams_refused.labels("all").inc()
            raise Problem(Code.BUSY, f"{self._most} streams are open")
        self._taken[peer] += 1
        try:
            yield
        finally:
            self._taken[peer] -= 1
            if not self._taken[peer]:
                del self._taken[peer]


def peer_of(host: str | None) -> str:
    """Whose a connection is: its address, of IPv6 the network of 64 bits, which is one client's to
    choose addresses from."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return host or ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)


def endpoint(
    name: str, stream: Stream, places: Places, *, same_origin: bool
) -> Callable[[WebSocket], Awaitable[None]]:
    """A route's function: refuses by a problem, runs the stream, and says why it ended.

    Of a failure that nobody foresaw only its kind is logged, as everywhere in the API.
    """

    async def run(socket: WebSocket) -> None:
        context: Context = socket.app.state.context
        try:
            if same_origin and is_foreign(socket):
                raise Problem(Code.ORIGIN, "the origin of the page is not the host that it asks")
            peer = peer_of(None if socket.client is None else socket.client.host)
            place = places.taken(peer, context.metrics)
            with place, context.metrics.streams.labels(name).track_inprogress():
                await socket.accept()
                await _ended(socket, stream, context)
        except Problem as problem:
            context.metrics.problems.labels(problem.code.value).inc()
            await socket.send_denial_response(problem.response())

    return run


async def _ended(socket: WebSocket, stream: Stream, context: Context) -> None:
    try:
        await stream(socket, context)
    except WebSocketDisconnect:
        return
    except Ended as end:
        code, reason = end.code, end.reason
    except Problem as problem:
        context.metrics.problems.labels(problem.code.value).inc()
        code = _OF_PROBLEM.get(problem.code, POLICY)
        reason = str(problem.members.get("reason", problem.code.value))
    except Exception as error:
        LOG.error("a stream failed: %s", type(error).__name__)
        code, reason = FAILED, Code.INTERNAL.value
    try:
        await socket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError):
        return  # it has gone meanwhile


def is_foreign(socket: WebSocket) -> bool:
    """Whether a browser sends it for a page of another origin. Programs send no origin."""
    origins, host = socket.headers.getlist("origin"), socket.headers.get("host", "")
    return any(_place(origin) != host.lower() for origin in origins)


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


async def attended(socket: WebSocket, telling: Coroutine[None, None, None]) -> None:
    """Tell until the client leaves. Ended if it says something: nothing is wanted of it."""
    tasks = [asyncio.create_task(each) for each in (telling, _silence(socket))]
    for task in tasks:
        task.add_done_callback(_heard)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()


def _heard(task: asyncio.Task[None]) -> None:
    """The other one's error is no news."""
    if not task.cancelled():
        task.exception()


async def _silence(socket: WebSocket) -> None:
    await received(socket)
    raise Ended(POLICY, "nothing more is wanted")


async def received(socket: WebSocket) -> Message:
    """The next message. WebSocketDisconnect where there is none."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(int(message.get("code") or 1005))
    return message
