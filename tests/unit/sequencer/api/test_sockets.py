"""Streams on a real server: clients that do not read, that do not answer or say too much."""

import contextlib
import socket
import struct
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from rollup.crypto.answer import ResponseKey
from rollup.crypto.envelope import ENVELOPE_BYTES
from sequencer.api import private_stream
from sequencer.api.app import make_app
from sequencer.api.connection import DeadlineProtocol, SocketProtocol
from sequencer.api.door import Door
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.served import served as serving
from tests.helpers.streams import PRIVATE, PUBLIC, Served, opened

RICH = 10**6 * small.USDC
LIMIT_S = 0.4
PATIENCE_S = 60.0
LARGEST = 1 << 20
GOING_AWAY, UNSUPPORTED, POLICY, TOO_BIG = 1001, 1003, 1008, 1009
BINARY, CONTINUATION, PING = 0x02, 0x00, 0x89
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
"""As programs write it; the key is of 16 zero bytes."""


@dataclass
class Site:
    """A served venue and where it is."""

    venue: Served
    address: tuple[str, int]

    def connect(self, path: str) -> ClientConnection:
        host, port = self.address
        return connect(f"ws://{host}:{port}{path}", max_size=LARGEST, open_timeout=PATIENCE_S)

    @contextlib.contextmanager
    def raw(self, path: str, buffer: int = 0) -> Iterator[socket.socket]:
        """A client that has shaken hands and reads what the test reads."""
        with socket.socket() as found:
            if buffer:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            found.settimeout(PATIENCE_S)
            found.connect(self.address)
            found.sendall(HANDSHAKE.format(path=path).encode())
            head = b""
            while b"\r\n\r\n" not in head:
                head += found.recv(1)
            assert head.startswith(b"HTTP/1.1 101")
            yield found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Quick beats and short deadlines; trader 1 has money."""
    monkeypatch.setattr(private_stream, "BEAT_S", 0.02)
    monkeypatch.setattr(private_stream, "SEAL_S", 0.01)
    monkeypatch.setattr(DeadlineProtocol, "head_seconds", LIMIT_S)
    monkeypatch.setattr(SocketProtocol, "send_seconds", LIMIT_S)
    simulation = Simulation(tmp_path / "target")
    simulation.world.register(1, RICH)
    simulation.pass_time(2 * INTERVAL_MS)
    door = Door(simulation.daemon)
    with serving(make_app(door)) as address:
        yield Site(Served(simulation, door), address)
    door.close()


@pytest.fixture
def aborted(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set once the server aborted a stream."""
    found, real = Event(), SocketProtocol._abort

    def abort(protocol: SocketProtocol) -> None:
        real(protocol)
        found.set()

    monkeypatch.setattr(SocketProtocol, "_abort", abort)
    return found


def frame(code: int, data: bytes = b"") -> bytes:
    """A client's frame, masked with zeros; below 126 bytes, or with a length of two."""
    size = len(data)
    length = bytes((0x80 | size,)) if size < 126 else struct.pack(">BH", 0x80 | 126, size)
    return bytes((code,)) + length + bytes(4) + data


def close_code(connection: ClientConnection) -> int:
    """With which the server ends a stream, however many frames come before."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            connection.recv(timeout=PATIENCE_S)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def open_streams(site: Site) -> float:
    """Public ones, by the metrics."""
    host, port = site.address
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PATIENCE_S) as response:
        lines = response.read().decode().splitlines()
    (line,) = [each for each in lines if each.startswith('crypsis_streams{stream="public"}')]
    return float(line.split()[-1])


def ended(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            received += part
    return received


def test_streams_outlive_the_deadline_of_a_head(site: Site) -> None:
    key = ResponseKey.generate()
    with site.connect(PRIVATE) as owner, site.connect(PUBLIC) as anybody:
        owner.send(site.venue.question(1, key))
        begun = time.monotonic()
        while time.monotonic() < begun + 4 * LIMIT_S:
            assert opened(bytes(owner.recv(timeout=PATIENCE_S)), key)["v"] == 2
        anybody.recv(timeout=PATIENCE_S)
        site.venue.pass_time(INTERVAL_MS)
        assert '"type":"batch"' in str(anybody.recv(timeout=PATIENCE_S))


def test_a_client_that_does_not_read_is_ended_and_others_are_told(
    site: Site, aborted: Event
) -> None:
    key = ResponseKey.generate()
    with site.raw(PRIVATE, buffer=4096) as deaf, site.connect(PRIVATE) as other:
        deaf.sendall(frame(0x80 | BINARY, site.venue.question(1, ResponseKey.generate())))
        other.send(site.venue.question(1, key))
        end = time.monotonic() + PATIENCE_S
        while not aborted.is_set() and time.monotonic() < end:
            record = opened(bytes(other.recv(timeout=PATIENCE_S)), key)
        assert aborted.is_set() and record["frame"] > 0
        ended(deaf)


def test_a_client_that_floods_with_pings_and_reads_no_pong_is_ended(
    site: Site, aborted: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the deadline: what waits is bounded by bytes."""
    monkeypatch.setattr(SocketProtocol, "send_seconds", 10 * PATIENCE_S)
    pings = frame(PING, bytes(125)) * 500
    with site.raw(PUBLIC, buffer=4096) as flooding, contextlib.suppress(OSError):
        flooding.settimeout(1.0)
        for _ in range(2_000):
            if aborted.is_set():
                break
            flooding.sendall(pings)
    assert aborted.wait(PATIENCE_S)


