"""The crowd's orders: near the price, within a trader's means, in slots that are free again."""

import base64
import json
from typing import Any

import pytest

from rollup.crypto.answer import seal_action_answer
from rollup.crypto.envelope import (
    ENVELOPE_BYTES,
    Destination,
    OpeningKey,
    OrderAction,
    ViewingKeyAction,
)
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.order import Side, TimeInForce
from rollup.protocol.viewing_key import viewing_key_to_bytes
from sequencer.running.accounts import DOLLARS, USDC
from sequencer.running.crowd import LASTS_MS, NOTIONAL, SPREAD, Crowd, Public, Quoter
from tests.helpers import venue as small

OPENING = OpeningKey.generate()
KEY = (1, 2, 3, 4, 5, 6, 7, 8)
PUBLIC = Public(
    key=OPENING.sealing_key(),
    to=Destination(small.CHAIN, small.VENUE),
    closes_at=small.START,
    interval_ms=1_000,
    prices=(600_000, 250_000),
)


def crowd(seed: int) -> Crowd:
    return Crowd("127.0.0.1", 1, [Quoter(1, small.trader_key(1), KEY)], seed)


def test_orders_quote_away_from_the_price_or_take_beyond_it() -> None:
    quoter, found = Quoter(1, small.trader_key(1), KEY), crowd(1)
    kinds = set()
    for _ in range(500):
        order = found.order(quoter, PUBLIC)
        price = PUBLIC.prices[order.market]
        takes = order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        above = order.price > price
        assert above == ((order.side is Side.BUY) == takes) and order.price != price
        assert abs(order.price - price) <= price * SPREAD + 1
        assert order.post_only != takes
        assert order.size * price <= NOTIONAL + price < DOLLARS * USDC // 100
        assert order.expiry == PUBLIC.closes_at + LASTS_MS
        kinds.add((order.market, order.side, takes))
    assert len(kinds) == 8


def test_who_dares_takes_one_side_of_a_market_and_never_the_other() -> None:
    daring, found = Quoter(3, small.trader_key(3), KEY, dares=True), crowd(1)
    orders = [found.order(daring, PUBLIC) for _ in range(100)]
    assert {order.time_in_force for order in orders} == {TimeInForce.IMMEDIATE_OR_CANCEL}
    assert {(order.market, order.side) for order in orders} == {(0, Side.BUY), (1, Side.SELL)}


def test_no_order_of_a_trader_has_the_name_of_another() -> None:
    quoter = Quoter(1, small.trader_key(1), KEY)
    names = [quoter.next_slot() for _ in range(3 << SLOT_BITS)]
    assert len(set(names)) == len(names)
    for slot in range(1 << SLOT_BITS):
        generations = [generation for each, generation in names if each == slot]
        assert generations == sorted(generations) == [1, 2, 3]


def test_the_same_seed_gives_the_same_wishes() -> None:
    wishes = [
        [crowd(seed).order(Quoter(1, small.trader_key(1), KEY), PUBLIC).price for _ in range(2)]
        for seed in (1, 1, 2)
    ]
    assert wishes[0] == wishes[1] != wishes[2]


def test_a_quoter_does_not_show_its_key() -> None:
    assert repr(Quoter(7, small.trader_key(7), KEY)) == "Quoter(7)"


class Door:
    """A venue that has the accounts which it knows, and answers as one does over HTTP."""

    def __init__(self) -> None:
        self.known: set[int] = set()
        self.came: list[list[tuple[type, int]]] = []

    def request(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        assert (method, path) == ("POST", "/v1/envelopes") and body is not None
        places = range(0, len(body), ENVELOPE_BYTES)
        self.came.append([])
        return {"answers": [self._item(body[i : i + ENVELOPE_BYTES]) for i in places]}

    def _item(self, envelope: bytes) -> dict[str, str]:
        opened = OPENING.open(envelope, PUBLIC.to, PUBLIC.closes_at)
        action = opened.action()
        assert isinstance(action, ViewingKeyAction | OrderAction)
        if isinstance(action, ViewingKeyAction):
            assert action.key == viewing_key_to_bytes(KEY)
        self.came[-1].append((type(action), action.account))
        record: dict[str, object] = {"v": 2, "rows": [], "more": False}
        if action.account not in self.known:
            record["reason"] = "account-missing"
        sealed = seal_action_answer(json.dumps(record).encode(), opened.answering)
        return {"outcome": "received", "sealed": base64.b64encode(sealed).decode()}


def test_each_tells_its_viewing_key_before_its_order_until_the_venue_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = Door()
    quoters = [Quoter(account, small.trader_key(account), KEY) for account in (1, 3)]
    found = Crowd("127.0.0.1", 1, quoters, 1)
    monkeypatch.setattr(found, "_look", lambda: PUBLIC)
    monkeypatch.setattr(found, "_request", door.request)
    keys = [(ViewingKeyAction, 1), (ViewingKeyAction, 3)]
    orders = [(OrderAction, 1), (OrderAction, 3)]
    for known in (set[int](), {3}, {1, 3}, {1, 3}):
        door.known = known
        assert found.round() == ["received", "received"]
    assert door.came == [keys, orders, keys, orders, keys[:1], orders, orders]
