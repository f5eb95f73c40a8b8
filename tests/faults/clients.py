"""Clients that are slow, half-open or gone: the venue behind the API lives on and serves others."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from unittest.mock import patch

from sequencer.api.app import make_app
from sequencer.api.connection import DeadlineProtocol
from sequencer.api.door import Door
from tests.faults.disk import Fault
from tests.faults.life import Life
from tests.helpers import venue as small
from tests.helpers.served import served

PATIENCE_S = 60.0
LIMIT_S = 0.5
HEAD = b"POST /v1/envelopes HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n"
OCTETS = {"content-type": "application/octet-stream"}
Address = tuple[str, int]


def half_a_head(connection: socket.socket, random: Random) -> None:
    """A head that never comes whole."""
    connection.sendall(HEAD[: random.randrange(1, len(HEAD))])


def half_a_body(connection: socket.socket, random: Random) -> None:
    """Less than was announced, and then nothing."""
    connection.sendall(HEAD + b"content-length: 336\r\n\r\n" + bytes(random.randrange(336)))


def no_reader(connection: socket.socket, random: Random) -> None:
    """Asks and asks, and never reads an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    connection.setblocking(False)
    asked = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 64
    with suppress(BlockingIOError):
        connection.sendall(asked)


def gone(connection: socket.socket, random: Random) -> None:
    """Sends a request and is no more."""
    connection.sendall(HEAD + b"content-length: 336\r\n\r\n" + random.randbytes(336))
    connection.close()


RUDE = (half_a_head, half_a_body, no_reader, gone)


def trade(address: Address, life: Life) -> int:
    """Envelopes of honest clients; how many were received."""
    received = 0
    life.generation += 1
    terms = {"slot": life.generation % 250, "generation": life.generation}
    for order in (small.sell(1, 2, **terms), small.buy(2, 1, **terms)):
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
        body = life.running.envelope(order)
        connection.request(
            "POST", "/v1/envelopes", body, {"content-type": "application/octet-stream"}
        )
        answer = connection.getresponse()
        received += b'"received"' in answer.read() and answer.status == 200
        connection.close()
    return received


@contextmanager
def standing(address: Address, random: Random, count: int) -> Iterator[dict[str, int]]:
    """So many rude connections, while the block runs."""
    kinds: dict[str, int] = {}
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(address, PATIENCE_S))
            rude = random.choice(RUDE)
            kinds[rude.__name__] = kinds.get(rude.__name__, 0) + 1
            rude(connection, random)
        yield kinds


def rudeness(root: Path, random: Random, rounds: int, count: int) -> dict[str, int]:
    """Rounds of rude clients around honest ones; how many there were of each kind."""
    life = Life(root, random, Fault.KILL, at=0)
    door = Door(life.simulation.daemon)
    deadlines = {"head_seconds": LIMIT_S, "send_seconds": LIMIT_S}
    total: dict[str, int] = {}
    with patch.multiple(DeadlineProtocol, **deadlines), served(make_app(door)) as address:
        for _ in range(rounds):
            with standing(address, random, count) as kinds:
                assert trade(address, life) == 2, "an honest client was not served"
                door._thread.submit(life.simulation.pass_time, 1_000, 500).result(PATIENCE_S)
                assert trade(address, life) == 2, "an honest client was not served"
            total = {kind: total.get(kind, 0) + kinds.get(kind, 0) for kind in {*total, *kinds}}
        _require_open(address)
    door.close()
    life.settle()
    life.require_whole()
    return total


def _require_open(address: Address) -> None:
    """Rude connections were ended: a new one is served without delay."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    assert time.monotonic() - begun < PATIENCE_S
