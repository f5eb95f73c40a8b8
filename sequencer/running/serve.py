"""The loop of a running venue: its server, its clock, and how it ends.

The first signal drains: the open batch closes by the clock, is brought to L1 and proved. The second
ends at once; the folder has everything that was answered for.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.api.server import Server, make_server

TICK_S: Final = 0.05
"""How late a batch may close: beside the disk's flush, nobody will tell it apart."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class EndedAtOnce(Exception):
    """A second signal came: what was not proved waits."""


@dataclass(slots=True)
class _Ending:
    """How often the program was told to end."""

    door: Door
    say: Callable[[str], None]
    told: int = 0
    at_once: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> None:
        self.told += 1
        if self.told == 1:
            self.say("draining: the open batch closes by the clock; once more ends at once")
            self.door.drain()
        else:
            self.at_once.set()


def serve(
    door: Door,
    listening: socket.socket,
    say: Callable[[str], None],
    ready: Callable[[], None],
    more: Sequence[BaseRoute] = (),
    *,
    publishes: bool = False,
) -> None:
    """Run until a drain has come to its end. Raises EndedAtOnce, or what stopped the venue.

    `more` is served beside the API; `publishes`: what batches publish, to whoever asks.
    """
    asyncio.run(_serve(door, listening, say, ready, make_app(door, more, publishes=publishes)))


async def _serve(
    door: Door,
    listening: socket.socket,
    say: Callable[[str], None],
    ready: Callable[[], None],
    app: ASGIApp,
) -> None:
    ending = _Ending(door, say)
    loop = asyncio.get_running_loop()
    for each in SIGNALS:
        loop.add_signal_handler(each, ending)
    server = make_server(app)
    try:
        await door.tick()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await _until_started(server, serving)
        ready()
        await _live(door, ending, serving)
        await _end(server, serving)
    finally:
        for each in SIGNALS:
            loop.remove_signal_handler(each)


async def _until_started(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():
        await asyncio.sleep(TICK_S)


async def _live(door: Door, ending: _Ending, serving: asyncio.Task[None]) -> None:
    """Ticks until the drain is done, or something stopped."""
    while not door.is_done:
        if ending.at_once.is_set():
            raise EndedAtOnce("ended at once: what was not proved waits in the folder")
        if door.failure is not None:
            raise door.failure
        if serving.done():
            await serving
            raise RuntimeError("the server ended by itself")
        await door.tick()
        await asyncio.sleep(TICK_S)


async def _end(server: Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    await serving
