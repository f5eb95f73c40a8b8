"""The API: sealed envelopes in, names of problems out, and nothing of what is private."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rollup.codec import shallow_json
from rollup.crypto.answer import (
    ACTION_ANSWER_BYTES,
    QUESTION_ANSWER_BYTES,
    ResponseKey,
    open_action_answer,
)
from rollup.crypto.envelope import (
    ENVELOPE_BYTES,
    Action,
    Destination,
    EnvelopeError,
    PaddingAction,
    SealingKey,
)
from rollup.crypto.hpke import OVERHEAD_BYTES, Exported
from rollup.protocol.encoding import hex_digest
from rollup.protocol.misconduct import Signer
from rollup.protocol.order import Order, SignedOrder, message_digest
from rollup.protocol.public_json import public_from_json
from rollup.protocol.published_data import published_from_bytes
from rollup.protocol.question import Question, question_digest
from rollup.protocol.receipt import RECEIPTS_START, SignedReceipt, envelope_hash
from rollup.protocol.receipt_json import signed_from_json
from rollup.protocol.trade import fee
from sequencer.api.app import make_app
from sequencer.api.door import Door
from sequencer.api.handlers import ANSWER_GRID_S, ENVELOPES_MAX
from sequencer.api.problems import KINDS, Code
from sequencer.api.routes import ROUTES
from sequencer.client.travelling import order_action, question_action
from tests.helpers import venue as small
from tests.helpers.daemon import INTERVAL_MS, Simulation, write_bundle
from tests.helpers.running import HERE

RICH = 10**6 * small.USDC
OCTETS = {"content-type": "application/octet-stream"}
KEY = ResponseKey.generate()
SECRETS: dict[bytes, Exported] = {}
"""By which the answers to `sealed` are read, by the hash of the envelope, which receipts name."""


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    """Two batches are proved, a third is open; traders 1 and 2 have money."""
    found = Simulation(tmp_path / "target")
    for account in (1, 2):
        found.world.register(account, RICH)
    found.pass_time(2 * INTERVAL_MS + 300)
    return found


@pytest.fixture
def door(simulation: Simulation) -> Iterator[Door]:
    found = Door(simulation.daemon)
    yield found
    found.close()


@pytest.fixture
def client(door: Door) -> TestClient:
    return TestClient(make_app(door))


def padding(simulation: Simulation) -> bytes:
    until = simulation.daemon.venue.core.clock + INTERVAL_MS
    return simulation.daemon.venue.sealing_key.seal(PaddingAction(), HERE, until)


def question(simulation: Simulation, account: int, by: int) -> bytes:
    question = Question(small.CHAIN, small.VENUE, account, KEY.public_bytes, 0)
    signature = small.TOY.sign(by, question_digest(question, small.toy_compress_many))
    until = simulation.daemon.venue.core.clock + INTERVAL_MS
    action = question_action(question, signature)
    key = simulation.daemon.venue.sealing_key
    return key.seal(action, HERE, until)


def delivered(client: TestClient, body: bytes) -> list[dict[str, Any]]:
    response = client.post("/v1/envelopes", content=body, headers=OCTETS)
    assert response.status_code == 200, response.text
    answers: list[dict[str, Any]] = response.json()["answers"]
    return answers


def post(client: TestClient, body: bytes) -> list[str]:
    return [answer["outcome"] for answer in delivered(client, body)]


def signed_receipt(answer: dict[str, Any]) -> SignedReceipt:
    return signed_from_json(shallow_json.canonical(answer["receipt"]))


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What is sealed to the sender."""
    answering = SECRETS[signed_receipt(answer).receipt.envelope]
    record = json.loads(open_action_answer(b64decode(answer["sealed"]), answering))
    assert isinstance(record, dict) and record["v"] == 2
    return record


def sealed(simulation: Simulation, action: Action) -> bytes:
    until = simulation.daemon.venue.core.clock + INTERVAL_MS
    key = simulation.daemon.venue.sealing_key
    envelope, answering = key.seal_answerable(action, HERE, until)
    SECRETS[envelope_hash(envelope)] = answering
    return envelope


