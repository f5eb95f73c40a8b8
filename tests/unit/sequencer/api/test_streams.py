"""Streams: what anybody is told, what an owner is told, and what strangers learn of it: nothing."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from rollup.crypto.answer import QUESTION_ANSWER_BYTES, ResponseKey
from rollup.crypto.envelope import ENVELOPE_BYTES, EnvelopeError, PaddingAction
from rollup.crypto.hpke import OVERHEAD_BYTES
from sequencer.api import private_stream, sockets
from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.api.problems import PROBLEM_TYPE
from sequencer.api.public_stream import Told
from sequencer.api.records import PAGE_DEFAULT
from sequencer.api.server import make_server
from sequencer.api.sockets import Places, peer_of
from sequencer.service.answers import watch_of, watched
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation
from tests.helpers.running import HERE
from tests.helpers.streams import PRIVATE, PUBLIC, Served, opened

RICH = 10**6 * small.USDC
FRAME_BYTES = QUESTION_ANSWER_BYTES + OVERHEAD_BYTES
FRAMES_MAX = 40
"""After so many frames whatever a test waits for does not come."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Two batches are proved, a third is open; traders 1 and 2 have money."""
    simulation = Simulation(tmp_path / "target")
    for account in (1, 2):
        simulation.world.register(account, RICH)
    simulation.pass_time(2 * INTERVAL_MS + 300)
    door = Door(simulation.daemon)
    yield Served(simulation, door)
    door.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats of a tenth of their length."""
    monkeypatch.setattr(private_stream, "BEAT_S", 0.05)
    monkeypatch.setattr(private_stream, "SEAL_S", 0.02)


@pytest.fixture
def client(served: Served) -> TestClient:
    return TestClient(make_app(served.door))


def until(socket: Any, key: ResponseKey, name: str) -> dict[str, Any]:
    """The first frame with a row of this name."""
    for _ in range(FRAMES_MAX):
        record = opened(socket.receive_bytes(), key)
        if name in [row[0] for row in record.get("facts", {"rows": []})["rows"]]:
            return record
    raise AssertionError(f"no frame has a row {name}")


def told_holding(socket: Any, key: ResponseKey) -> dict[str, Any]:
    """The first frame that says what the account holds."""
    for _ in range(FRAMES_MAX):
        record = opened(socket.receive_bytes(), key)
        if "cash" in record:
            return record
    raise AssertionError("no frame says what the account holds")


def ended(client: TestClient, path: str, message: dict[str, Any]) -> tuple[int, str]:
    """Code and reason with which a stream ends, once a message was sent."""
    with client.websocket_connect(path) as socket:
        socket.send(message)
        with pytest.raises(WebSocketDisconnect) as caught:
            for _ in range(FRAMES_MAX):
                socket.receive_bytes() if path == PRIVATE else socket.receive_text()
    return caught.value.code, caught.value.reason


def test_the_public_stream_begins_with_what_the_routes_say(client: TestClient) -> None:
    with client.websocket_connect(PUBLIC) as socket:
        frame = socket.receive_json()
    assert (frame["v"], frame["type"]) == (1, "snapshot")
    assert frame["status"] == client.get("/v1/status").json()
    assert frame["prices"] == client.get("/v1/prices").json()
    assert frame["batches"] == client.get("/v1/batches").json()["batches"][::-1]


def test_the_public_stream_goes_on_with_what_changed(client: TestClient, served: Served) -> None:
    with client.websocket_connect(PUBLIC) as socket:
        socket.receive_json()
        served.pass_time(INTERVAL_MS)
        seen: dict[str, Any] = {}
        for _ in range(FRAMES_MAX):
            frame = socket.receive_json()
            seen[frame["type"] + str(frame.get("batch", {}).get("number", ""))] = frame
            if frame["type"] == "status" and frame["status"]["opened"] == 4:
                break
    assert seen["batch3"]["batch"]["number"] == 3 and "public" in seen["batch3"]["batch"]
    assert seen["batch4"]["batch"]["life"] == "sequenced"
    assert seen["prices"]["prices"]["batch"] == 4
    assert "snapshot" not in seen


def test_who_was_away_for_long_gets_a_snapshot_and_nothing_old(served: Served) -> None:
    told = Told()
    (first,) = asyncio.run(told.news(served.door))
    assert first["type"] == "snapshot" and asyncio.run(told.news(served.door)) == []
    served.pass_time(3 * PAGE_DEFAULT * INTERVAL_MS)
    (frame,) = asyncio.run(told.news(served.door))
    assert frame["type"] == "snapshot"
    numbers = [each["number"] for each in frame["batches"]]
    opened_now = served.door.view.opened
    assert numbers == list(range(opened_now - PAGE_DEFAULT + 1, opened_now + 1))


def test_a_batch_made_anew_is_told_again(served: Served) -> None:
    served.simulation.prover.takes_ms = 10**6
    served.pass_time(INTERVAL_MS)
    told = Told()
    asyncio.run(told.news(served.door))
    daemon = served.simulation.daemon
    header = replace(daemon.view.unproved[0], redo=True)
    daemon.view = replace(daemon.view, unproved=(header,))
    (frame,) = asyncio.run(told.news(served.door))
    assert frame["type"] == "batch" and frame["batch"]["redo"] is True


@pytest.mark.parametrize("message", [{"text": "hello"}, {"bytes": b"hello"}])
def test_whoever_talks_to_the_public_stream_is_ended(
    client: TestClient, message: dict[str, Any]
) -> None:
    code, _ = ended(client, PUBLIC, {"type": "websocket.receive", **message})
    assert code == sockets.POLICY


def test_an_owner_is_told_what_happens_as_it_happens(client: TestClient, served: Served) -> None:
    key = ResponseKey.generate()
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(served.question(1, key))
        first = told_holding(socket, key)
        assert first["ok"] and first["account"] == 1 and first["orders"] == []
        served.trade(small.sell(1, 5))
        rested = until(socket, key, "rested")
        assert rested["orders"][0][5:7] == [5, 5]
        served.trade(small.buy(2, 2))
        filled = until(socket, key, "filled")
        assert dict(filled["positions"])[0] == "-2" and filled["cash"] != first["cash"]
        rows = [row[0] for row in rested["facts"]["rows"] + filled["facts"]["rows"]]
        assert rows == ["accepted", "rested", "filled"], "each is told once"
        quiet = opened(socket.receive_bytes(), key)
    assert quiet.get("facts", {"rows": []})["rows"] == [] and "cash" not in quiet


def test_every_frame_has_one_size_and_the_next_number(client: TestClient, served: Served) -> None:
    key = ResponseKey.generate()
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(served.question(1, key))
        frames = [socket.receive_bytes() for _ in range(3)]
        served.trade(*(small.sell(1, 1, slot=k) for k in range(60)))
        frames += [socket.receive_bytes() for _ in range(5)]
    assert {len(each) for each in frames} == {FRAME_BYTES}
    assert [opened(each, key)["frame"] for each in frames] == list(range(8))
    assert len(set(frames)) == len(frames)


def test_whoever_may_not_know_gets_the_same_frames_and_a_refusal_inside(
    client: TestClient, served: Served
) -> None:
    key = ResponseKey.generate()
    asked = [
        served.question(1, key, by=2),
        served.question(77, key),
    ]
    for envelope in asked:
        frames = first_frames(client, envelope)
        records = [opened(each, key) for each in frames]
        assert [each["frame"] for each in records] == [0, 1, 2]
        assert records[2] == {"v": 2, "ok": False, "frame": 2}
        assert all(each.get("ok") is not True for each in records)


def first_frames(client: TestClient, envelope: bytes) -> list[bytes]:
    """Three frames, of one size whatever was sent."""
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(envelope)
        frames = [socket.receive_bytes() for _ in range(3)]
    assert {len(each) for each in frames} == {FRAME_BYTES}
    return frames


def test_what_asks_nothing_gets_the_same_frames_which_nobody_opens(
    client: TestClient, served: Served
) -> None:
    key = ResponseKey.generate()
    for envelope in (served.seal(PaddingAction()), served.order(small.sell(1, 5))):
        for frame in first_frames(client, envelope):
            with pytest.raises(EnvelopeError):
                key.open(frame, HERE)
    assert not served.simulation.daemon.venue.core.live, "an order that came here is spent"


def test_two_clients_learn_nothing_of_each_other(client: TestClient, served: Served) -> None:
    mine, theirs = ResponseKey.generate(), ResponseKey.generate()
    with (
        client.websocket_connect(PRIVATE) as one,
        client.websocket_connect(PRIVATE) as other,
    ):
        one.send_bytes(served.question(1, mine))
        other.send_bytes(served.question(2, theirs))
        served.trade(small.sell(1, 7, slot=41))
        until(one, mine, "rested")
        frames = [other.receive_bytes() for _ in range(6)]
    for frame in frames:
        record = opened(frame, theirs)
        assert record.get("account", 2) == 2
        assert record.get("orders", []) == [] and record.get("facts", {"rows": []})["rows"] == []
        with pytest.raises(EnvelopeError):
            opened(frame, mine)


def test_a_stream_tells_nothing_more_once_the_account_is_another_owners(served: Served) -> None:
    daemon = served.simulation.daemon
    envelope = served.question(1, ResponseKey.generate())
    core = daemon.venue.core
    watch = watch_of(core, daemon.venue.ask(envelope))
    assert watched(core, daemon.venue.history, watch, 0, "run") is not None
    holder = core.ledger.holders[1]
    holder.header = replace(holder.header, owner=bytes(20))
    assert watched(core, daemon.venue.history, watch, 0, "run") is None
    del core.ledger.holders[1]
    assert watched(core, daemon.venue.history, watch, 0, "run") is None


def test_frames_go_on_while_the_venue_has_no_time_and_nothing_is_lost(
    client: TestClient, served: Served
) -> None:
    key, is_free = ResponseKey.generate(), Event()
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(served.question(1, key))
        told_holding(socket, key)
        served.trade(small.sell(1, 5))
        blocked = served.door._thread.submit(is_free.wait, 60)
        try:
            for _ in range(5):
                record = opened(socket.receive_bytes(), key)
            assert "facts" not in record, "the venue said nothing, and a frame left"
        finally:
            is_free.set()
        assert blocked.result()
        assert until(socket, key, "rested")["facts"]["rows"][0][0] == "accepted"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"text": "x" * ENVELOPE_BYTES}, sockets.UNSUPPORTED),
        ({"bytes": b""}, sockets.POLICY),
        ({"bytes": bytes(ENVELOPE_BYTES - 1)}, sockets.POLICY),
        ({"bytes": bytes(ENVELOPE_BYTES)}, sockets.POLICY),
    ],
    ids=["text", "nothing", "short", "noise"],
)
def test_what_is_no_question_ends_the_stream(
    client: TestClient, message: dict[str, Any], code: int
) -> None:
    found, reason = ended(client, PRIVATE, {"type": "websocket.receive", **message})
    assert found == code and reason


def test_a_question_is_taken_once(client: TestClient, served: Served) -> None:
    envelope = served.question(1, ResponseKey.generate())
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(envelope)
        socket.receive_bytes()
    assert ended(client, PRIVATE, {"type": "websocket.receive", "bytes": envelope}) == (
        sockets.POLICY,
        "replayed",
    )


def test_whoever_says_more_than_its_question_is_ended(client: TestClient, served: Served) -> None:
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(served.question(1, ResponseKey.generate()))
        socket.send_bytes(served.question(1, ResponseKey.generate()))
        with pytest.raises(WebSocketDisconnect) as caught:
            for _ in range(FRAMES_MAX):
                socket.receive_bytes()
    assert caught.value.code == sockets.POLICY


def test_who_asks_nothing_is_ended(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_stream, "QUESTION_S", 0.05)
    with (
        client.websocket_connect(PRIVATE) as socket,
        pytest.raises(WebSocketDisconnect) as caught,
    ):
        socket.receive_bytes()
    assert caught.value.code == sockets.POLICY


@pytest.mark.parametrize(
    ("origin", "is_taken"),
    [
        (None, True),
        ("http://testserver", True),
        ("https://TESTSERVER", True),
        ("https://elsewhere.example", False),
        ("http://testserver.elsewhere.example", False),
        ("http://testserver:8080", False),
        ("null", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_a_page_of_another_origin_opens_no_private_stream(
    client: TestClient, served: Served, origin: str | None, is_taken: bool
) -> None:
    headers = {} if origin is None else {"origin": origin}
    if not is_taken:
        with pytest.raises(WebSocketDenialResponse) as caught:
            client.websocket_connect(PRIVATE, headers=headers).__enter__()
        assert caught.value.status_code == 403 and caught.value.json()["code"] == "cross-origin"
        with client.websocket_connect(PUBLIC, headers=headers) as socket:
            assert socket.receive_json()["type"] == "snapshot"
        return
    key = ResponseKey.generate()
    with client.websocket_connect(PRIVATE, headers=headers) as socket:
        socket.send_bytes(served.question(1, key))
        assert told_holding(socket, key)["ok"]


def test_only_so_many_streams_are_open_and_places_are_given_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequencer.api.app.Places", lambda: Places(2))
    client = TestClient(make_app(served.door))
    with client.websocket_connect(PUBLIC), client.websocket_connect(PRIVATE):
        text = client.get("/metrics").text
        assert 'crypsis_streams{stream="public"} 1.0' in text
        assert 'crypsis_streams{stream="private"} 1.0' in text
        with pytest.raises(WebSocketDenialResponse) as caught:
            client.websocket_connect(PUBLIC).__enter__()
        assert caught.value.status_code == 503 and caught.value.json()["code"] == "busy"
        assert 'crypsis_streams_refused_total{limit="all"} 1.0' in client.get("/metrics").text
    with client.websocket_connect(PUBLIC) as again:
        assert again.receive_json()["type"] == "snapshot"
    assert 'crypsis_streams{stream="private"} 0.0' in client.get("/metrics").text


def test_one_address_has_so_many_streams_and_others_have_theirs(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever opens all of them keeps everybody out."""
    monkeypatch.setattr("sequencer.api.app.Places", lambda: Places(4, of_peer=2))
    app = make_app(served.door)
    one, neighbour, other = (
        TestClient(app, client=(host, 5)) for host in ("2001:db8::1", "2001:db8::2", "10.0.0.1")
    )
    with one.websocket_connect(PUBLIC), neighbour.websocket_connect(PUBLIC):
        with pytest.raises(WebSocketDenialResponse) as caught:
            one.websocket_connect(PRIVATE).__enter__()
        told = caught.value.json()
        assert (caught.value.status_code, told["code"]) == (429, "too-many-streams")
        assert caught.value.headers["content-type"] == PROBLEM_TYPE
        assert caught.value.headers["retry-after"] == "5" and "2001" not in json.dumps(told)
        with other.websocket_connect(PUBLIC) as heard:
            assert heard.receive_json()["type"] == "snapshot"
    with one.websocket_connect(PUBLIC) as again:
        assert again.receive_json()["type"] == "snapshot"
    assert 'crypsis_streams_refused_total{limit="peer"} 1.0' in one.get("/metrics").text


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no address", "no address"),
        (None, ""),
    ],
)
def test_a_peer_is_an_address_or_the_network_that_is_one_clients(
    host: str | None, peer: str
) -> None:
    assert peer_of(host) == peer


