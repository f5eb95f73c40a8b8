"""Orders of the backstop: they reduce, at the oracle's price or a better one, and that is all."""

from dataclasses import replace

import pytest

from rollup.protocol.batch import Batch
from rollup.protocol.order import Side
from rollup.protocol.rejection import Reason
from tests.helpers.fallen import BACKSTOP, LONG, RICH, SHORT, WELL, Fallen, fallen
from tests.helpers.venue import BTC, BTC_PRICE, ETH, ETH_PRICE, ByOrder, Match, Venue, buy, sell


def held(venue: Venue, account: int, market: int = BTC) -> int:
    return venue.state.accounts[account].positions[market]


@pytest.fixture
def place() -> Fallen:
    """The backstop has lots of BTC, and owes lots of ETH."""
    place = fallen()
    lots, owed = place.needed(LONG), 4_200
    fee = place.equity(SHORT)
    place.venue.run(place.batch(place.takeover(LONG, lots), place.takeover(SHORT, owed, fee)))
    assert held(place.venue, BACKSTOP) == lots and held(place.venue, BACKSTOP, ETH) == -owed
    return place


def trade(
    place: Fallen, side: Side, size: int, price: int, market: int = BTC, other: int = RICH
) -> Batch:
    """The backstop's order meets another one at a price."""
    mine, theirs = (buy, sell) if side is Side.BUY else (sell, buy)
    limit = 2**29 if side is Side.BUY else 1
    order = mine(BACKSTOP, size, limit, slot=5, market=market)
    match = theirs(other, size, price, slot=6, market=market)
    pair = (order, match) if side is Side.BUY else (match, order)
    return place.venue.batch(matches=[Match(*pair, size, price)])


@pytest.mark.parametrize("better", [0, 1, 10_000])
def test_it_sells_what_it_has_at_the_oracle_price_or_above(place: Fallen, better: int) -> None:
    before = held(place.venue, BACKSTOP)
    place.venue.run(trade(place, Side.SELL, 100, BTC_PRICE + better))
    assert held(place.venue, BACKSTOP) == before - 100


@pytest.mark.parametrize("better", [0, 1, 4_000])
def test_it_buys_back_what_it_owes_at_the_oracle_price_or_below(place: Fallen, better: int) -> None:
    place.venue.run(trade(place, Side.BUY, 1_000, ETH_PRICE - better, ETH, WELL))
    assert held(place.venue, BACKSTOP, ETH) == 1_000 - 4_200


@pytest.mark.parametrize(
    ("side", "market", "price"),
    [(Side.SELL, BTC, BTC_PRICE - 1), (Side.BUY, ETH, ETH_PRICE + 1)],
    ids=["it sells", "it buys"],
)
def test_at_a_worse_price_it_trades_nothing(
    place: Fallen, side: Side, market: int, price: int
) -> None:
    batch = trade(place, side, 10, price, market)
    assert place.venue.refusal(batch) is Reason.BACKSTOP_PRICE


@pytest.mark.parametrize(
    ("side", "market", "more"),
    [(Side.BUY, BTC, 1), (Side.SELL, ETH, 1), (Side.SELL, BTC, 10_000), (Side.BUY, ETH, 4_201)],
    ids=["a long grows", "a short grows", "a long flips", "a short flips"],
)
def test_it_only_reduces_whatever_its_order_says(
    place: Fallen, side: Side, market: int, more: int
) -> None:
    price = (BTC_PRICE, ETH_PRICE)[market]
    batch = trade(place, side, more, price, market)
    assert place.venue.refusal(batch) is Reason.REDUCE_ONLY


def test_its_signature_is_asked_for(place: Fallen) -> None:
    batch = trade(place, Side.SELL, 10, BTC_PRICE)
    orders = tuple(
        replace(each, signature=bytes(84)) if each.order.account == BACKSTOP else each
        for each in batch.orders
    )
    assert place.venue.refusal(replace(batch, orders=orders)) is Reason.ORDER_SIGNATURE


def test_it_does_not_meet_itself(place: Fallen) -> None:
    batch = trade(place, Side.SELL, 10, BTC_PRICE, other=BACKSTOP)
    assert place.venue.refusal(batch) is Reason.SELF_TRADE


def test_its_orders_take_nothing_of_the_liquidated(place: Fallen) -> None:
    """It takes for its fee, in takeovers."""
    place.venue.prices = (590_000, ETH_PRICE)
    order = buy(BACKSTOP, 5, 590_000, slot=5)
    batch = place.venue.batch(by_orders=[ByOrder(order, LONG, 5, 590_000)])
    assert place.venue.refusal(batch) is Reason.BACKSTOP_SIGNED


def test_it_takes_lots_in_a_market_in_which_it_reduced(place: Fallen) -> None:
    """Fills come before takeovers: what it takes in the batch its orders do not have yet. It ends
    with more than it had, and may: its initial margin is asked for."""
    venue = place.venue
    venue.prices = (590_000, ETH_PRICE)
    need = place.needed(LONG)
    before = held(venue, BACKSTOP)
    match = Match(buy(RICH, 10, 590_000, slot=6), sell(BACKSTOP, 10, 1, slot=5), 10, 590_000)
    venue.run(venue.batch(matches=[match], takeovers=[place.takeover(LONG, need)]))
    assert held(venue, BACKSTOP) == before - 10 + need > before