def signed_order(order: Order, by: int | None = None) -> Action:
    digest = message_digest(order, small.toy_compress_many)
    signature = small.TOY.sign(order.account if by is None else by, digest)
    return order_action(SignedOrder(order, signature))


def problem(response: object) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    record = response.json()
    assert record["status"] == response.status_code == KINDS[Code(record["code"])].status
    return record["status"], record["code"]


def test_an_order_that_is_delivered_reaches_the_book(
    client: TestClient, simulation: Simulation
) -> None:
    sent = [simulation.running.envelope(each) for each in (small.sell(1, 5), small.buy(2, 2))]
    assert post(client, b"".join(sent)) == ["received", "received"]
    work = simulation.daemon.venue.core.work
    assert work is not None and len(work.fills) == 1


def test_whatever_is_inside_the_answer_is_the_same(
    client: TestClient, simulation: Simulation
) -> None:
    envelope = simulation.running.envelope
    too_much = small.buy(2, 2**39, price=small.BTC_PRICE)
    inside = [
        padding(simulation),
        envelope(small.sell(1, 5)),
        envelope(too_much),
        envelope(small.buy(99, 1)),
        envelope(small.buy(1, 1, expiry=1)),
        simulation.running.cancel_envelope(1, 7, 7),
        question(simulation, 1, 1),
    ]
    assert post(client, b"".join(inside)) == ["received"] * len(inside)


def test_whatever_opened_has_the_next_receipt_and_an_answer_of_one_size(
    client: TestClient, simulation: Simulation
) -> None:
    inside = [
        padding(simulation),
        sealed(simulation, signed_order(small.sell(1, 5))),
        sealed(simulation, signed_order(small.buy(2, 1), by=1)),
        sealed(simulation, signed_order(small.buy(99, 1))),
        question(simulation, 1, 1),
    ]
    answers = delivered(client, b"".join(inside))
    assert {len(b64decode(each["sealed"])) for each in answers} == {
        ACTION_ANSWER_BYTES + OVERHEAD_BYTES
    }
    receipts = [signed_receipt(each) for each in answers]
    signer = Signer.of(small.genesis())
    previous = RECEIPTS_START
    for place, (signed, envelope) in enumerate(zip(receipts, inside, strict=True), 1):
        signer.require(signed)
        receipt = signed.receipt
        assert (receipt.sequence, receipt.batch, receipt.previous) == (place, 3, previous)
        assert receipt.envelope == envelope_hash(envelope)
        previous = receipt.digest()


def test_what_became_of_an_action_is_sealed_to_its_sender(
    client: TestClient, simulation: Simulation
) -> None:
    inside = [
        sealed(simulation, signed_order(small.sell(1, 5))),
        sealed(simulation, signed_order(small.buy(2, 2, slot=4))),
        sealed(simulation, signed_order(small.buy(2, 2**39, slot=5))),
        sealed(simulation, signed_order(small.buy(99, 1))),
        sealed(simulation, PaddingAction()),
    ]
    sold, bought, too_much, nobodys, padded = map(told, delivered(client, b"".join(inside)))
    assert sold["rows"] == [["accepted", 1, 0, 1], ["rested", 1, 0, 1, 5]]
    price, end = small.sell(1, 5).price, simulation.daemon.venue.core.clock
    assert bought["rows"] == [
        ["accepted", 2, 4, 1],
        ["filled", 2, 4, 1, 3, 0, price, 2, False, 0, fee(price * 2, 500), end],
        ["ended", 2, 4, 1, "filled", 0],
    ]
    assert too_much == {
        "v": 2,
        "more": False,
        "reason": "margin",
        "rows": [["refused", 3, 5, 1, "margin"]],
    }
    assert nobodys == {"v": 2, "more": False, "reason": "account-missing", "rows": []}
    assert padded == {"v": 2, "more": False, "rows": []}


