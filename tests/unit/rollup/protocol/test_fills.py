"""Each lie about a fill is refused, with its own reason."""

from dataclasses import replace

import pytest

from rollup.protocol.batch import Batch, Fill
from rollup.protocol.constants import CASH_LIMIT, POSITION_LIMIT, SIZE_BITS
from rollup.protocol.order import PEG_BIAS, Side
from rollup.protocol.rejection import Reason
from rollup.protocol.slot import SlotState
from rollup.protocol.trade import fee
from tests.helpers.oracle import oracle_terms
from tests.helpers.venue import (
    BTC,
    BTC_MARKET,
    BTC_PRICE,
    ETH,
    ETH_PRICE,
    GOVERNANCE,
    USDC,
    Match,
    Venue,
    buy,
    credit,
    genesis,
    held,
    refusal,
    sell,
)

RICH = 1_000_000 * USDC


@pytest.fixture
def venue() -> Venue:
    return Venue().with_traders(RICH, RICH, RICH)


def with_fill(batch: Batch, **changes: object) -> Batch:
    fill = replace(batch.fills[0], **changes)  # type: ignore[arg-type]
    return replace(batch, fills=(fill, *batch.fills[1:]))


def test_a_fill_moves_size_one_way_and_its_notional_the_other(venue: Venue) -> None:
    outcome = venue.run(venue.batch(matches=[Match(buy(1, 1000), sell(2, 700), 500)]))
    step = outcome.steps.fills[0]
    assert step.notional == 500 * BTC_PRICE
    assert (step.buyer.fee, step.seller.fee) == (150_000, 30_000)
    assert venue.state.accounts[1].positions == held(500)
    assert venue.state.accounts[2].positions == held(-500)
    assert venue.state.accounts[1].cash == RICH - step.notional - 150_000
    assert venue.state.accounts[2].cash == RICH + step.notional - 30_000
    assert venue.state.accounts[0].cash == 180_000
    assert step.timestamp == 66


def test_the_maker_rate_is_the_other_sides(venue: Venue) -> None:
    match = Match(buy(1, 10), sell(2, 10), 10, taker=Side.SELL)
    step = venue.apply(venue.batch(matches=[match])).steps.fills[0]
    assert (step.buyer.fee_rate, step.seller.fee_rate) == (100, 500)


def test_an_order_fills_in_parts_across_batches(venue: Venue) -> None:
    order = buy(1, 1000)
    for number, size in enumerate((400, 600)):
        venue.run(venue.batch(matches=[Match(order, sell(2, size, generation=1 + number), size)]))
    assert venue.state.slot(1, 0) == SlotState(2)


def test_an_order_filled_past_its_size_is_refused(venue: Venue) -> None:
    batch = venue.batch(matches=[Match(buy(1, 1000), sell(2, 2000), 1001)])
    assert venue.refusal(batch) is Reason.OVERFILLED


def test_an_order_overfilled_by_the_sum_of_its_fills_is_refused(venue: Venue) -> None:
    order = buy(1, 1000)
    matches = [Match(order, sell(2, 600), 600), Match(order, sell(3, 600), 600)]
    assert venue.refusal(venue.batch(matches=matches)) is Reason.OVERFILLED


@pytest.mark.parametrize("size", [1000, 400])
def test_a_signature_is_used_in_one_batch(venue: Venue, size: int) -> None:
    batch = venue.batch(matches=[Match(buy(1, 1000), sell(2, 1000), size)])
    venue.run(batch)
    again = venue.assemble((), batch.orders, batch.fills)
    assert venue.refusal(again) is Reason.GENERATION_DEAD


@pytest.mark.parametrize(
    ("buy_limit", "sell_limit"), [(BTC_PRICE - 1, BTC_PRICE - 1), (BTC_PRICE + 1, BTC_PRICE + 1)]
)
def test_a_price_outside_a_limit_is_refused(venue: Venue, buy_limit: int, sell_limit: int) -> None:
    match = Match(buy(1, 10, buy_limit), sell(2, 10, sell_limit), 10)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.PRICE_OUTSIDE_LIMIT


@pytest.mark.parametrize("price", [576_000 - 1, 624_000 + 1])
def test_a_price_outside_the_band_is_refused(venue: Venue, price: int) -> None:
    match = Match(buy(1, 10, 700_000), sell(2, 10, 500_000), 10, price)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.PRICE_OUTSIDE_BAND


@pytest.mark.parametrize("price", [576_000, 624_000])
def test_the_edges_of_the_band_are_fair(venue: Venue, price: int) -> None:
    match = Match(buy(1, 10, 700_000), sell(2, 10, 500_000), 10, price)
    assert venue.apply(venue.batch(matches=[match])).steps.fills[0].fill.price == price


