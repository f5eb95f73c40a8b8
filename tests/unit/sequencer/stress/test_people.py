"""Simulated traders: as much leverage as they want and get, the same again from the same seed."""

from math import log
from random import Random

from rollup.crypto.batched import generate_secrets
from rollup.protocol.holding import Holding
from rollup.protocol.margin import margin_refusal
from rollup.protocol.order import PEG_BIAS, Side
from rollup.protocol.positions import NO_POSITIONS, Positions
from sequencer.demo.market.trader import Trader
from sequencer.stress.people import (
    ACTS_EVERY,
    CAPITALS,
    LEVERAGES,
    QUANTA,
    Population,
    capital_of,
)
from tests.helpers.market_books import terms_at
from tests.strategies import venues

TIME = venues.START_MS + 60_000
TERMS = terms_at(venues.PRICES, venues.GOVERNANCE)
MARKETS = venues.GOVERNANCE.markets
HERE = (venues.CHAIN, venues.VENUE)
(SECRET,) = generate_secrets(1)


def people(count: int = 40, seed: int = 3) -> Population:
    random = Random(seed)
    everybody = [
        Trader(account, bytes(20), SECRET, capital_of(random)) for account in range(1, count + 3)
    ]
    return Population(everybody[:count], everybody[count:], MARKETS, seed)


def cash_of(found: Population) -> dict[int, Holding]:
    return {
        each.account: Holding(each.capital, NO_POSITIONS)
        for each in (*found.traders, *found.makers)
    }


def test_leverage_and_capital_spread_evenly_over_the_logarithm() -> None:
    found = people(2_000)
    low, high = LEVERAGES
    wanted = [habits.leverage for habits in found.habits.values()]
    assert low <= min(wanted) and max(wanted) <= high
    middle = (low * high) ** 0.5
    assert 900 < sum(each < middle for each in wanted) < 1_100
    capitals = [trader.capital / QUANTA for trader in found.traders]
    assert CAPITALS[0] - 1 <= min(capitals) and max(capitals) <= CAPITALS[1]
    assert abs(sum(map(log, capitals)) / 2_000 - log(10_000)) < 0.2


def test_makers_bid_for_the_liquidated_once_in_half_an_hour() -> None:
    found = people()
    found.bids = 5_000
    sent = []
    for minute in range(62):
        time = TIME + minute * 60_000
        orders = found.orders(time, TERMS, cash_of(found), HERE, 0)
        sent.append([order for order in orders if order.pegged])
    assert [minute for minute, orders in enumerate(sent) if orders] == [0, 31]
    assert len(sent[0]) == len(found.makers) * 2 * len(MARKETS)
    for order in sent[0]:
        price, away = TERMS[order.market].price, order.price - PEG_BIAS
        fee = TERMS[order.market].liquidation_fee
        assert away == (-(fee // 8) if order.side is Side.BUY else fee // 8)
        assert 5_000 * QUANTA - price < order.size * price <= 5_000 * QUANTA
        assert order.when_clamped and order.expiry == TIME + 30 * 60_000


def test_everybody_opens_once_within_the_room_and_within_margin() -> None:
    found = people()
    holdings = cash_of(found)
    first = found.orders(TIME, TERMS, holdings, HERE, 20)
    takers = [order for order in first if not order.post_only]
    assert 0 < len(takers) <= 20 and len(found.waiting) > 0
    while found.waiting:
        takers += [o for o in found.orders(TIME, TERMS, holdings, HERE, 20) if not o.post_only]
    accounts = {order.account for order in takers}
    assert len({(order.account, order.market) for order in takers}) == len(takers)
    assert accounts <= {trader.account for trader in found.traders}
    for account in accounts:
        after = opened(holdings[account], [o for o in takers if o.account == account])
        assert margin_refusal(holdings[account], after, TERMS) is None


def opened(before: Holding, orders: list[object]) -> Holding:
    cash, held = before.cash, {}
    for order in orders:
        sign = 1 if order.side is Side.BUY else -1  # type: ignore[attr-defined]
        market, size = order.market, order.size  # type: ignore[attr-defined]
        cash -= sign * size * order.price + size * order.price * 450 // 10**6 + 1  # type: ignore[attr-defined]
        held[market] = sign * size
    return Holding(cash, Positions(tuple(sorted(held.items()))))


def test_makers_quote_what_is_wanted_on_each_side() -> None:
    found = people()
    orders = found.orders(TIME, TERMS, cash_of(found), HERE, 60)
    for market in range(2):
        for side, other in ((Side.BUY, Side.SELL), (Side.SELL, Side.BUY)):
            in_market = [each for each in orders if each.market == market]
            wanted = sum(o.size for o in in_market if not o.post_only and o.side is side)
            quoted = sum(o.size for o in in_market if o.post_only and o.side is other)
            assert wanted <= quoted <= wanted + 2
    quotes = [order for order in orders if order.post_only]
    bids = [o.price for o in quotes if o.market == 0 and o.side is Side.BUY]
    asks = [o.price for o in quotes if o.market == 0 and o.side is Side.SELL]
    assert max(bids) < venues.PRICES[0] < min(asks)


def test_who_holds_something_reduces_it_and_never_flips() -> None:
    found = people()
    holdings = cash_of(found)
    while found.waiting:
        found.orders(TIME, TERMS, holdings, HERE, 60)
    held = Holding(10**9, Positions(((0, 7), (1, -9))))
    everywhere = {account: held for account in holdings}
    changes = [
        order
        for _ in range(ACTS_EVERY // 2)
        for order in found.orders(TIME, TERMS, everywhere, HERE, 60)
        if not order.post_only
    ]
    assert changes
    for order in changes:
        size = held.positions[order.market]
        assert order.side is (Side.SELL if size > 0 else Side.BUY) and order.size <= abs(size)


def test_the_same_seed_gives_the_same_orders() -> None:
    one, other = people(), people()
    assert one.orders(TIME, TERMS, cash_of(one), HERE, 30) == other.orders(
        TIME, TERMS, cash_of(other), HERE, 30
    )