def test_a_wrong_signature_is_told_the_digest_inside_alone(
    client: TestClient, simulation: Simulation
) -> None:
    order = small.buy(2, 1)
    (answer,) = delivered(client, sealed(simulation, signed_order(order, by=1)))
    digest = hex_digest(message_digest(order, small.toy_compress_many))
    assert told(answer) == {
        "v": 2,
        "more": False,
        "reason": "order-signature",
        "digest": digest,
        "rows": [],
    }
    assert digest not in json.dumps(answer)


def test_rows_that_do_not_fit_are_left_to_the_stream(
    client: TestClient, simulation: Simulation
) -> None:
    makers = [sealed(simulation, signed_order(small.sell(1, 1, slot=k))) for k in range(20)]
    post(client, b"".join(makers))
    (answer,) = delivered(client, sealed(simulation, signed_order(small.buy(2, 20))))
    short = told(answer)
    asked = client.post("/v1/private", content=question(simulation, 2, 2), headers=OCTETS)
    whole = json.loads(KEY.open(asked.content, HERE))["facts"]["rows"]
    assert short["more"] and 3 < len(short["rows"]) < len(whole) == 22
    assert short["rows"] == whole[: len(short["rows"])]


def test_only_whoever_sealed_an_envelope_opens_its_answer(
    client: TestClient, simulation: Simulation
) -> None:
    """The sender of the next one in the same request has a secret of its own."""
    order = sealed(simulation, signed_order(small.sell(1, 5)))
    answer, _ = delivered(client, order + sealed(simulation, PaddingAction()))
    for envelope, answering in SECRETS.items():
        if envelope != envelope_hash(order):
            with pytest.raises(EnvelopeError):
                open_action_answer(b64decode(answer["sealed"]), answering)
    assert told(answer)["rows"]


def test_a_copy_is_answered_with_the_same_receipt_sealed_to_its_sender_alone(
    client: TestClient, simulation: Simulation
) -> None:
    """Whoever saw an envelope pass learns its place in the chain, and nothing of what was in it;
    and no two answers, of one envelope or of two, share a key."""
    kinds = [
        sealed(simulation, signed_order(small.sell(1, 5))),
        sealed(simulation, PaddingAction()),
    ]
    first = delivered(client, b"".join(kinds))
    copies = client.post("/v1/envelopes", content=b"".join(kinds), headers=OCTETS).json()["answers"]
    for one, again in zip(first, copies, strict=True):
        assert again["outcome"] == "replayed" and again.keys() == one.keys()
        assert again["receipt"] == one["receipt"] and again["sealed"] != one["sealed"]
        assert b64decode(again["sealed"])[:32] != b64decode(one["sealed"])[:32]
        assert told(again) == told(one)
    assert len({len(each["sealed"]) for each in copies}) == 1


def test_what_does_not_open_is_told_why(client: TestClient, simulation: Simulation) -> None:
    good = padding(simulation)
    key, clock = simulation.daemon.venue.sealing_key, simulation.daemon.venue.core.clock
    late = key.seal(PaddingAction(), HERE, clock - 1)
    early = key.seal(PaddingAction(), HERE, clock + 10**9)
    elsewhere = key.seal(PaddingAction(), Destination(1, 2), clock + 1)
    sent = (good, good, late, early, elsewhere, bytes(ENVELOPE_BYTES))
    assert post(client, b"".join(sent)) == [
        "received",
        "replayed",
        "envelope-expired",
        "envelope-too-early",
        "envelope-not-authentic",
        "envelope-encapsulation",
    ]


@pytest.mark.parametrize("size", [1, ENVELOPE_BYTES - 1, ENVELOPE_BYTES + 1, 0])
def test_a_body_of_another_size_is_refused(client: TestClient, size: int) -> None:
    for path in ("/v1/envelopes", "/v1/private"):
        response = client.post(path, content=bytes(size), headers=OCTETS)
        expected = (413, "body-too-large") if size > ENVELOPE_BYTES else (400, "body-size")
        if path == "/v1/envelopes":
            expected = (400, "body-size")
        assert problem(response) == expected