def test_whose_a_connection_is_says_a_proxy_of_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a header gives everybody as many addresses as it likes."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert make_server(make_app).config.forwarded_allow_ips == ["127.0.0.1", "::1"]  # type: ignore[arg-type]


def test_streams_of_a_venue_that_stopped_end(client: TestClient, served: Served) -> None:
    key = ResponseKey.generate()
    with client.websocket_connect(PRIVATE) as socket, client.websocket_connect(PUBLIC) as public:
        socket.send_bytes(served.question(1, key))
        socket.receive_bytes()
        served.door.failure = OSError("the disk is full of 618003 private lots")
        for each, receive in ((socket, socket.receive_bytes), (public, public.receive_text)):
            with pytest.raises(WebSocketDisconnect) as caught:
                for _ in range(FRAMES_MAX):
                    receive()
            assert caught.value.code == sockets.FAILED and each is not None
            assert "618003" not in caught.value.reason
    assert json.loads(client.get("/healthz").text)["code"] == "stopped"


def test_of_a_stream_that_fails_only_its_kind_is_logged(
    client: TestClient, served: Served, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("618003 private lots")

    monkeypatch.setattr(served.door, "look", fail)
    with client.websocket_connect(PRIVATE) as socket:
        socket.send_bytes(served.question(1, ResponseKey.generate()))
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_bytes()
    assert (caught.value.code, caught.value.reason) == (sockets.FAILED, "internal")
    assert "ValueError" in caplog.text and "618003" not in caplog.text
