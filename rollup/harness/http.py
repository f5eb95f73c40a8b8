"""The mock L1 on a socket of this machine: JSON-RPC by POST, with a bound on everything that waits.

`/` is the contract of a venue, or an outpost of one; `/test` is another venue's beside it, which
the conformance suite deploys anew for every scenario, and which no venue ever sees.
"""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rollup.harness.dispatch import Answer, handle
from rollup.l1.forms import PROOF_BYTES_MAX
from rollup.protocol.public_json import PUBLIC_BYTES_MAX

LOOPBACK = "127.0.0.1"
HOSTS = (LOOPBACK, "localhost")
CONTRACT_PATH = "/"
TEST_PATH = "/test"
MEDIA_TYPE = "application/json"

BODY_BYTES_MAX = 2 * (PROOF_BYTES_MAX + PUBLIC_BYTES_MAX)
"""A proof in hex, and a public input whose quotes are escaped."""

BODY_SECONDS = 30
KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 5
CONNECTIONS_MAX = 256
BACKLOG = 64


def application(endpoints: Mapping[str, Answer]) -> Starlette:
    """Endpoints by their paths. Requests are answered one after the other: an L1 has one order."""
    turn = asyncio.Lock()

    def endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            if request.headers.get("content-type", "").partition(";")[0].strip() != MEDIA_TYPE:
                return PlainTextResponse(f"{MEDIA_TYPE} is wanted", 415)
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await request.body()
            except TimeoutError:
                return PlainTextResponse("the body did not come in time", 408)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            async with turn:
                answered = await run_in_threadpool(handle, body, answer)
            if answered is None:
                return Response(status_code=204)
            return Response(answered, media_type=MEDIA_TYPE)

        return respond

    return Starlette(
        routes=[
            Route(path, endpoint(answer), methods=["POST"]) for path, answer in endpoints.items()
        ],
        max_body_size=BODY_BYTES_MAX,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))],
    )


def listen(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 takes a free one. OSError where it is taken.

    The protocol is named because asyncio turns Nagle's algorithm off only where it is: with it on,
    every answer waits 40 ms for an acknowledgement.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((LOOPBACK, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise OSError(error.errno, error.strerror, f"{LOOPBACK}:{port}") from error
    return bound


class Server(uvicorn.Server):
    """uvicorn that ends well: its own handlers raise the signal again when all is done, so that a
    process which was asked to stop and did would look as if it had been killed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal, at once at the second; leave signals of other threads alone."""
        loop = asyncio.get_running_loop()
        try:
            for each in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(each, self._stop)
        except (ValueError, RuntimeError):  # not in the main thread: somebody else stops it
            pass
        yield

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def server(app: Starlette) -> Server:
    """The server for `serve(sockets=[listen(port)])`."""
    return Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
