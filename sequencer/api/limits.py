"""Limits on every request: how many at once, how long a body may take, and how errors end.

A connection that sends its head too slowly, or does not read its answer, is ended in
sequencer/api/connection.py, which sees the socket.
"""

import asyncio
import logging
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sequencer.api.metrics import Metrics
from sequencer.api.problems import Code, Problem

REQUESTS_MAX: Final = 128
"""Requests at once, whatever they are for."""

BODY_SECONDS: Final = 5.0
OCTETS: Final = "application/octet-stream"
LOG: Final = logging.getLogger("crypsis.api")


class Limits:
    """Outermost of all: counts what goes on, and turns what nobody foresaw into a problem."""

    def __init__(self, app: ASGIApp, metrics: Metrics, most: int = REQUESTS_MAX) -> None:
        self._app = app
        self._metrics = metrics
        self._most = most
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._active >= self._most:
            problem = Problem(Code.BUSY, f"{self._most} requests are being answered")
            self._metrics.problems.labels(problem.code.value).inc()
            await problem.response()(scope, receive, send)
            return
        self._active += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._active -= 1


async def read_body(request: Request, most: int, seconds: float = BODY_SECONDS) -> bytes:
    """The body of a request, if it is octets, not larger than `most`, and comes in time."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != OCTETS:
        raise Problem(Code.MEDIA_TYPE, f"content-type {OCTETS} is wanted")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Problem(Code.BODY_TOO_LARGE, f"at most {most} bytes are wanted")
                parts.append(part)
    except TimeoutError:
        raise Problem(Code.BODY_TOO_SLOW, f"all of it within {seconds:g} s is wanted") from None
    return b"".join(parts)