def test_an_order_is_in_time_until_the_end_of_its_last_window(venue: Venue) -> None:
    end = venue.state.globals.time + 1000
    venue.apply(venue.batch(matches=[Match(buy(1, 10, expiry=end), sell(2, 10), 10)]))
    late = venue.batch(matches=[Match(buy(1, 10, expiry=end - 1), sell(2, 10), 10)])
    assert venue.refusal(late) is Reason.ORDER_EXPIRED


@pytest.mark.parametrize(("taker_cap", "maker_cap"), [(499, 1000), (1000, 99)])
def test_a_fee_above_its_signed_cap_is_refused(
    venue: Venue, taker_cap: int, maker_cap: int
) -> None:
    match = Match(buy(1, 10, max_fee=taker_cap), sell(2, 10, max_fee=maker_cap), 10)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.FEE_ABOVE_CAP


@pytest.mark.parametrize("size", [0, -1, 1 << SIZE_BITS])
def test_no_fill_and_no_order_has_zero_negative_or_huge_size(size: int) -> None:
    fill = Fill(0, 1, BTC_PRICE, 1, Side.BUY)
    assert refusal(lambda: replace(fill, size=size)) is Reason.SIZE_OUT_OF_BOUNDS
    assert refusal(lambda: buy(1, size)) is Reason.SIZE_OUT_OF_BOUNDS


@pytest.mark.parametrize("price", [0, -1, 1 << 30])
def test_no_fill_and_no_order_has_zero_negative_or_huge_price(price: int) -> None:
    fill = Fill(0, 1, BTC_PRICE, 1, Side.BUY)
    assert refusal(lambda: replace(fill, price=price)) is Reason.PRICE_OUT_OF_BOUNDS
    assert refusal(lambda: buy(1, 1, price)) is Reason.PRICE_OUT_OF_BOUNDS


def test_an_account_trading_with_itself_is_refused(venue: Venue) -> None:
    match = Match(buy(1, 10), sell(1, 10, slot=1), 10)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.SELF_TRADE


def test_two_buys_do_not_meet(venue: Venue) -> None:
    match = Match(buy(1, 10), buy(2, 10), 10)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.SIDES


def test_orders_of_two_markets_do_not_meet(venue: Venue) -> None:
    match = Match(buy(1, 10), sell(2, 10, market=ETH, price=ETH_PRICE), 10)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKETS_DIFFER


@pytest.mark.parametrize("market", [2, 63, 64, 2**16 - 1])
def test_nothing_trades_in_a_market_that_governance_does_not_list(
    venue: Venue, market: int
) -> None:
    match = Match(buy(1, 10, 1, market=market), sell(2, 10, 1, market=market), 10, 1)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.MARKET_ABSENT


def test_a_fill_names_orders_that_exist(venue: Venue) -> None:
    batch = venue.batch(matches=[Match(buy(1, 10), sell(2, 10), 10)])
    fills = (*batch.fills, replace(batch.fills[0], sell=2))
    assert venue.refusal(replace(batch, fills=fills)) is Reason.ORDER_UNKNOWN


def test_a_notional_of_2_to_the_52_is_refused(venue: Venue) -> None:
    size = (1 << 52) // BTC_PRICE + 1
    batch = venue.batch(matches=[Match(buy(1, size), sell(2, size), size)])
    assert venue.refusal(batch) is Reason.NOTIONAL_OUT_OF_BOUNDS


def test_a_position_may_not_leave_its_bounds() -> None:
    prices = (1024, 1024)
    fine = replace(
        GOVERNANCE,
        markets=tuple(replace(market, bucket=1) for market in GOVERNANCE.markets),
        oracle=oracle_terms(("BTC", "ETH"), prices),
    )
    venue = Venue(genesis=genesis(fine, prices), prices=prices)
    venue.with_traders(2**61, 2**61)
    size, price = POSITION_LIMIT - 1, 1024
    first = Match(buy(1, size, price), sell(2, size, price), size, price)
    venue.run(venue.batch(matches=[first]))
    more = Match(buy(1, 1, price, generation=2), sell(2, 1, price, generation=2), 1, price)
    assert venue.refusal(venue.batch(matches=[more])) is Reason.POSITION_OUT_OF_BOUNDS


