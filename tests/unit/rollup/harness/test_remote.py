"""An L1 over a socket: the same answers, and errors that say what happened to a call."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import httpx
import pytest

from rollup.harness import http
from rollup.harness.oracle import OracleVerifier
from rollup.harness.people import PINS, address, compress_cached, deployment
from rollup.harness.random_calls import walk
from rollup.harness.scenario import load
from rollup.harness.served import Served
from rollup.harness.suite import run
from rollup.harness.targets import RemoteTarget
from rollup.l1 import remote_contract
from rollup.l1.connection import NoAnswerInTime, RefusedByPeer, RemoteError, Unreachable
from rollup.l1.development import frozen
from rollup.l1.interface import Revert, Reverted
from rollup.l1.remote import RemoteL1
from tests.helpers.serving import serving, under_test
from tests.unit.rollup.l1.test_stored import fresh

ALICE = address("alice")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(Served(fresh())) as found:
        yield found


def test_a_served_mock_passes_every_sixth_scenario_and_a_random_walk(url: str) -> None:
    with RemoteL1(under_test(url)) as remote:
        target = RemoteTarget(remote)
        assert run(target, load()[::6]).failed == ()
        assert walk(target, "socket", 30) == 30


def test_everything_that_can_be_read_is_what_the_mock_says(url: str) -> None:
    l1 = fresh()
    with serving(Served(l1)) as here, RemoteL1(here) as remote:
        remote.mint(ALICE, 5)
        remote.donate(ALICE, 1)
        assert remote.view() == l1.view()
        for name in l1.view():
            assert frozen(getattr(remote, name)) == frozen(getattr(l1, name)), name
        assert remote.deployment == l1.deployment
        mark = remote.mark()
        remote.mint(ALICE, 5)
        remote.reorganise(mark)
        assert remote.wallets == {ALICE: 4}


def test_a_revert_comes_back_with_reason_and_detail(url: str) -> None:
    with RemoteL1(url) as remote, pytest.raises(Reverted) as caught:
        remote.withdraw(ALICE)
    assert caught.value.reason is Revert.NOTHING_TO_WITHDRAW
    assert caught.value.detail == "no pending balance"


def test_the_venues_contract_is_never_deployed_anew(url: str) -> None:
    with RemoteL1(url) as remote, pytest.raises(RemoteError, match="/test"):
        run(RemoteTarget(remote), load()[:1])


def test_what_others_hold_to_the_suite_is_not_the_venues_contract(url: str) -> None:
    with RemoteL1(url) as venue, RemoteL1(under_test(url)) as tested:
        before = venue.view()
        run(RemoteTarget(tested), load()[:3])
        assert venue.view() == before


def test_nobody_there_is_unreachable_and_says_where() -> None:
    with (
        RemoteL1("http://127.0.0.1:1") as remote,
        pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"),
    ):
        remote.now()


@pytest.mark.parametrize("url", ["127.0.0.1:8645", "ftp://127.0.0.1", "http://[x"])
def test_what_is_no_address_is_unreachable(url: str) -> None:
    with RemoteL1(url) as remote, pytest.raises(Unreachable):
        remote.now()


@contextmanager
def peer(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """A listener that does with every connection what `answer` does, and counts them."""
    count: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                count.append(1)
                with connection:
                    answer(connection)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", count
        finally:
            ended.set()
            thread.join(10)


def hangs_up(connection: socket.socket) -> None:
    connection.recv(65536)


def says(body: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)

    return answer


def test_a_read_whose_connection_breaks_is_made_again_and_a_call_is_not() -> None:
    with peer(hangs_up) as (url, count), RemoteL1(url) as remote:
        with pytest.raises(Unreachable, match="may have happened"):
            remote.withdraw(ALICE)
        assert len(count) == 1
        with pytest.raises(Unreachable):
            remote.now()
        assert len(count) == 1 + remote_contract.TRIES


def test_an_answer_that_does_not_come_in_time_is_said_so() -> None:
    ended = threading.Event()
    with peer(lambda _: ended.wait(5) and None) as (url, _):
        with (
            RemoteL1(url, answer_seconds=0.2) as remote,
            pytest.raises(NoAnswerInTime, match="may have happened"),
        ):
            remote.withdraw(ALICE)
        ended.set()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"jsonrpc":"2.0","id":1,"result":"x"}',
        b'{"jsonrpc":"2.0","id":1,"result":1.0}',
        b'{"jsonrpc":"2.0","id":1,"error":7}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":3,"data":{"reason":"no-reason"}}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"internal"}}',
    ],
)
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    with peer(says(body)) as (url, _), RemoteL1(url) as remote, pytest.raises(RefusedByPeer):
        remote.now()


def test_an_answer_that_is_too_long_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_contract, "ANSWER_BYTES_MAX", 100)
    with (
        peer(says(b" " * 101)) as (url, _),
        RemoteL1(url) as remote,
        pytest.raises(RefusedByPeer, match="more than 100 bytes"),
    ):
        remote.now()


def test_a_proxy_of_the_environment_is_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with RemoteL1(url) as remote:
        assert remote.now() > 0


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "text/plain"}, b"{}", 415),
        ({}, b"{}", 415),
        ({"content-type": "application/json", "host": "venue.example"}, b"{}", 400),
        ({"content-type": "application/json"}, b"{}", 200),
    ],
)
def test_a_page_in_a_browser_cannot_call(
    url: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert httpx.post(url, content=body, headers=headers, trust_env=False).status_code == status


def test_only_posts_are_answered_and_a_body_has_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "BODY_BYTES_MAX", 1000)
    json_type = {"content-type": "application/json"}
    with serving(Served(fresh())) as url, httpx.Client(trust_env=False) as client:
        assert client.get(url).status_code == 405
        assert client.post(url, content=b" " * 1001, headers=json_type).status_code == 413
        chunks = (b" " * 100 for _ in range(20))
        assert client.post(url, content=chunks, headers=json_type).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 0.2)
    with serving(Served(fresh())) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            connection.sendall(f"{head}content-length: 10\r\n\r\n".encode())
            assert b"408" in connection.recv(1000).split(b"\r\n")[0]


def test_a_client_that_goes_away_in_the_middle_leaves_no_trace(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: 10\r\n\r\n{{".encode())
        sleep(0.2)
    sleep(0.2)
    with RemoteL1(url) as remote:
        assert remote.now() > 0
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_said(url: str) -> None:
    with http.listen(0) as bound, pytest.raises(OSError) as caught:
        http.listen(bound.getsockname()[1])
    assert str(caught.value.filename).startswith("127.0.0.1:")


def test_a_contract_goes_on_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "l1.json"

    def started() -> Served:
        return Served.started(path, deployment, lambda _: [OracleVerifier(PINS)], compress_cached)

    first = started()
    with serving(first) as url, RemoteL1(url) as remote:
        remote.mint(ALICE, 5)
        remote.warp(10**9)
        seen, now = remote.view(), remote.now()
    again = started()
    assert again.l1.view() == seen
    assert 0 <= again.l1.now() - now < 60_000