def test_sixty_four_envelopes_are_taken_and_one_more_is_too_many(
    client: TestClient, simulation: Simulation
) -> None:
    sent = [padding(simulation) for _ in range(ENVELOPES_MAX)]
    assert post(client, b"".join(sent)) == ["received"] * ENVELOPES_MAX
    more = bytes((ENVELOPES_MAX + 1) * ENVELOPE_BYTES)
    assert problem(client.post("/v1/envelopes", content=more, headers=OCTETS)) == (
        413,
        "body-too-large",
    )


def test_another_media_type_is_refused(client: TestClient, simulation: Simulation) -> None:
    for headers in ({"content-type": "application/json"}, {}):
        response = client.post("/v1/envelopes", content=padding(simulation), headers=headers)
        assert problem(response) == (415, "media-type")


def test_a_body_that_does_not_come_in_time_is_refused(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequencer.api.limits.read_body.__defaults__", (0.05,))
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/envelopes",
        "headers": [(b"content-type", b"application/octet-stream")],
        "query_string": b"",
        "root_path": "",
    }
    asyncio.run(make_app(door)(scope, receive, send))
    assert sent[0]["status"] == 408


def test_between_batches_nothing_is_opened_and_the_same_can_be_sent_again(
    client: TestClient, simulation: Simulation
) -> None:
    envelope = padding(simulation)
    simulation.prover.takes_ms = 10**6
    simulation.pass_time(8 * INTERVAL_MS)
    assert simulation.daemon.venue.core.work is None
    response = client.post("/v1/envelopes", content=envelope, headers=OCTETS)
    assert problem(response) == (503, "between-batches") and response.headers["retry-after"]
    assert problem(client.get("/readyz")) == (503, "between-batches")
    assert client.get("/v1/status").json()["mode"] == "behind"
    assert client.get("/healthz").json() == {"ok": True}


def test_an_owner_asks_and_only_the_owner_reads(client: TestClient, simulation: Simulation) -> None:
    post(client, simulation.running.envelope(small.sell(1, 5)))
    body = question(simulation, 1, 1)
    response = client.post("/v1/private", content=body, headers=OCTETS)
    found = json.loads(KEY.open(response.content, HERE))
    assert found["ok"] and found["orders"][0][5:7] == [5, 5]
    assert [row[0] for row in found["facts"]["rows"]] == ["accepted", "rested"]
    assert found["run"] == simulation.daemon.venue.run and len(found["run"]) == 64
    replayed = client.post("/v1/private", content=body, headers=OCTETS)
    assert problem(replayed) == (400, "not-opened")
    assert replayed.json()["reason"] == "replayed"


def test_answers_to_all_who_may_not_know_have_the_owners_size(
    client: TestClient, simulation: Simulation
) -> None:
    sizes = set()
    for body in (
        question(simulation, 1, 1),
        question(simulation, 1, 2),
        question(simulation, 77, 1),
        padding(simulation),
        simulation.running.envelope(small.sell(1, 5)),
    ):
        response = client.post("/v1/private", content=body, headers=OCTETS)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/octet-stream"
        sizes.add(len(response.content))
    assert sizes == {QUESTION_ANSWER_BYTES + OVERHEAD_BYTES}
    work = simulation.daemon.venue.core.work
    assert work is not None and not work.fills and not simulation.daemon.venue.core.live


def test_answers_about_an_envelope_leave_on_a_grid(
    client: TestClient, simulation: Simulation
) -> None:
    loop_time = asyncio.new_event_loop().time
    for body in (padding(simulation), simulation.running.envelope(small.sell(1, 5))):
        begun = loop_time()
        post(client, body)
        assert loop_time() - begun >= ANSWER_GRID_S