def test_cash_may_not_leave_its_bounds(venue: Venue) -> None:
    first = 2**62 - 1
    rest = CASH_LIMIT - 1 - RICH - first
    venue.run(venue.batch([credit(3, 2, first), credit(4, 2, rest)]))
    assert venue.state.accounts[2].cash == CASH_LIMIT - 1
    match = Match(buy(1, 1), sell(2, 1), 1)
    assert venue.refusal(venue.batch(matches=[match])) is Reason.CASH_OUT_OF_BOUNDS


@pytest.mark.parametrize(
    ("amount", "rate", "charged"),
    [(0, 500, 0), (1, 0, 0), (1, 1, 1), (2000, 500, 1), (2001, 500, 2), (10**6, 8191, 8191)],
)
def test_a_fee_is_rounded_up(amount: int, rate: int, charged: int) -> None:
    assert fee(amount, rate) == charged


def test_both_sides_pay_fees_of_one_notional_whatever_its_rounding(venue: Venue) -> None:
    step = venue.apply(venue.batch(matches=[Match(buy(1, 1), sell(2, 1), 1)])).steps.fills[0]
    moved = [side.cash_after - side.cash_before for side in (step.buyer, step.seller)]
    assert sum(moved) == -(step.buyer.fee + step.seller.fee)
    assert (step.buyer.fee, step.seller.fee) == (300, 60)


@pytest.mark.parametrize("price", [0, 1 << 20])
def test_a_pegged_order_has_an_offset_of_20_bits(price: int) -> None:
    order = buy(1, 1, 600_000)
    assert refusal(lambda: replace(order, pegged=True, price=price)) is Reason.PRICE_OUT_OF_BOUNDS


def test_a_pegged_limit_follows_the_oracle(venue: Venue) -> None:
    bid = buy(1, 1, PEG_BIAS - 5, pegged=True)
    assert bid.limit(BTC_PRICE) == BTC_PRICE - 5
    worse = Match(bid, sell(2, 1, 1), 1, BTC_PRICE - 4)
    assert venue.refusal(venue.batch(matches=[worse])) is Reason.PRICE_OUTSIDE_LIMIT
    venue.run(venue.batch(matches=[replace(worse, price=BTC_PRICE - 5)]))
    offer = sell(2, 1, PEG_BIAS + 5, pegged=True, generation=2)
    worse = Match(buy(1, 1, 2**30 - 1, generation=2), offer, 1, BTC_PRICE + 4)
    assert venue.refusal(venue.batch(matches=[worse])) is Reason.PRICE_OUTSIDE_LIMIT
    venue.run(venue.batch(matches=[replace(worse, price=BTC_PRICE + 5)]))


def test_a_reduce_only_order_never_grows_a_position_and_never_flips_it(venue: Venue) -> None:
    venue.run(venue.batch(matches=[Match(buy(1, 10), sell(2, 10), 10)]))
    out = sell(1, 20, generation=2, reduce_only=True)
    into = buy(3, 20, generation=2)
    flips = venue.batch(matches=[Match(into, out, 11)])
    assert venue.refusal(flips) is Reason.REDUCE_ONLY
    twice = venue.batch(matches=[Match(into, out, 10), Match(into, out, 1)])
    assert venue.refusal(twice) is Reason.REDUCE_ONLY
    grows = venue.batch(matches=[Match(buy(1, 1, generation=2, reduce_only=True), sell(3, 1), 1)])
    assert venue.refusal(grows) is Reason.REDUCE_ONLY
    venue.run(venue.batch(matches=[Match(into, out, 4), Match(into, out, 6)]))
    assert not venue.state.accounts[1].positions.held


def test_what_grows_is_at_least_the_least_order() -> None:
    wholesale = replace(BTC_MARKET, least_order=10)
    governance = replace(GOVERNANCE, markets=(wholesale, *GOVERNANCE.markets[1:]))
    venue = Venue(genesis=genesis(governance)).with_traders(RICH, RICH, RICH)

    def traded(buyer: int, seller: int, size: int) -> Batch:
        generation = venue.state.globals.number
        orders = (
            buy(buyer, size, generation=generation),
            sell(seller, size, generation=generation),
        )
        return venue.batch(matches=[Match(*orders, size)])

    assert venue.refusal(traded(1, 2, 9)) is Reason.LEAST_ORDER
    venue.run(traded(1, 2, 10))
    venue.run(traded(3, 1, 10))
    venue.run(traded(2, 3, 3))
    assert venue.state.accounts[3].positions[BTC] == 7
    assert venue.refusal(traded(3, 2, 1)) is Reason.LEAST_ORDER
    venue.run(traded(2, 3, 7))
    venue.run(traded(3, 2, 10))
    assert venue.refusal(traded(2, 3, 13)) is Reason.LEAST_ORDER
