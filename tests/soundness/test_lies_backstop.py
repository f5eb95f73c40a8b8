"""Lies about the backstop's orders: that they spend what it has, or that they are somebody else's.

What the rules say of them is in tests/unit/rollup/protocol/test_backstop_orders.py.
"""

from dataclasses import replace

import pytest

from circuits.statement.replay import replay
from circuits.tables.records import Records
from rollup.protocol import by_order
from rollup.protocol.batch import Batch
from rollup.protocol.order import Side
from rollup.protocol.outcome import Outcome
from rollup.protocol.rejection import Reason
from tests.helpers.fallen import BACKSTOP, LONG, RICH, SHORT, Fallen, fallen
from tests.helpers.lies import SIGNATURE, Liar, forge
from tests.helpers.statement import claims_broken_in
from tests.helpers.venue import BTC, BTC_PRICE, ETH, ETH_PRICE, ByOrder, Match, buy, real, sell

NAMED = {"header.opened", "account.header-opened"}
"""The account's row alone knows whether it is the backstop's."""

OWED = 4_200
"""Lots of ETH that the backstop owes."""


@pytest.fixture(scope="module")
def ready() -> Fallen:
    """The backstop has lots of BTC, and owes lots of ETH."""
    place = fallen(real())
    owes = place.takeover(SHORT, OWED, place.equity(SHORT))
    place.venue.run(place.batch(place.takeover(LONG, place.needed(LONG)), owes))
    return place


@pytest.fixture
def place(ready: Fallen) -> Fallen:
    ready.venue.prices = (BTC_PRICE, ETH_PRICE)
    return ready


@pytest.fixture
def liar(place: Fallen, monkeypatch: pytest.MonkeyPatch) -> Liar:
    return Liar(place.venue, monkeypatch)


def trade(liar: Liar, side: Side, size: int, price: int, market: int) -> Batch:
    """The backstop's order meets a friend's; it says nothing of reducing."""
    mine, theirs = (buy, sell) if side is Side.BUY else (sell, buy)
    order = mine(BACKSTOP, size, 2**29 if side is Side.BUY else 1, slot=5, market=market)
    friend = theirs(RICH, size, price, slot=6, market=market)
    pair = (order, friend) if side is Side.BUY else (friend, order)
    return liar.venue.batch(matches=[Match(*pair, size, price)])


@pytest.mark.parametrize("away", [0, 1_000])
def test_honest_orders_break_nothing(liar: Liar, away: int) -> None:
    assert liar.claims(trade(liar, Side.SELL, 10, BTC_PRICE + away, BTC)) == set()
    assert liar.claims(trade(liar, Side.BUY, OWED, ETH_PRICE - away, ETH)) == set()


@pytest.mark.parametrize(
    ("side", "market", "price"),
    [(Side.SELL, BTC, BTC_PRICE - 1), (Side.BUY, ETH, ETH_PRICE + 1)],
    ids=["it sells", "it buys"],
)
def test_on_the_wrong_side_of_the_oracle_price(
    liar: Liar, side: Side, market: int, price: int
) -> None:
    """A friend has the difference, inside the band and the limits of both."""
    batch = trade(liar, side, 10, price, market)
    assert liar.refusal(batch) is Reason.BACKSTOP_PRICE
    liar.blind("require_backstop_order", by_order)
    assert liar.claims(batch) == {"fill.band"}


@pytest.mark.parametrize(
    ("side", "market", "size"),
    [
        (Side.BUY, BTC, 1),
        (Side.SELL, ETH, 1),
        (Side.SELL, BTC, 3_000),
        (Side.BUY, ETH, OWED + 1),
    ],
    ids=["a long grows", "a short grows", "a long flips", "a short flips"],
)
def test_that_grow_or_flip_what_it_holds(liar: Liar, side: Side, market: int, size: int) -> None:
    batch = trade(liar, side, size, (BTC_PRICE, ETH_PRICE)[market], market)
    assert liar.refusal(batch) is Reason.REDUCE_ONLY
    liar.blind("require_backstop_order", by_order)
    assert liar.claims(batch) == {"fill.reduce-only"}


def test_that_nobody_signed(liar: Liar) -> None:
    batch = trade(liar, Side.SELL, 10, BTC_PRICE, BTC)
    other = next(each.signature for each in batch.orders if each.order.account == RICH)
    orders = tuple(
        replace(each, signature=other) if each.order.account == BACKSTOP else each
        for each in batch.orders
    )
    lie = replace(batch, orders=orders)
    assert liar.refusal(lie) is Reason.ORDER_SIGNATURE
    liar.venue.suite = replace(liar.venue.suite, verify_many=lambda keys, *_: [True] * len(keys))
    try:
        assert liar.claims(lie) == SIGNATURE
    finally:
        liar.venue.suite = real()


def test_that_meet_each_other(liar: Liar) -> None:
    """Its volume would make a price, for fees alone."""
    terms = {"price": BTC_PRICE}
    match = Match(buy(BACKSTOP, 10, slot=6, **terms), sell(BACKSTOP, 10, slot=5, **terms), 10)
    batch = liar.venue.batch(matches=[match])
    assert liar.refusal(batch) is Reason.SELF_TRADE
    liar.blind("require_pair")
    liar.blind("require_backstop_order", by_order)
    assert "fill.distinct-accounts" in liar.claims(batch)


def test_that_take_of_the_liquidated(place: Fallen, liar: Liar) -> None:
    """At a price, and not for its fee."""
    place.venue.prices = (590_000, ETH_PRICE)
    lots = place.needed(LONG)
    order = buy(BACKSTOP, lots, 590_000, slot=5)
    batch = liar.venue.batch(by_orders=[ByOrder(order, LONG, lots, 590_000)])
    assert liar.refusal(batch) is Reason.BACKSTOP_SIGNED
    liar.blind("require_no_backstop_order", by_order)
    assert {"fill.backstop-takes-not"} <= liar.claims(batch)


def misnamed(outcome: Outcome, account: int) -> Records:
    """The records of a batch whose backstop were another account, but for the accounts' own."""
    public = outcome.public
    governance = forge(public.governance, backstop_account=account)
    other = replay(forge(outcome, public=forge(public, governance=governance)))
    return replace(other, account=replay(outcome).account)


def test_that_pass_for_anybodys(liar: Liar) -> None:
    """Then they may take risk, at any price in the band."""
    batch = trade(liar, Side.BUY, 10, BTC_PRICE + 5, BTC)
    liar.blind("require_backstop_order", by_order)
    outcome = liar.outcome(batch)
    assert claims_broken_in(misnamed(outcome, SHORT), outcome.public) == NAMED


def test_that_are_somebodys(liar: Liar) -> None:
    """A trader who may only reduce, at the oracle's price."""
    place = liar.venue.batch(
        matches=[
            Match(
                buy(RICH, 10, slot=6, price=BTC_PRICE),
                sell(LONG, 10, slot=6, price=BTC_PRICE),
                10,
                BTC_PRICE,
            )
        ]
    )
    outcome = liar.outcome(place)
    assert claims_broken_in(misnamed(outcome, LONG), outcome.public) == NAMED


def test_it_takes_lots_where_it_reduced(place: Fallen, liar: Liar) -> None:
    """No lie: fills come before takeovers, and what it takes is not its orders'."""
    place.venue.prices = (590_000, ETH_PRICE)
    match = Match(buy(RICH, 10, 590_000, slot=6), sell(BACKSTOP, 10, 1, slot=5), 10, 590_000)
    takeover = place.takeover(LONG, place.needed(LONG))
    assert liar.claims(liar.venue.batch(matches=[match], takeovers=[takeover])) == set()