def test_status_keys_markets_and_prices_say_what_is_public(
    client: TestClient, simulation: Simulation
) -> None:
    status = client.get("/v1/status").json()
    assert (status["opened"], status["closed"], status["held"], status["proved"]) == (3, 2, 2, 2)
    assert status["closes_at"] == small.START + 3 * INTERVAL_MS
    key = SealingKey(bytes.fromhex(client.get("/v1/keys").json()["public_key"]))
    until = simulation.daemon.venue.core.clock
    assert post(client, key.seal(PaddingAction(), HERE, until)) == ["received"]
    symbols = [each["symbol"] for each in client.get("/v1/markets").json()["markets"]]
    priced = client.get("/v1/prices").json()
    work = simulation.daemon.venue.core.work
    assert work is not None and symbols == ["BTC", "ETH"]
    assert tuple(each["price"] for each in priced["prices"]) == work.prices[:2]
    assert priced["batch"] == 3


def test_batches_have_a_life_cycle_and_bundles(client: TestClient, simulation: Simulation) -> None:
    page = client.get("/v1/batches").json()
    assert [(each["number"], each["life"]) for each in page["batches"]] == [
        (3, "sequenced"),
        (2, "proved"),
        (1, "proved"),
    ]
    assert page["next"] is None
    data = client.get("/v1/batches/2/public.json").content
    public = public_from_json(data)
    assert public.number == 2
    record = client.get("/v1/batches/2").json()
    assert record == page["batches"][1]
    assert record["public"] == public.digest().hex()
    proof = client.get("/v1/batches/2/proof.bin").content
    simulation.world.verifier.verify(public, proof)


def test_what_a_batch_publishes_is_given_to_nobody_unless_the_operator_wants_it(
    client: TestClient, simulation: Simulation
) -> None:
    """It tells who trades: which accounts a batch touched, whose owners L1 names."""
    simulation.pass_time(INTERVAL_MS)
    answer = client.get("/v1/batches/1/data.bin")
    assert problem(answer) == (404, "not-found")
    assert "serves nobody what it publishes" in answer.json()["detail"]


def test_what_a_batch_publishes_is_given_once_it_is_closed(simulation: Simulation) -> None:
    client = TestClient(make_app(Door(simulation.daemon), publishes=True))
    simulation.prover.takes_ms = 10**6
    simulation.pass_time(INTERVAL_MS)
    venue = simulation.daemon.venue
    assert [venue.unproved[0].batch.number, client.get("/v1/status").json()["proved"]] == [3, 2]
    for number in (1, 2, 3):
        answer = client.get(f"/v1/batches/{number}/data.bin")
        assert answer.headers["content-type"] == "application/octet-stream"
        data = published_from_bytes(answer.content)
        assert data == venue.batch_folder(number).read_published()
    commitment = venue.unproved[0].outcome.public.data_commitment
    assert data.commitment(small.toy_compress_many) == commitment
    problems = [problem(client.get(f"/v1/batches/{number}/data.bin")) for number in (4, 5)]
    assert problems == [(404, "not-found")] * 2, "open, and not opened"


def test_a_batch_that_waits_is_described_by_its_header_and_has_no_bundle(
    client: TestClient, simulation: Simulation
) -> None:
    simulation.prover.takes_ms = 10**6
    simulation.pass_time(2 * INTERVAL_MS)
    held = client.get("/v1/batches/3").json()
    header = simulation.daemon.venue.unproved[0].header
    assert held["life"] == "held" and held["public"] == header.public.hex()
    closed = simulation.daemon.venue.unproved[0]
    folder = simulation.daemon.venue.batch_folder(3).path
    write_bundle(folder, closed.outcome.public)
    for name in ("proof.bin", "public.json"):
        assert problem(client.get(f"/v1/batches/3/{name}")) == (404, "not-found"), "not at L1 yet"
    waiting = client.get("/v1/l1").json()["waiting"]
    assert [each["number"] for each in waiting] == [3, 4]


