"""The server: uvicorn on a socket of ours, without its hands on our signals."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from rollup.crypto.envelope import ENVELOPE_BYTES
from sequencer.api.connection import DeadlineProtocol, SocketProtocol

CONNECTIONS_MAX: Final = 512
GRACE_S: Final = 5
"""For requests that are being answered when the server ends."""

KEEP_ALIVE_S: Final = 5
BACKLOG: Final = 128
PROXIES: Final = ["127.0.0.1", "::1"]
"""Whose `x-forwarded-for` says whose a connection is: a proxy's on this machine."""

HEAD_BYTES_MAX: Final = 16_384


class Server(uvicorn.Server):
    """Serves until `should_exit`. Signals are the program's: a venue drains before it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def make_server(app: ASGIApp) -> Server:
    """A server for one application. It says nothing about itself, and logs no request."""
    config = uvicorn.Config(
        app,
        http=DeadlineProtocol,
        ws=SocketProtocol,
        ws_max_size=ENVELOPE_BYTES,  # all that anybody has to say
        ws_per_message_deflate=False,  # sizes would tell what is inside
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=PROXIES,  # not what an environment variable says
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=BACKLOG,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
    )
    return Server(config)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes one that is free. OSError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family, backlog=BACKLOG)
    found.setblocking(False)
    return found
