"""Connections on a real server: whoever is too slow is ended by us, and others are served."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from threading import Event

import pytest
from starlette.types import Receive, Scope, Send

from sequencer.api.connection import DeadlineProtocol
from sequencer.api.server import HEAD_BYTES_MAX
from tests.helpers.served import served

LIMIT_S = 0.4
PATIENCE_S = 30.0
LARGE = 64 << 20
Address = tuple[str, int]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """/large answers more than any buffer takes, all else with two bytes."""
    body = bytes(LARGE if scope["path"] == "/large" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[Address]:
    monkeypatch.setattr(DeadlineProtocol, "head_seconds", LIMIT_S)
    monkeypatch.setattr(DeadlineProtocol, "send_seconds", LIMIT_S)
    with served(app) as found:
        yield found


def ended_after(connection: socket.socket) -> float:
    """Seconds until the server ends a connection; fails if it does not."""
    begun = time.monotonic()
    connection.settimeout(PATIENCE_S)
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - begun


def get(address: Address, path: str = "/") -> int:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
    connection.request("GET", path)
    response = connection.getresponse()
    size = len(response.read())
    connection.close()
    return size


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET"]
)
def test_a_head_that_never_comes_whole_ends_the_connection(address: Address, sent: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert LIMIT_S / 2 < ended_after(connection) < PATIENCE_S
    assert get(address) == 2


def test_a_head_that_comes_byte_by_byte_gets_no_longer(address: Address) -> None:
    begun = time.monotonic()
    with socket.create_connection(address) as connection, pytest.raises(OSError):
        for byte in b"GET / HTTP/1.1\r\nx: " + bytes(1_000).replace(b"\0", b"a"):
            connection.sendall(bytes((byte,)))
            time.sleep(0.02)
    assert time.monotonic() - begun < PATIENCE_S


def test_a_client_that_does_not_read_is_ended_and_others_are_served(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    aborted = Event()
    real = DeadlineProtocol._abort

    def abort(protocol: DeadlineProtocol) -> None:
        real(protocol)
        aborted.set()

    monkeypatch.setattr(DeadlineProtocol, "_abort", abort)
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
        assert aborted.wait(PATIENCE_S)
        assert get(address) == 2
        connection.settimeout(PATIENCE_S)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                received += len(part)
        assert received < LARGE


def test_a_client_that_reads_gets_a_large_answer_whole(address: Address) -> None:
    assert get(address, "/large") == LARGE


def test_a_head_that_is_too_large_is_refused(address: Address) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx: " + b"a" * (2 * HEAD_BYTES_MAX) + b"\r\n\r\n")
        connection.settimeout(PATIENCE_S)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_connection_is_used_again_within_its_deadline(address: Address) -> None:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_S)
    for _ in range(5):
        connection.request("GET", "/")
        assert len(connection.getresponse().read()) == 2
        time.sleep(LIMIT_S / 2)
    connection.close()