def test_pages_of_batches_lead_to_the_first(client: TestClient, simulation: Simulation) -> None:
    simulation.pass_time(4 * INTERVAL_MS)
    seen, before = [], None
    for _ in range(10):
        query = "?limit=3" + (f"&before={before}" if before else "")
        page = client.get(f"/v1/batches{query}").json()
        seen += [each["number"] for each in page["batches"]]
        before = page["next"]
        if before is None:
            break
    assert seen == list(range(7, 0, -1))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/batches/0", (404, "not-found")),
        ("/v1/batches/4", (404, "not-found")),
        ("/v1/batches/-1", (400, "parameter")),
        ("/v1/batches/one", (400, "parameter")),
        ("/v1/batches/%D9%A1", (400, "parameter")),
        ("/v1/batches/1/private.json", (404, "not-found")),
        ("/v1/batches/..%2Fprivate", (404, "not-found")),
        ("/v1/batches?limit=0", (400, "parameter")),
        ("/v1/batches?limit=101", (400, "parameter")),
        ("/v1/batches?limit=1&limit=2", (400, "parameter")),
        ("/v1/batches?before=x", (400, "parameter")),
        ("/v1/envelopes", (405, "method-not-allowed")),
        ("/v1", (404, "not-found")),
        ("/v1/status/", (404, "not-found")),
    ],
)
def test_what_is_not_there_or_not_as_wanted_is_a_problem_with_a_name(
    client: TestClient, path: str, expected: tuple[int, str]
) -> None:
    assert problem(client.get(path)) == expected


def test_a_venue_that_stopped_says_so_and_takes_nothing(
    client: TestClient, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("the disk is full of 618003 private lots")

    envelope = padding(simulation)
    monkeypatch.setattr(simulation.daemon.venue._journal, "sync", fail)
    first = client.post("/v1/envelopes", content=envelope, headers=OCTETS)
    assert problem(first) == (500, "internal") and "618003" not in first.text
    assert problem(client.post("/v1/envelopes", content=envelope, headers=OCTETS)) == (
        503,
        "stopped",
    )
    assert problem(client.get("/healthz")) == (503, "stopped")
    assert problem(client.get("/readyz")) == (503, "stopped")
    assert client.get("/v1/status").status_code == 200


def test_a_full_queue_sends_requests_away(simulation: Simulation) -> None:
    door = Door(simulation.daemon, queue_max=0)
    client = TestClient(make_app(door))
    response = client.post("/v1/envelopes", content=padding(simulation), headers=OCTETS)
    assert problem(response) == (503, "busy") and response.headers["retry-after"] == "1"
    door.close()


def test_too_many_requests_at_once_are_sent_away(door: Door) -> None:
    app = make_app(door)
    client = TestClient(app)
    assert client.get("/healthz").status_code == 200
    app._most = 0
    assert problem(client.get("/healthz")) == (503, "busy")


def test_metrics_count_answers_and_show_no_account(
    client: TestClient, simulation: Simulation
) -> None:
    post(client, padding(simulation) + simulation.running.envelope(small.sell(1, 5)))
    text = client.get("/metrics").text
    assert 'crypsis_envelopes_total{answer="received"} 2.0' in text
    assert "crypsis_batch_proved 2.0" in text
    assert "_created" not in text and "python_info" not in text and "process_" not in text
    assert "account" not in text


def test_every_route_is_described_and_every_described_path_is_a_route(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, each in paths.items() for method in each}
    assert described == {(each.method, each.path) for each in ROUTES}
    for method, path in described:
        url = path.replace("{number}", "1")
        response = client.request(method, url, content=b"", headers=OCTETS)
        assert (
            response.status_code != 405
            and str(response.status_code) in (paths[path][method.lower()]["responses"])
        )


def test_every_problem_of_a_route_is_in_its_description(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for route in ROUTES:
        answers = paths[route.path][route.method.lower()]["responses"]
        for code in route.problems:
            assert f"`{code.value}`" in answers[str(KINDS[code].status)]["description"]
