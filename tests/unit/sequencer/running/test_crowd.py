"""The crowd's orders: near the price, within a trader's means, in slots that are free again."""

from rollup.crypto.envelope import Destination, OpeningKey
from rollup.protocol.constants import SLOT_BITS
from rollup.protocol.order import Side, TimeInForce
from sequencer.running.accounts import DOLLARS, USDC
from sequencer.running.crowd import LASTS_MS, NOTIONAL, SPREAD, Crowd, Public, Quoter
from tests.helpers import venue as small

PUBLIC = Public(
    key=OpeningKey.generate().sealing_key(),
    to=Destination(small.CHAIN, small.VENUE),
    closes_at=small.START,
    interval_ms=1_000,
    prices=(600_000, 250_000),
)


def crowd(seed: int) -> Crowd:
    return Crowd("127.0.0.1", 1, [Quoter(1, small.trader_key(1))], seed)


def test_orders_quote_away_from_the_price_or_take_beyond_it() -> None:
    quoter, found = Quoter(1, small.trader_key(1)), crowd(1)
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
    daring, found = Quoter(3, small.trader_key(3), dares=True), crowd(1)
    orders = [found.order(daring, PUBLIC) for _ in range(100)]
    assert {order.time_in_force for order in orders} == {TimeInForce.IMMEDIATE_OR_CANCEL}
    assert {(order.market, order.side) for order in orders} == {(0, Side.BUY), (1, Side.SELL)}


def test_no_order_of_a_trader_has_the_name_of_another() -> None:
    quoter = Quoter(1, small.trader_key(1))
    names = [quoter.next_slot() for _ in range(3 << SLOT_BITS)]
    assert len(set(names)) == len(names)
    for slot in range(1 << SLOT_BITS):
        generations = [generation for each, generation in names if each == slot]
        assert generations == sorted(generations) == [1, 2, 3]


def test_the_same_seed_gives_the_same_wishes() -> None:
    wishes = [
        [crowd(seed).order(Quoter(1, small.trader_key(1)), PUBLIC).price for _ in range(2)]
        for seed in (1, 1, 2)
    ]
    assert wishes[0] == wishes[1] != wishes[2]


def test_a_quoter_does_not_show_its_key() -> None:
    assert repr(Quoter(7, small.trader_key(7))) == "Quoter(7)"