def test_a_message_in_parts_without_end_is_ended(site: Site) -> None:
    with site.raw(PUBLIC) as flooding:
        flooding.sendall(frame(BINARY) + frame(CONTINUATION) * 100)
        assert struct.pack(">H", POLICY) in ended(flooding)


def test_a_question_in_parts_is_a_question(site: Site) -> None:
    key = ResponseKey.generate()
    with site.connect(PRIVATE) as owner:
        question = site.venue.question(1, key)
        owner.send([question[:100], question[100:]])
        assert opened(bytes(owner.recv(timeout=PATIENCE_S)), key)["v"] == 2


@pytest.mark.parametrize(
    ("path", "message", "code"),
    [
        (PRIVATE, bytes(ENVELOPE_BYTES + 1), TOO_BIG),
        (PRIVATE, bytes(LARGEST), TOO_BIG),
        (PRIVATE, [bytes(ENVELOPE_BYTES - 1), bytes(2)], TOO_BIG),
        (PRIVATE, "text", UNSUPPORTED),
        (PRIVATE, bytes(ENVELOPE_BYTES), POLICY),
        (PUBLIC, b"", POLICY),
        (PUBLIC, "text", UNSUPPORTED),
    ],
    ids=["larger", "large", "large in parts", "text", "noise", "anything", "public text"],
)
def test_what_is_not_wanted_ends_the_stream(
    site: Site, path: str, message: str | bytes | list[bytes], code: int
) -> None:
    with site.connect(path) as connection:
        with contextlib.suppress(ConnectionClosed):  # it may end before all is sent
            connection.send(message)
        assert close_code(connection) == code


def test_text_that_is_no_text_is_ended_and_not_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with site.raw(PRIVATE) as noisy:
        noisy.sendall(frame(0x81, b"\xff\xfe"))
        assert struct.pack(">H", UNSUPPORTED) in ended(noisy)
    assert caplog.text == ""


def test_a_client_that_asks_nothing_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_stream, "QUESTION_S", LIMIT_S)
    with site.connect(PRIVATE) as silent:
        assert close_code(silent) == POLICY


def test_a_client_that_only_leaves_its_end_open_is_gone_from_the_count(site: Site) -> None:
    """It answers no close, and does not hang up: what it holds open is its own end alone."""
    with site.raw(PUBLIC) as half_open:
        assert open_streams(site) == 1
        half_open.sendall(frame(0x80 | BINARY, b"x"))
        assert struct.pack(">H", POLICY) in ended(half_open)
        end = time.monotonic() + PATIENCE_S
        while open_streams(site) and time.monotonic() < end:
            time.sleep(0.05)
        assert open_streams(site) == 0


def test_a_stream_is_not_offered_by_get(site: Site) -> None:
    with socket.create_connection(site.address) as connection:
        head = f"GET {PUBLIC} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        connection.sendall(head.encode())
        assert b"404" in ended(connection).splitlines()[0]


def test_the_end_of_the_server_is_told(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "target")
    simulation.pass_time(2 * INTERVAL_MS)
    door = Door(simulation.daemon)
    codes: list[int] = []
    with contextlib.ExitStack() as stack:
        with serving(make_app(door)) as address:
            site = Site(Served(simulation, door), address)
            found = [stack.enter_context(site.connect(path)) for path in (PUBLIC, PRIVATE)]
            found[0].recv(timeout=PATIENCE_S)
            threads = [Thread(target=lambda c=c: codes.append(close_code(c))) for c in found]
            for thread in threads:
                thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    door.close()
    assert codes == [GOING_AWAY, GOING_AWAY]
