"""Assets as collateral at the venue: what leaves, what is bought, what is given, what is taken."""

from dataclasses import replace

import pytest

from rollup.protocol.holding import Holding
from rollup.protocol.positions import Positions
from rollup.protocol.rejection import Reason
from sequencer.engine.command import Submit
from sequencer.engine.event import OrderEnded, OrderRefused, OutflowPaid, VenueReason
from sequencer.engine.liquidation import Taking, takings
from tests.helpers.assets import WBTC, WBTC_MARK, WETH
from tests.helpers.collateral import COLLATERAL_MARKETS, COLLATERAL_ORACLE, COLLATERAL_PRICES
from tests.helpers.market_books import terms_at
from tests.helpers.venue import (
    BTC,
    BTC_PRICE,
    GOVERNANCE,
    USDC,
    buy,
    credit,
    sell,
    transfer,
    withdraw,
)
from tests.unit.sequencer.engine.test_payments import KEYS, Running, refused

GOVERNED = replace(GOVERNANCE, markets=COLLATERAL_MARKETS, oracle=COLLATERAL_ORACLE)
TERMS = terms_at(COLLATERAL_PRICES, GOVERNED)
RICH = 10**6 * USDC
LOTS = 20_000
"""Of the asset: 12,000 dollars, of which 8,400 count over initial margin."""


@pytest.fixture
def venue() -> Running:
    """Accounts 1 and 2 with a million dollars, account 3 with a thousand and the asset."""
    found = Running(RICH, RICH, 1000 * USDC, governance=GOVERNED, prices=COLLATERAL_PRICES)
    found.open([credit(found.machine.core.deposits_consumed, 3, LOTS, WBTC_MARK)])
    found.close()
    return found


def trade(venue: Running, buyer: int, seller: int, size: int, market: int = BTC) -> list[object]:
    """Two orders that meet, the seller's first; what became of the buyer's."""
    terms = {"market": market, "slot": 20 + market}
    venue.machine.do(Submit(KEYS.signed(sell(seller, size, **terms))))
    return list(venue.machine.do(Submit(KEYS.signed(buy(buyer, size, **terms)))).events)


def margined(venue: Running, dollars: int = 40_000) -> None:
    """Account 3 buys a perpetual of so many dollars."""
    venue.open()
    trade(venue, 3, 1, dollars * USDC // BTC_PRICE)
    venue.close()


def test_dollars_leave_only_above_what_the_position_needs_without_the_asset(venue: Running) -> None:
    margined(venue)
    venue.open()
    venue.ask(withdraw(3, 1))
    assert refused(venue.close().events) is Reason.MARGIN


def test_lots_leave_as_long_as_the_rest_carries_the_position(venue: Running) -> None:
    margined(venue)
    venue.open()
    venue.ask(withdraw(3, LOTS // 4, asset=WBTC_MARK))
    venue.ask(withdraw(3, 1, slot=10))
    events = venue.close().events
    assert isinstance(events[0], OutflowPaid) and refused(events) is Reason.MARGIN


def test_lots_and_dollars_of_one_account_are_judged_together(venue: Running) -> None:
    """Whoever has taken dollars out takes lots out only above initial margin without the rest."""
    venue.open()
    trade(venue, 3, 1, 5_000 * USDC // BTC_PRICE)
    venue.close()
    venue.open()
    venue.ask(withdraw(3, 400 * USDC))
    venue.ask(withdraw(3, LOTS, slot=10, asset=WBTC_MARK))
    events = venue.close().events
    assert [type(each) for each in events[:-1]] == [OutflowPaid] * 2


def test_an_asset_is_bought_above_initial_margin_alone(venue: Running) -> None:
    venue.open([credit(venue.machine.core.deposits_consumed, 1, LOTS, WBTC_MARK)])
    trade(venue, 3, 2, 88_000 * USDC // BTC_PRICE)
    events = trade(venue, 3, 1, 4_000, WBTC)
    (told,) = [each for each in events if isinstance(each, OrderRefused | OrderEnded)]
    assert told.reason is Reason.MARGIN
    venue.close()


def test_an_asset_that_was_brought_in_the_batch_bars_no_other_trade(venue: Running) -> None:
    """Who is below initial margin and gets lots of his may still reduce what he holds."""
    margined(venue, 93_000)
    falls = (580_000, *COLLATERAL_PRICES[1:])
    venue.open([credit(venue.machine.core.deposits_consumed, 3, 5, WBTC_MARK)], falls)
    terms = {"slot": 30, "price": 580_000}
    venue.machine.do(Submit(KEYS.signed(buy(1, 1_000, **terms))))
    events = venue.machine.do(Submit(KEYS.signed(sell(3, 1_000, **terms)))).events
    assert any(isinstance(e, OrderEnded) and e.reason is VenueReason.FILLED for e in events)
    assert venue.close().closed is not None


def test_a_gift_of_lots_is_no_risk_of_who_gets_it(venue: Running) -> None:
    margined(venue, 93_000)
    venue.open([credit(venue.machine.core.deposits_consumed, 1, 50, WBTC_MARK)])
    venue.ask(transfer(1, 3, 7, asset=WBTC_MARK))
    assert isinstance(venue.close().events[0], OutflowPaid)


def test_what_counts_for_nothing_is_not_taken_of_who_is_exhausted() -> None:
    """All that counts goes, for what is left; a token that does not stays."""
    worth = 100 * BTC_PRICE
    held = Holding(-worth + 5, Positions(((BTC, 100), (WETH, 9))))
    assert takings(held, TERMS) == (Taking(BTC, 100, 5),)


def test_the_asset_goes_first_where_its_lots_relieve_most() -> None:
    held = Holding(-90_000 * USDC, Positions(((BTC, 1_000), (WBTC, 200_000))))
    missing = 90_000 * USDC - 200_000 * TERMS[WBTC].long_maintenance
    assert missing < 0, "it is healthy"
    poor = Holding(-103_000 * USDC, held.positions)
    (taking,) = takings(poor, TERMS)
    assert taking.market == WBTC and taking.fee == taking.size * TERMS[WBTC].liquidation_fee
