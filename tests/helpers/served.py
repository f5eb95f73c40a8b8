"""An application on a real server in a thread, on a free port of the loopback."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from starlette.types import ASGIApp

from sequencer.api.server import Server, listen, make_server

START_S = 10.0


@contextmanager
def served(app: ASGIApp) -> Iterator[tuple[str, int]]:
    """Host and port, while the block runs."""
    with listen("127.0.0.1", 0) as listening:
        server = make_server(app)
        started = Event()
        thread = Thread(target=_run, args=(server, listening, started), daemon=True)
        thread.start()
        assert started.wait(START_S)
        yield listening.getsockname()[:2]
        server.should_exit = True
        thread.join(START_S)
        assert not thread.is_alive(), "the server does not end"


def _run(server: Server, listening: socket.socket, started: Event) -> None:
    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        started.set()
        await serving

    asyncio.run(run())
