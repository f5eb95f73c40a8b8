"""Every lie of a venue that its client must see: each test tells one, and expects one error."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup.codec import shallow_json
from rollup.crypto.address_key import AddressKey
from rollup.crypto.answer import ResponseKey, seal_action_answer
from rollup.crypto.envelope import OpeningKey, PaddingAction
from rollup.protocol.misconduct import Misconduct
from rollup.protocol.receipt import RECEIPTS_START, Receipt, SignedReceipt
from rollup.protocol.receipt_json import signed_from_json, signed_to_json
from sequencer.client import wire
from sequencer.client.errors import (
    ClientError,
    EnvelopeRefused,
    Misbehaviour,
    NotForUs,
    OrderRefused,
    WrongAnswer,
    WrongReceipt,
)
from sequencer.client.orders import State
from sequencer.client.records import Fact, FactKind
from sequencer.client.terms import Terms
from sequencer.client.trading import Trader
from tests.helpers.played_venue import (
    HERE,
    LOST_ANSWER,
    OK,
    RECEIPT_KEY,
    START,
    PlayedVenue,
    play,
    session,
    sign,
)

BUY = Terms("BTC-PERP", "buy", "61800.3", "0.0003")
Item = dict[str, Any]


def receipt_of(item: Item) -> Receipt:
    return signed_from_json(shallow_json.canonical(item["receipt"])).receipt


def with_receipt(item: Item, receipt: Receipt, key: AddressKey = RECEIPT_KEY) -> Item:
    shown = shallow_json.loads(signed_to_json(sign(receipt, key)).decode())
    return {**item, "receipt": shown}


def resealed(item: Item, record: object) -> Item:
    """An answer to nobody the client knows."""
    data = json.dumps(record).encode()
    other = OpeningKey.generate().sealing_key().seal_answerable(PaddingAction(), HERE, 0)[1]
    sealed = seal_action_answer(data, other)
    return {**item, "sealed": base64.b64encode(sealed).decode()}


def changed(**members: Any) -> Callable[[Item], Item]:
    return lambda item: with_receipt(item, replace(receipt_of(item), **members))


def forked(item: Item) -> Item:
    """The first sequence, which another envelope has, for this one."""
    return with_receipt(item, replace(receipt_of(item), sequence=1, previous=RECEIPTS_START))


LIES: list[tuple[str, Callable[[Item], Item], type[ClientError]]] = [
    ("a receipt for another envelope", changed(envelope=b"\1" * 32), WrongReceipt),
    ("a receipt of another venue", changed(venue=8), WrongReceipt),
    ("a receipt of another chain", changed(chain=1), WrongReceipt),
    (
        "a receipt that somebody else signed",
        lambda item: with_receipt(item, receipt_of(item), AddressKey(bytes(31) + b"\1")),
        WrongReceipt,
    ),
    ("no receipt", lambda item: {"outcome": "received", "sealed": item["sealed"]}, WrongReceipt),
    ("a fork: another receipt of a sequence", forked, Misbehaviour),
    ("a receipt that follows another one", changed(previous=b"\1" * 32), Misbehaviour),
    ("a receipt for a batch that is over", changed(batch=1, time=START), Misbehaviour),
    ("a receipt before the one before", changed(time=START - 5_000), Misbehaviour),
    ("an answer sealed for another key", lambda i: resealed(i, {"v": 2}), NotForUs),
    ("an answer of another size", lambda i: {**i, "sealed": "AAAA"}, NotForUs),
    ("an answer that is no base64", lambda i: {**i, "sealed": "!"}, WrongAnswer),
    ("a receipt that is none", lambda i: {**i, "receipt": {"sequence": 1}}, WrongAnswer),
    (
        "a receipt with more in it",
        lambda i: {**i, "receipt": {**i["receipt"], "x": 1}},
        WrongAnswer,
    ),
    ("an outcome that is no text", lambda i: {**i, "outcome": 7}, WrongAnswer),
    ("an outcome that nobody knows", lambda i: {**i, "outcome": "lucky"}, EnvelopeRefused),
    ("no outcome", lambda i: {"receipt": i["receipt"]}, WrongAnswer),
]


@pytest.mark.parametrize(("lie", "error"), [each[1:] for each in LIES], ids=[e[0] for e in LIES])
def test_a_lie_about_an_order_is_seen(
    lie: Callable[[Item], Item], error: type[ClientError]
) -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    venue.batch = 2
    play(trader.order(BUY), venue)
    venue.change_item = lie
    with pytest.raises(ClientError) as raised:
        play(trader.order(BUY), venue)
    assert type(raised.value) is error


def test_what_proves_a_fork_is_handed_over_as_evidence() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    honest = play(trader.order(BUY), venue).receipts[0]
    venue.change_item = forked
    with pytest.raises(Misbehaviour) as raised:
        play(trader.order(BUY), venue)
    one, other = raised.value.evidence
    assert raised.value.finding.misconduct is Misconduct.FORK
    assert one == honest and one.receipt.sequence == other.receipt.sequence and one != other


def test_a_sequence_that_goes_backwards_is_seen_though_its_place_was_never_shown() -> None:
    """Others' receipts lie between, so no two of ours are neighbours. Time tells all the same: it
    was given after a later one was known."""
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    for place in range(1, 6):  # of others
        venue._receipt(bytes([place]))
    play(trader.order(BUY), venue)

    def back(item: Item) -> Item:
        return with_receipt(item, replace(receipt_of(item), sequence=3, previous=b"\1" * 32))

    venue.change_item = back
    with pytest.raises(WrongReceipt, match="was given after"):
        play(trader.order(BUY), venue)


def test_one_envelope_has_one_receipt() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)

    given: list[Item] = []

    def another(item: Item) -> Item:
        given.append(item)
        return (
            {**item, **changed(sequence=12, previous=b"\1" * 32)(given[0])} if given[1:] else item
        )

    order = play(trader.order(BUY), venue)
    venue.change_item = another
    (parcel,) = trader.parcels([order], [])
    play(trader.session.deliver([parcel]), venue)
    with pytest.raises(WrongReceipt, match="is taken once"):
        play(trader.session.deliver([parcel]), venue)


def test_a_copy_that_is_answered_without_a_receipt_is_no_lie() -> None:
    """A venue remembers so many."""
    venue = PlayedVenue(remembers=False)
    trader = Trader(session())
    play(trader.connect(), venue)
    order = play(trader.order(BUY), venue, [LOST_ANSWER, OK])
    assert order.receipts == [] and order.state is State.LIVE


def test_a_receipt_whose_answer_was_lost_comes_with_the_copy() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    order = play(trader.order(BUY), venue, [LOST_ANSWER, OK])
    assert [each.receipt for each in order.receipts] == venue.receipts
    assert order.state is State.LIVE and order.filled_lots == 0


def test_an_answer_that_is_older_than_the_history_changes_nothing() -> None:
    """A copy of the first answer comes when the stream has told more."""
    venue, trader = PlayedVenue(), Trader(session())
    play(trader.connect(), venue)
    order = play(trader.order(BUY), venue)
    rested = [Fact(FactKind.RESTED, 1, order.key, remaining=30)]
    venue.fill(order.key, 10)
    play(trader.session.refresh(), venue)
    trader.session.book.hear(rested, trader.session.markets)
    assert (order.remaining, order.filled_lots) == (20, 10)


def test_answers_of_another_number_are_seen() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    venue.change_body = lambda path, body: b'{"answers": []}' if "env" in path else body
    with pytest.raises(WrongAnswer, match="1 envelopes were sent, 0 answered"):
        play(trader.order(BUY), venue)


def test_another_signer_than_the_one_that_is_known_is_seen_at_once() -> None:
    trader = Trader(session(receipt_signer=b"\1" * 20))
    with pytest.raises(WrongReceipt):
        play(trader.connect(), PlayedVenue())


def test_a_venue_whose_signer_changes_is_seen() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    venue.change_body = lambda path, body: body.replace(
        RECEIPT_KEY.address.hex().encode(), b"11" * 20
    )
    with pytest.raises(WrongReceipt):
        play(trader.session.load_keys(), venue)


def test_another_venue_at_the_same_address_is_seen() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    venue.change_body = lambda path, body: body.replace(b'"venue": 7', b'"venue": 8')
    with pytest.raises(WrongAnswer):
        play(trader.session.load_keys(), venue)


def test_an_answer_for_another_account_is_seen() -> None:
    venue = PlayedVenue(change_account=lambda record: {**record, "account": 6})
    with pytest.raises(WrongAnswer):
        play(Trader(session()).connect(), venue)


def test_an_account_answer_for_another_key_is_seen() -> None:
    venue = PlayedVenue(answer_key=ResponseKey.generate().public_bytes)
    with pytest.raises(NotForUs):
        play(Trader(session()).connect(), venue)


def test_an_account_that_the_venue_does_not_know_is_told_as_refused() -> None:
    venue = PlayedVenue(change_account=lambda record: {"v": 2, "ok": False})
    with pytest.raises(OrderRefused, match="question-refused"):
        play(Trader(session()).connect(), venue)


def test_history_that_begins_before_what_was_asked_for_is_seen() -> None:
    """It would count fills twice."""
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    play(trader.order(BUY), venue)
    play(trader.session.refresh(), venue)

    def earlier(record: Item) -> Item:
        rows = venue.history[:1]
        return {**record, "facts": {"first": 0, "next": 1, "more": False, "rows": rows}}

    venue.change_account = earlier
    with pytest.raises(WrongAnswer, match="were asked for"):
        play(trader.session.refresh(), venue)


def test_history_without_an_end_comes_to_one() -> None:
    def more(record: Item) -> Item:
        return {**record, "facts": {**record["facts"], "more": True}}

    with pytest.raises(WrongAnswer, match="pages"):
        play(Trader(session()).connect(), PlayedVenue(change_account=more))


FACTS = [
    [],
    ["accepted"],
    ["accepted", 1],
    ["accepted", 1, 1],
    ["accepted", 1, 256, 1],
    ["accepted", 1, -1, 1],
    ["accepted", -1, 1, 1],
    ["accepted", 1, 1, 2**26],
    ["accepted", 1, 1, 1, 1],
    ["accepted", 1, True, 1],
    ["accepted", 1, "1", 1],
    ["bought", 1, 1, 1],
    [1, 1, 1, 1],
    ["filled", 1, 1, 1, 1, 0, 5, 5, True],
    ["filled", 1, 1, 1, 1, 4, 5, 5, True, 0, 1, START],
    ["filled", 1, 1, 1, 1, 0, 2**30, 5, True, 0, 1, START],
    ["filled", 1, 1, 1, 1, 0, 5, -5, True, 0, 1, START],
    ["filled", 1, 1, 1, 1, 0, 5, 5, 1, 0, 1, START],
    ["filled", 1, 1, 1, 1.0, 0, 5, 5, True, 0, 1, START],
    ["filled", 1, 1, 1, 1, 0, 5, 5, True, 2, 1, START],
    ["filled", 1, 1, 1, 1, 0, 5, 5, True, True, 1, START],
    ["filled", 1, 1, 1, 1, 0, 5, 5, True, 0, -1, START],
    ["filled", 1, 1, 1, 1, 0, 5, 5, True, 0, 1, 2**52],
    ["ended", 1, 1, 1, 3, 3],
    ["ended", 1, 1, 1, "x" * 65, 3],
    ["voided", -1],
    ["voided", 1, 1],
    {"accepted": 1},
    "accepted",
]


@pytest.mark.parametrize("row", FACTS, ids=str)
def test_a_row_that_docs_api_does_not_describe_is_refused(row: object) -> None:
    def with_row(record: Item) -> Item:
        return {**record, "facts": {"first": 0, "next": 1, "more": False, "rows": [row]}}

    with pytest.raises(WrongAnswer):
        play(Trader(session()).connect(), PlayedVenue(change_account=with_row))


FILL = ["filled", 1, 1, 1, 1, 3, 5, 5, True, 0, 1, START]


def test_a_fill_of_the_other_side_is_refused_and_the_others_are_not_taken_twice() -> None:
    venue, trader = PlayedVenue(), Trader(session())
    play(trader.connect(), venue)
    order = play(trader.order(Terms("BTC-PERP", "buy", 5, "0.001")), venue)
    venue.fill(order.key, 40)
    venue.live[order.key][1] = 1
    venue.fill(order.key, 20)
    with pytest.raises(WrongAnswer, match="of the other side"):
        play(trader.session.refresh(), venue)
    play(trader.session.refresh(), venue)
    assert [fill.lots for fill in order.fills] == [40]


def test_an_order_or_a_fill_in_a_market_that_there_is_not_is_refused() -> None:
    page = {"first": 0, "next": 1, "more": False, "rows": [FILL]}
    for members in ({"facts": page}, {"orders": [[1, 1, 3, 0, 1, 1, 1, START]]}):
        venue = PlayedVenue(change_account=lambda record, members=members: {**record, **members})
        with pytest.raises(WrongAnswer, match="of 2"):
            play(Trader(session()).connect(), venue)


BOMBS = {
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 10_000,
    "no end": b'{"public_key": "',
    "no JSON": b"<html>",
    "no UTF-8": b"\xff\xfe",
    "a number without end": b'{"venue": ' + b"9" * 10_000 + b"}",
    "infinite": b'{"venue": Infinity}',
    "a list": b"[]",
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize(
    "reader", [wire.keys, wire.status, wire.markets, wire.prices, wire.batch, wire.deliveries]
)
def test_json_that_is_made_to_hurt_is_a_wrong_answer(reader: Any, body: bytes) -> None:
    with pytest.raises(WrongAnswer):
        wire.read(body, "body", reader)


@given(st.binary(max_size=300))
def test_no_bytes_bring_anything_but_a_wrong_answer(data: bytes) -> None:
    for reader in (wire.keys, wire.account_answer, wire.action_answer, wire.deliveries):
        with pytest.raises(WrongAnswer):
            wire.read(data, "body", reader)  # type: ignore[arg-type]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["v", "ok", "run", "facts", "orders", "answers"]), inner)
    ),
    max_leaves=10,
)


@given(json_values)
def test_no_json_brings_anything_but_a_record_or_a_wrong_answer(value: object) -> None:
    data = json.dumps(value).encode()
    for reader in (wire.account_answer, wire.action_answer, wire.deliveries, wire.problem):
        try:
            wire.read(data, "body", reader)  # type: ignore[arg-type]
        except WrongAnswer:
            continue


def test_an_error_says_the_place_and_shows_no_value() -> None:
    def secret(record: Item) -> Item:
        return {**record, "cash": "secret-9999"}

    with pytest.raises(WrongAnswer) as raised:
        play(Trader(session()).connect(), PlayedVenue(change_account=secret))
    assert "account.cash" in str(raised.value) and "9999" not in str(raised.value)


def test_a_receipt_shows_itself_as_a_file_that_crypsis_reads() -> None:
    venue = PlayedVenue()
    trader = Trader(session())
    play(trader.connect(), venue)
    (held,) = play(trader.order(BUY), venue).receipts
    assert isinstance(held, SignedReceipt)
    assert signed_from_json(signed_to_json(held)) == held
    assert trader.session.receipts is not None
    assert trader.session.receipts.all() == (held,)
